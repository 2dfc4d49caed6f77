/// What we know of an inventory type before a node reports it.
///
/// Source of the built-in ones: the attribute lists of Systems Manager Inventory; the identities are
/// ours, because Systems Manager has none.
public struct TypeDefinition: Sendable, Hashable {
  /// How items of one type are matched between two observations.
  public enum Identity: Sendable, Hashable {
    /// By the values of these attributes; an absent one counts as empty.
    case attributes([String])
    /// There is at most one item.
    case singleton
    /// By all of the item.
    case wholeItem
  }

  /// The type.
  public let name: TypeName
  /// The schema versions that are accepted; empty for any.
  public let versions: [String]
  /// The attributes that are documented, in their documented order.
  public let attributes: [String]
  /// Those of ``attributes`` that hold numbers.
  public let numbers: Set<String>
  /// How items are matched.
  public let identity: Identity
  /// Attributes that belong to the occurrence on a node, not to the shared content.
  public let occurrenceAttributes: [String]

  init(
    _ name: String, versions: [String] = ["1.0", "1.1"], identity: Identity,
    occurrence: [String] = [],
    numbers: [String] = [], _ attributes: String
  ) {
    self.name = TypeName(stored: name)
    self.versions = versions
    self.attributes = attributes.split(separator: " ").map(String.init)
    self.numbers = Set(numbers)
    self.identity = identity
    occurrenceAttributes = occurrence
  }

  /// A type of the user's own: any version, any attributes, identity found on first use.
  public init(custom name: TypeName) {
    self.name = name
    versions = []
    attributes = []
    numbers = []
    identity = .wholeItem
    occurrenceAttributes = []
  }

  /// The definition of a type, built in or custom.
  public static func of(_ name: TypeName) -> TypeDefinition {
    builtIn[name.text] ?? collected[name.text] ?? TypeDefinition(custom: name)
  }

  /// The custom types of the collectors, whose items are matched by what names a thing on a machine.
  ///
  /// Any version and any attributes are taken, as of every custom type.
  static let collected: [String: TypeDefinition] = {
    let identities = [
      "Custom:AuthorizedKey": "User Fingerprint Path", "Custom:CollectorStatus": "Name",
      "Custom:ContainerImage": "Engine Namespace Repository Tag Digest",
      "Custom:CronJob": "Name",
      "Custom:Group": "Name", "Custom:KernelModule": "Name",
      "Custom:ListeningPort": "Protocol Address Port", "Custom:Mount": "Name",
      "Custom:NodePackage": "Name Path", "Custom:OutdatedService": "Name",
      "Custom:PackageOrigin": "Name Architecture", "Custom:PackageSource": "Name Architecture",
      "Custom:PackageState": "Name Architecture",
      "Custom:PythonPackage": "Name Path", "Custom:RubyGem": "Name Path",
      "Custom:RunningKernel": "",
      "Custom:User": "Name",
    ]
    return identities.reduce(into: [:]) { table, entry in
      let names = entry.value.split(separator: " ").map(String.init)
      let identity = names.isEmpty ? Identity.singleton : .attributes(names)
      table[entry.key] = TypeDefinition(entry.key, versions: [], identity: identity, "")
    }
  }()

  /// What people can write for the types of Systems Manager: each name, with and without `AWS:`.
  package static let spellings = builtIn.keys.sorted().flatMap { [$0, String($0.dropFirst(4))] }

  /// The types of Systems Manager by name.
  public static let builtIn: [String: TypeDefinition] = {
    var table: [String: TypeDefinition] = [:]
    for definition in all { table[definition.name.text] = definition }
    return table
  }()

  private static let counts = [
    "InstalledCount", "InstalledPendingRebootCount", "InstalledOtherCount",
    "InstalledRejectedCount", "NotApplicableCount", "UnreportedNotApplicableCount",
    "MissingCount", "FailedCount", "SecurityNonCompliantCount", "CriticalNonCompliantCount",
    "OtherNonCompliantCount",
  ]

  private static let severityCounts = ["Compliant", "NonCompliant"].flatMap { side in
    ["Critical", "High", "Medium", "Low", "Informational", "Unspecified"].map {
      side + $0 + "Count"
    }
  }

  private static let all: [TypeDefinition] = [
    TypeDefinition(
      "AWS:InstanceInformation", identity: .singleton,
      """
      AgentType AgentVersion ComputerName InstanceId IpAddress PlatformName PlatformType \
      PlatformVersion ResourceType AgentStatus InstanceStatus
      """),
    TypeDefinition(
      "AWS:Application", identity: .attributes(["Name", "Architecture"]),
      occurrence: ["InstalledTime"],
      """
      Name ApplicationType Publisher Version Release Epoch InstalledTime Architecture URL \
      Summary PackageId
      """),
    TypeDefinition(
      "AWS:AWSComponent", identity: .attributes(["Name", "Architecture"]),
      occurrence: ["InstalledTime"],
      "Name ApplicationType Publisher Version InstalledTime Architecture URL"),
    TypeDefinition(
      "AWS:File", identity: .attributes(["Name", "InstalledDir"]),
      occurrence: ["ModificationTime", "LastAccessTime", "InstalledDate"],
      """
      Name Size Description FileVersion InstalledDate ModificationTime LastAccessTime \
      ProductName InstalledDir ProductLanguage CompanyName ProductVersion
      """),
    TypeDefinition(
      "AWS:Process", identity: .attributes(["FileName", "StartTime", "UsageId"]),
      """
      StartTime CommandLine User FileName FileVersion FileDescription FileSize CompanyName \
      ProductName ProductVersion InstalledDate InstalledDir UsageId
      """),
    TypeDefinition(
      "AWS:WindowsUpdate", identity: .attributes(["HotFixId"]), occurrence: ["InstalledTime"],
      "HotFixId Description InstalledTime InstalledBy"),
    TypeDefinition(
      "AWS:Network", identity: .attributes(["Name", "MacAddress"]),
      "Name SubnetMask Gateway DHCPServer DNSServer MacAddress IPV4 IPV6"),
    TypeDefinition(
      "AWS:InstanceDetailedInformation", identity: .singleton,
      numbers: ["CPUCores", "CPUs", "CPUSpeedMHz", "CPUSockets"],
      """
      CPUModel CPUCores CPUs CPUSpeedMHz CPUSockets CPUHyperThreadEnabled OSServicePack \
      KernelVersion
      """),
    TypeDefinition(
      "AWS:Service", identity: .attributes(["Name"]),
      "Name DisplayName ServiceType Status DependentServices ServicesDependedOn StartType"),
    TypeDefinition(
      "AWS:WindowsRegistry", identity: .attributes(["KeyPath", "ValueName"]),
      "KeyPath ValueName ValueType Value"),
    TypeDefinition(
      "AWS:WindowsRole", identity: .attributes(["Name"]),
      """
      Name DisplayName Path FeatureType DependsOn Description Installed InstalledState \
      SubFeatures ServerComponentDescriptor Parent
      """),
    TypeDefinition(
      "AWS:BillingInfo", identity: .attributes(["BillingProductId"]), "BillingProductId"),
    TypeDefinition("AWS:Tag", identity: .attributes(["Key"]), "Key Value"),
    TypeDefinition("AWS:ResourceGroup", identity: .attributes(["Arn"]), "Name Arn"),
    TypeDefinition(
      "AWS:PatchSummary", identity: .singleton, numbers: counts,
      """
      PatchGroup BaselineId SnapshotId OwnerInformation InstalledCount \
      InstalledPendingRebootCount InstalledOtherCount InstalledRejectedCount \
      NotApplicableCount UnreportedNotApplicableCount MissingCount FailedCount \
      OperationType OperationStartTime OperationEndTime InstallOverrideList RebootOption \
      LastNoRebootInstallOperationTime ExecutionId NonCompliantSeverity \
      SecurityNonCompliantCount CriticalNonCompliantCount OtherNonCompliantCount
      """),
    TypeDefinition(
      "AWS:PatchCompliance", identity: .attributes(["KBId"]), occurrence: ["InstalledTime"],
      "Title KBId Classification Severity State InstalledTime"),
    TypeDefinition(
      "AWS:ComplianceItem", identity: .attributes(["ComplianceType", "Id"]),
      """
      ComplianceType ExecutionId ExecutionType ExecutionTime Id Title Status Severity \
      DocumentName DocumentVersion Classification PatchBaselineId PatchSeverity PatchState \
      PatchGroup InstalledTime InstallOverrideList DetailedText DetailedLink CVEIds
      """),
    TypeDefinition(
      "AWS:ComplianceSummary", identity: .attributes(["ComplianceType"]),
      numbers: severityCounts,
      """
      ComplianceType PatchGroup PatchBaselineId Status OverallSeverity ExecutionId \
      ExecutionType ExecutionTime
      """ + " " + severityCounts.joined(separator: " ")),
  ]
}
