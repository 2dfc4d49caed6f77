public import Inventory

/// The updates that apt, dnf or yum would install, and the packages that wait for a restart.
public struct PatchComplianceCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:PatchCompliance`.
  public var type: TypeName { .patchCompliance }

  /// One item for each; throws where there are no lists of what could be installed.
  ///
  /// apt says of a package only that it is a security update; advisories of repositories say more.
  public func collect(from machine: Machine) throws -> [Item] {
    let pending = try machine.pendingUpdates()
    for warning in pending.warnings { machine.warn(warning) }
    return pending.updates.map(Self.item) + pending.waiting.map(Self.item)
  }

  private static func item(_ update: PendingUpdates.Update) -> Item {
    var values = [
      "KBId": update.name,
      "Title": text(cutTo: ReportLimits.default.attributeValueLengthMax, update.title),
      "Classification": update.classification, "Severity": update.severity,
      // What the administrator holds back is missing, and meant to be.
      "State": update.isHeld ? "InstalledRejected" : "Missing",
    ]
    values["CVEIds"] = list(update.cveIDs)
    values["AdvisoryIds"] = list(update.advisoryIDs)
    return Item(values)
  }

  private static func item(_ waiting: PendingUpdates.Waiting) -> Item {
    var item: Item = [
      "KBId": waiting.name, "Title": waiting.title, "Classification": "Updates",
      "Severity": "Unspecified", "State": "InstalledPendingReboot",
    ]
    item["InstalledTime"] = waiting.installedTime
    return item
  }

  /// The words joined by commas, as many as an attribute can have; nil where there is none.
  private static func list(_ words: [String]) -> String? {
    var list = ""
    for word in words {
      let longer = list.isEmpty ? word : list + "," + word
      guard longer.utf8.count <= ReportLimits.default.attributeValueLengthMax else { break }
      list = longer
    }
    return list.isEmpty ? nil : list
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
  /// The operation is the fetching of lists or metadata.
  public func collect(from machine: Machine) throws -> [Item] {
    let pending = try machine.pendingUpdates()
    for warning in pending.warnings { machine.warn(warning) }
    let missing = pending.updates.filter { !$0.isHeld }
    let security = missing.count { $0.classification == "Security" }
    var item: Item = [
      "InstalledCount": String(pending.installedCount),
      "InstalledPendingRebootCount": String(pending.waitingCount),
      "InstalledOtherCount": "0",
      "InstalledRejectedCount": String(pending.updates.count - missing.count),
      "NotApplicableCount": "0", "FailedCount": "0", "MissingCount": String(missing.count),
      "SecurityNonCompliantCount": String(security),
      "CriticalNonCompliantCount": String(missing.count { $0.severity == "Critical" }),
      "OtherNonCompliantCount": String(missing.count - security), "OperationType": "Scan",
      "OperationEndTime": Instant(seconds: pending.fetchedSeconds).description,
    ]
    item["RebootRequired"] = pending.needsRestart.map { String($0) }
    return [item]
  }
}
