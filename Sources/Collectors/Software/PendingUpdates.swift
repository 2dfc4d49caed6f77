public import Inventory

/// What dpkg has installed beside what apt could install, and what waits for a restart.
struct PendingUpdates: Sendable {
  struct Update: Sendable {
    let package: DpkgPackage
    let version: String
    let isSecurity: Bool
  }

  /// By name and architecture.
  let updates: [Update]
  /// Packages that are installed.
  let installed: [DpkgPackage]
  /// Names of packages that ask for a restart.
  let waiting: [String]
  /// Whether the machine asks for a restart.
  let needsRestart: Bool
  /// When apt last fetched its lists.
  let fetchedSeconds: Int64?

  init(on machine: Machine) throws {
    guard machine.exists(DpkgPackages.path) else {
      let reason =
        machine.exists("var/cache/dnf") ? "dnf's metadata are not read yet" : "there is no apt"
      throw CollectorError(reason)
    }
    installed = try machine.dpkgPackages().filter(\.isInstalled)
    var versions: [String: String] = [:]
    for package in installed {
      versions["\(package.name):\(package.architecture)"] = package.version
    }
    let lists = try AptLists(on: machine, installed: versions)
    guard let fetched = lists.fetchedSeconds else {
      throw CollectorError("apt has no lists: run \"apt-get update\" once")
    }
    fetchedSeconds = fetched
    updates = installed.compactMap { package in
      lists.candidates["\(package.name):\(package.architecture)"].map {
        Update(package: package, version: $0.version, isSecurity: $0.isSecurity)
      }
    }.sorted {
      ($0.package.name, $0.package.architecture) < ($1.package.name, $1.package.architecture)
    }
    let run = ["run", "var/run"].first { machine.exists("\($0)/reboot-required") }
    needsRestart = run != nil
    let names = run.flatMap { machine.text(of: "\($0)/reboot-required.pkgs") } ?? ""
    waiting = Set(names.split(whereSeparator: \.isNewline).map(\.trimmed)).sorted()
  }
}

/// The updates that apt would install, and the packages whose update waits for a restart.
public struct PatchComplianceCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:PatchCompliance`.
  public var type: TypeName { .patchCompliance }

  /// One item for each; throws where there is no apt, or where it has never fetched its lists.
  ///
  /// apt says of a package only that it is a security update, not how severe.
  public func collect(from machine: Machine) throws -> [Item] {
    let pending = try machine.pendingUpdates()
    let missing: [Item] = pending.updates.map { update in
      let package = update.package
      return [
        "KBId": "\(package.name).\(package.architecture)",
        "Title": "\(package.name) \(update.version) (installed \(package.version))",
        "Classification": update.isSecurity ? "Security" : "Updates",
        "Severity": "Unspecified",
        // What the administrator holds back is missing, and meant to be.
        "State": package.want == "hold" ? "InstalledRejected" : "Missing",
      ]
    }
    let waiting: [Item] = pending.waiting.compactMap { name in
      guard let package = pending.installed.first(where: { $0.name == name }),
        !pending.updates.contains(where: { $0.package.name == name })
      else { return nil }
      var item: Item = [
        "KBId": "\(name).\(package.architecture)", "Title": "\(name) \(package.version)",
        "Classification": "Updates", "Severity": "Unspecified",
        "State": "InstalledPendingReboot",
      ]
      item["InstalledTime"] = DpkgPackages.installedTime(of: package, on: machine)?.description
      return item
    }
    return missing + waiting
  }
}

/// How many updates are missing, and whether the machine asks for a restart.
public struct PatchSummaryCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:PatchSummary`.
  public var type: TypeName { .patchSummary }

  /// One item; throws where ``PatchComplianceCollector`` does.
  ///
  /// The operation is apt's fetching of its lists.
  public func collect(from machine: Machine) throws -> [Item] {
    let pending = try machine.pendingUpdates()
    let held = pending.updates.count { $0.package.want == "hold" }
    let security = pending.updates.count { $0.isSecurity && $0.package.want != "hold" }
    let missing = pending.updates.count - held
    var item: Item = [
      "InstalledCount": String(pending.installed.count - pending.updates.count),
      "InstalledPendingRebootCount": String(pending.waiting.count),
      "InstalledOtherCount": "0", "InstalledRejectedCount": String(held),
      "NotApplicableCount": "0", "FailedCount": "0", "MissingCount": String(missing),
      "SecurityNonCompliantCount": String(security), "CriticalNonCompliantCount": "0",
      "OtherNonCompliantCount": String(missing - security),
      "OperationType": "Scan", "RebootRequired": String(pending.needsRestart),
    ]
    item["OperationEndTime"] = pending.fetchedSeconds.map { Instant(seconds: $0).description }
    return [item]
  }
}
