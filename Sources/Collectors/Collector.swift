public import Inventory

/// Finds everything that a machine has of one inventory type.
public protocol Collector: Sendable {
  /// The type.
  var type: TypeName { get }
  /// The version of the type's schema that the items follow.
  var schemaVersion: String { get }
  /// All items of the type now; throws where what it reads is missing or makes no sense.
  func collect(from machine: Machine) throws -> [Item]
}

/// The collectors there are; a new one is added here and nowhere else.
public enum CollectorTable {
  /// All collectors, each of a type of its own.
  public static let all: [any Collector] = [
    ApplicationCollector(),
    NetworkCollector(),
    InstanceInformationCollector(),
    InstanceDetailedInformationCollector(),
  ]

  /// The version that the collectors report as that of the agent.
  public static let agentVersion = "0.1.0"
}

/// What came of collecting: the types that could be read, and why others could not.
public struct CollectionResult: Sendable {
  /// A type that could not be collected.
  public struct Failure: Sendable, Hashable, CustomStringConvertible {
    /// The type.
    public let type: TypeName
    /// Why not, in one sentence.
    public let message: String

    /// `AWS:Network: message`.
    public var description: String { "\(type): \(message)" }
  }

  /// One entry for each type that could be read; nil where none could.
  public let report: Report?
  /// The types that could not be read, in the order in which they were asked for.
  public let failures: [Failure]
}

/// Collects the given types, or all there are, as one report with one capture time.
///
/// A collector that fails leaves its type out of the report and spoils no other. The capture time
/// is `instant` in whole seconds. `InstanceId` of `AWS:InstanceInformation` is `node`.
public func collect(
  types: [TypeName]? = nil, node: NodeID, at instant: Instant, machine: Machine = Machine()
) -> CollectionResult {
  collect(types: types, node: node, at: instant, machine: machine, using: CollectorTable.all)
}

func collect(
  types: [TypeName]?, node: NodeID, at instant: Instant, machine: Machine,
  using collectors: [any Collector]
) -> CollectionResult {
  var entries: [Report.Entry] = []
  var failures: [CollectionResult.Failure] = []
  var done: Set<TypeName> = []
  for type in types ?? collectors.map(\.type) where done.insert(type).inserted {
    guard let collector = collectors.first(where: { $0.type == type }) else {
      failures.append(.init(type: type, message: "there is no collector for this type"))
      continue
    }
    do {
      var content = try collector.collect(from: machine)
      if type == .instanceInformation {
        for index in content.indices { content[index]["InstanceId"] = node.text }
      }
      entries.append(
        Report.Entry(
          type: type, schemaVersion: collector.schemaVersion,
          captureTime: Instant(seconds: instant.seconds), content: content))
    } catch {
      failures.append(.init(type: type, message: String(describing: error)))
    }
  }
  let report = entries.isEmpty ? nil : Report(node: node, entries: entries)
  return CollectionResult(report: report, failures: failures)
}

/// The id of the machine, 32 hexadecimal digits of `etc/machine-id`; nil where there is none yet.
public func machineNodeID(machine: Machine = Machine()) -> String? {
  guard let text = machine.line(of: "etc/machine-id"), text.utf8.count == 32,
    text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0 | 0x20) })
  else { return nil }
  return text.lowercased()
}
