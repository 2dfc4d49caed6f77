import Foundation
import Inventory

@testable import HistoryStore

/// What a run of the model is like.
struct ModelPlan {
  var steps = 60
  var nodes = 3
  var types = ContentMaker.types
  var scopeCount = 2
  /// Valid times are drawn from this many seconds.
  var seconds = 12
  /// How often in a hundred times a report is newer than all before.
  var newest = 40
  /// How often the whole is compared on the way.
  var comparisons = 4
}

/// A store and the reference, driven by the same random operations.
struct Model {
  let plan: ModelPlan
  let folder: TemporaryFolder
  let clock = FakeClock(baseTime.milliseconds + 86_400_000)
  var store: HistoryStore
  var reference = ReferenceStore()
  var random: SeededGenerator
  let scopes: [Scope]
  let nodes: [NodeID]
  private var latest: Int64 = 0
  /// Two sources of one name, which are told apart, and two others.
  private static let sources = [
    Report.Source("log", tellsEveryChange: true), Report.Source("log", tellsEveryChange: false),
    Report.Source("copy", tellsEveryChange: false),
    Report.Source("other-log", tellsEveryChange: true),
  ]
  /// What each node sent last, to be sent again byte for byte at another time.
  private var sent: [NodeID: Report] = [:]

  init(seed: UInt64, plan: ModelPlan) throws {
    self.plan = plan
    random = SeededGenerator(seed: seed)
    folder = try TemporaryFolder()
    store = try .testing(folder.path, clock: clock)
    scopes =
      try [.local]
      + (1..<max(2, plan.scopeCount)).map {
        try Scope(account: "12345678901\($0)", region: "eu-west-1")
      }
    nodes = try (0..<plan.nodes).map { try NodeID("i-\($0)") }
  }

  /// Runs all steps, comparing now and then and at the end.
  mutating func run() throws {
    let every = max(1, plan.steps / plan.comparisons)
    for step in 1...plan.steps {
      do {
        try self.step()
        if step % every == 0 && step != plan.steps { try compare(samples: 40) }
      } catch {
        throw Disagreement(description: "step \(step): \(error)")
      }
    }
    try compare(samples: 300)
    try store.checkSoundness()
    try store.checkRebuild()
    try compare(samples: 40)
  }

  private mutating func step() throws {
    clock.advance(by: Int64(1 + random.below(2500)))
    let scope = scopes[random.chance(75) ? 0 : random.below(min(plan.scopeCount, scopes.count))]
    switch random.below(100) {
    case 0..<4: try recordNodeEvent(in: scope)
    case 4..<6: try deleteType(in: scope)
    case 6..<8: try reopen()
    case 8..<9: try store.checkRebuild()
    case 9..<10: try declareIdentity(in: scope)
    default: try recordReports(in: scope)
    }
    try expectSame(store.lastSequence.value, reference.lastSequence, "the last sequence number")
  }

  /// Closes the store and opens it again.
  mutating func reopen() throws {
    let path = folder.path
    let clock = clock
    // The old store goes before the new one opens the file.
    store = try HistoryStore.testing(path + "/other", clock: clock)
    store = try HistoryStore.testing(path, clock: clock)
  }

  // MARK: Operations

  private mutating func drawTime() -> Int64 {
    if random.chance(plan.newest) {
      latest += Int64(random.below(3))
    } else {
      return baseTime.seconds + Int64(random.below(max(plan.seconds, Int(latest) + 1)))
    }
    return baseTime.seconds + latest
  }

  private mutating func recordReports(in scope: Scope) throws {
    let asJSON = random.chance(50)
    var expected: [Receipt?] = []
    var reports: [Report] = []
    for _ in 0..<(random.chance(70) ? 1 : 1 + random.below(5)) {
      var report = makeReport(in: scope, canBeImported: !asJSON)
      if random.chance(20), let last = sent[report.node] {
        let time = Instant(seconds: drawTime())
        report.entries = last.entries
        for index in report.entries.indices { report.entries[index].captureTime = time }
      }
      sent[report.node] = report
      reports.append(report)
      expected.append(reference.accept(report, in: scope, at: clock.milliseconds))
    }
    let results =
      asJSON
      ? try store.record(json: reports.map { try $0.json() }, in: scope)
      : try store.record(reports, in: scope)
    for (index, result) in results.enumerated() {
      switch (result, expected[index]) {
      case (.success(let receipt), let wanted?): try expectSame(receipt, wanted, "the receipt")
      case (.failure(let error), nil):
        try expectSame(error.code, .contentMismatch, "the refusal")
      case (.success, nil):
        throw Disagreement(description: "a false statement was accepted: \(reports[index])")
      case (.failure(let error), .some):
        throw Disagreement(description: "a report was refused: \(error) \(reports[index])")
      }
    }
  }

  private mutating func makeReport(in scope: Scope, canBeImported: Bool) -> Report {
    let node = random.pick(nodes)
    let time = drawTime()
    var entries: [Report.Entry] = []
    for type in plan.types.shuffled(using: &random).prefix(1 + random.below(3)) {
      // Mostly one capture time for the whole report, but nothing says so.
      let valid = Instant(seconds: random.chance(90) ? time : drawTime())
      entries.append(makeEntry(SeriesName(scope: scope, node: node, type: type), at: valid))
    }
    let isImported = canBeImported && random.chance(30)
    return Report(
      node: node, entries: entries,
      origin: isImported ? .imported(random.pick(Self.sources)) : .reported)
  }

  private mutating func makeEntry(_ name: SeriesName, at time: Instant) -> Report.Entry {
    let known = reference.series[name] ?? []
    let version = random.chance(90) ? "1.0" : "1.1"
    if random.chance(20) {
      let newest = known.last { $0.isState }?.contentHash
      let hash = random.chance(85) ? newest ?? "h0" : "h\(random.below(3))"
      if random.chance(80), newest != nil || random.chance(5) {
        return Report.Entry(
          type: name.type, schemaVersion: version, captureTime: time, unchangedSince: hash)
      }
    }
    let contents = known.filter { $0.isState }
    var content: [Item]
    if !contents.isEmpty && random.chance(70) {
      let base = random.chance(50) ? contents[contents.count - 1] : random.pick(contents)
      content = ContentMaker.variation(
        of: base.content.map { reference.items[$0] }, name.type, &random)
    } else {
      content = ContentMaker.content(name.type, &random)
    }
    if name.type == .instanceInformation && random.chance(80) { content = Array(content.prefix(1)) }
    return Report.Entry(
      type: name.type, schemaVersion: version, captureTime: time,
      contentHash: random.chance(60) ? "h\(random.below(4))" : nil, content: content)
  }

  private mutating func recordNodeEvent(in scope: Scope) throws {
    let kind = random.pick(NodeEventKind.allCases.filter { $0 != .tagged })
    let node = random.pick(nodes)
    let time = drawTime()
    reference.recordNodeEvent(
      kind, node: node, valid: time, in: scope, at: clock.milliseconds)
    let sequence = try store.recordNodeEvent(
      kind, node: node, at: Instant(seconds: time), in: scope)
    try expectSame(sequence.value, reference.lastSequence, "the event's sequence number")
  }

  private mutating func deleteType(in scope: Scope) throws {
    guard let known = reference.versions[scope], !known.isEmpty else { return }
    let type = random.pick(known.keys.sorted())
    let time = drawTime()
    reference.delete(type, valid: time, in: scope, at: clock.milliseconds)
    try store.deleteType(type, at: Instant(seconds: time), in: scope)
  }

  private mutating func declareIdentity(in scope: Scope) throws {
    let custom = plan.types.filter { $0.text.hasPrefix("Custom:") }
    guard !custom.isEmpty else { return }
    let type = random.pick(custom)
    let names = [["Name"], ["Id"], ["Value"], ["Name", "Id"]]
    let attributes = random.pick(names)
    reference.declareIdentity(of: type, attributes: attributes, in: scope)
    try store.declareIdentity(of: type, attributes: attributes, in: scope)
  }
}

extension Report {
  /// The body of a PutInventory request.
  func json() throws -> [UInt8] {
    let list = entries.map { entry -> [String: Any] in
      var object: [String: Any] = [
        "TypeName": entry.type.text, "SchemaVersion": entry.schemaVersion,
        "CaptureTime": entry.captureTime.description,
      ]
      if let hash = entry.contentHash { object["ContentHash"] = hash }
      object["Content"] = entry.content?.map { item in
        Dictionary(uniqueKeysWithValues: item.attributes.map { ($0.name, $0.value) })
      }
      return object
    }
    let body: [String: Any] = ["InstanceId": node.text, "Items": list]
    return Array(try JSONSerialization.data(withJSONObject: body, options: .sortedKeys))
  }
}
