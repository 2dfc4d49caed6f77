public import Inventory

/// Finds everything that a machine has of one inventory type.
///
/// A collector only reads. What it could not read in full it tells by ``Machine/warn(_:)``; where it
/// can say nothing at all, it throws.
public protocol Collector: Sendable {
  /// The type.
  var type: TypeName { get }
  /// The version of the type's schema that the items follow.
  var schemaVersion: String { get }
  /// Whether the type is collected where nobody asks for it by name.
  var isDefault: Bool { get }
  /// Attributes that move by themselves; they are left out of reports, so that they make no change.
  var volatileAttributes: Set<String> { get }
  /// Whether an item comes and goes by itself; such items are left out of reports.
  func isVolatile(_ item: Item) -> Bool
  /// All items of the type now; throws where what it reads is missing or makes no sense.
  func collect(from machine: Machine) throws -> [Item]
}

extension Collector {
  /// `1.0`.
  public var schemaVersion: String { "1.0" }

  /// Yes.
  public var isDefault: Bool { true }

  /// None.
  public var volatileAttributes: Set<String> { [] }

  /// No item does.
  public func isVolatile(_ item: Item) -> Bool { false }
}

/// The collectors there are; a new one is added here and nowhere else.
public enum CollectorTable {
  /// All collectors as they are without a configuration, each of a type of its own.
  public static let all: [any Collector] = [
    ApplicationCollector(),
    NetworkCollector(),
    InstanceInformationCollector(),
    InstanceDetailedInformationCollector(),
    ServiceCollector(),
    AWSComponentCollector(),
    PatchComplianceCollector(),
    PatchSummaryCollector(),
    FileCollector(),
    ProcessCollector(),
    UserCollector(),
    GroupCollector(),
    ListeningPortCollector(),
    KernelModuleCollector(),
    MountCollector(),
    CronJobCollector(),
    AuthorizedKeyCollector(),
    PackageStateCollector(),
    PackageSourceCollector(),
    PackageOriginCollector(),
    RunningKernelCollector(),
    OutdatedServiceCollector(),
    PythonPackageCollector(),
    NodePackageCollector(),
    RubyGemCollector(),
    ContainerImageCollector(),
  ]

  /// The version that the collectors report as that of the agent.
  public static let agentVersion = "0.2.0"
}

/// The id of the machine, 32 hexadecimal digits of `etc/machine-id`; nil where there is none yet.
public func machineNodeID(machine: Machine = Machine()) -> String? {
  guard let text = machine.line(of: "etc/machine-id"), text.utf8.count == 32,
    text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0 | 0x20) })
  else { return nil }
  return text.lowercased()
}
