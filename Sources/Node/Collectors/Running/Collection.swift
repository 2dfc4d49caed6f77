public import Inventory

/// Collects what a plan asks for, with one capture time.
///
/// One collector runs after the other, each on a thread of its own. One that fails, or takes longer
/// than the plan allows, leaves its type out of the reports and spoils no other; `Custom:CollectorStatus`
/// tells of it. The capture time is `instant` in whole seconds. `InstanceId` of
/// `AWS:InstanceInformation` is `node`.
public func collect(
  _ plan: CollectionPlan = CollectionPlan(), node: NodeID, at instant: Instant,
  machine: Machine = Machine(), limits: ReportLimits = .default
) async -> CollectionResult {
  let machine = machine.unread()
  let (collectors, unknown) = plan.chosen()
  var found: [Collected] = []
  for collector in collectors {
    found.append(await run(collector, on: machine, secondsMax: plan.secondsMax))
  }
  if plan.wantsCustom {
    let files = await plan.customFiles?.collect(from: machine, secondsMax: plan.secondsMax)
    let printed = await onOwnThread { plan.scripts?.collect(on: machine) }
    found = plan.asked(found + (files ?? []) + (printed ?? []))
  }
  for type in unknown where !found.contains(where: { $0.type == type }) {
    var missing = Collected(source: type.text, type: type)
    missing.failure = "there is no collector for this type"
    found.append(missing)
  }
  refuseRepeated(&found)
  let time = Instant(seconds: instant.seconds)
  var entries = found.compactMap { entry($0, node: node, at: time, plan) }
  var packer = ReportPacker(node: node, limits: limits)
  found = found.map { packer.refusing($0, at: time) }
  entries.removeAll { entry in
    found.contains { $0.type == entry.type && $0.failure != nil }
  }
  if plan.wantsStatus { entries.append(CollectorStatus.entry(of: found, at: time)) }
  for entry in entries { packer.add(entry) }
  return CollectionResult(
    reports: packer.reports,
    failures: found.compactMap { source in
      source.failure.map {
        .init(source: source.source, message: $0, isUnavailable: source.isUnavailable)
      }
    },
    warnings: found.flatMap { source in
      source.warnings.map { .init(source: source.source, message: $0, isUnavailable: false) }
    }, collected: found)
}

extension CollectionPlan {
  /// Whether files and scripts are looked at: by default, or where a type is asked for that they may
  /// have.
  fileprivate var wantsCustom: Bool {
    takesAllCustom
      || types.map { asked in
        asked.contains { type in
          type.text.hasPrefix("Custom:") && !collectors.contains { $0.type == type }
        }
      } ?? true
  }

  fileprivate var wantsStatus: Bool {
    types?.contains(.collectorStatus) ?? !excluded.contains(.collectorStatus)
  }

  /// Those that are of a type that was asked for.
  fileprivate func asked(_ found: [Collected]) -> [Collected] {
    found.filter { source in
      guard let type = source.type, !takesAllCustom else { return true }
      return types?.contains(type) ?? !excluded.contains(type)
    }
  }
}

private func run(
  _ collector: any Collector, on machine: Machine, secondsMax: Double
) async -> Collected {
  let machine = machine.withNotes()
  var collected = Collected(source: collector.type.text, type: collector.type)
  collected.schemaVersion = collector.schemaVersion
  do {
    let items = try await onOwnThread(secondsMax: secondsMax) {
      try collector.collect(from: machine)
    }
    collected.items = items
    collected.steady = items.filter { !collector.isVolatile($0) }
      .map { $0.without(collector.volatileAttributes) }
  } catch {
    collected.failure = String(describing: error)
    collected.isUnavailable = (error as? CollectorError)?.isUnavailable ?? false
  }
  collected.warnings = machine.notes.all
  return collected
}

/// A number of seconds for a sentence.
func seconds(_ value: Double) -> String {
  value == value.rounded() ? "\(Int(value)) s" : "\(value) s"
}

/// Of two sources of one type the first counts, as with the agent.
private func refuseRepeated(_ found: inout [Collected]) {
  var first: [TypeName: String] = [:]
  for index in found.indices where found[index].failure == nil {
    guard let type = found[index].type else { continue }
    if let other = first[type] {
      found[index].items = nil
      found[index].failure = "\(type) comes from \(other) already"
      found[index].type = nil
    } else {
      first[type] = found[index].source
    }
  }
}

private func entry(
  _ found: Collected, node: NodeID, at time: Instant, _ plan: CollectionPlan
) -> Report.Entry? {
  guard let type = found.type,
    var content = plan.keepsVolatile ? found.items : found.steady
  else { return nil }
  if type == .instanceInformation {
    for index in content.indices { content[index]["InstanceId"] = node.text }
  }
  return Report.Entry(
    type: type, schemaVersion: found.schemaVersion, captureTime: time, content: content)
}

extension Item {
  /// The item without some of its attributes.
  fileprivate func without(_ names: Set<String>) -> Item {
    if names.isEmpty { return self }
    return Item(
      attributes.lazy.filter { !names.contains($0.name) }.map { (key: $0.name, value: $0.value) })
  }
}
