import Inventory
import Testing

@testable import HistoryStore

/// The smallest case of each fault that the model has found.
@Suite struct RegressionTests {
  private let folder: TemporaryFolder
  private let clock = FakeClock(baseTime.milliseconds + 86_400_000)
  private let store: HistoryStore
  private let node: NodeID

  init() throws {
    folder = try TemporaryFolder()
    store = try .testing(folder.path, clock: clock)
    node = try NodeID("i-1")
  }

  private func time(_ seconds: Int64) -> Instant { baseTime.advanced(bySeconds: seconds) }

  private func record(_ entries: Report.Entry..., by node: NodeID? = nil) throws {
    clock.advance(by: 1000)
    for result in try store.record([Report(node: node ?? self.node, entries: entries)]) {
      _ = try result.get()
    }
  }

  @Test func `items of one identity that trade contents neither begin nor end`() throws {
    let first: Item = ["Name": "kernel", "Version": "1", "InstalledTime": "2026-01-01T00:00:00Z"]
    let second: Item = ["Name": "kernel", "Version": "2", "InstalledTime": "2026-01-02T00:00:00Z"]
    var (third, fourth) = (first, second)
    third["InstalledTime"] = "2026-01-03T00:00:00Z"
    fourth["InstalledTime"] = "2026-01-04T00:00:00Z"
    try record(.init(type: .application, captureTime: time(0), content: [first, second]))
    try record(.init(type: .application, captureTime: time(10), content: [fourth, third]))
    let held = try store.holders(of: "kernel", from: .distantPast, to: .distantFuture)
    #expect(held.map(\.version) == ["1", "2"])
    #expect(held.map(\.from) == [time(0), time(0)])
    #expect(held.map(\.to) == [nil, nil])
  }

  @Test func `a type with one item is held under every value it has now`() throws {
    let type = TypeName.instanceInformation
    let other = try NodeID("i-2")
    try record(.init(type: type, captureTime: time(0), content: [["ComputerName": "one"]]))
    try record(
      .init(type: type, captureTime: time(0), content: [["ComputerName": "two"]]), by: other)
    #expect(try store.holders(of: "one", type: type, at: time(1)).map(\.node) == [node])
    #expect(try store.holders(of: "two", type: type, at: time(1)).map(\.node) == [other])
    let steps = try store.rollout(of: "two", type: type, at: [time(1)])
    #expect(steps.map(\.nodesByVersion) == [["": 1]])
  }

  @Test func `identities of several types in a report are numbered as a rebuild does`() throws {
    let rack = try TypeName("Custom:Rack")
    let shelf = try TypeName("Custom:Shelf")
    try record(
      .init(type: rack, captureTime: time(0), content: []),
      .init(type: shelf, captureTime: time(0), content: [["Name": "s1"]]))
    try record(
      .init(type: rack, captureTime: time(1), content: [["Name": "r1"]]),
      .init(type: shelf, captureTime: time(1), content: [["Name": "s2"]]))
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `a refused report opens no scope`() throws {
    let scope = try Scope(account: "123456789012", region: "eu-west-1")
    let entry = Report.Entry(
      type: .application, captureTime: time(0), unchangedSince: "nothing was sent")
    let results = try store.record([Report(node: node, entries: [entry])], in: scope)
    #expect(throws: ReportError.self) { try results[0].get() }
    let report = Report(node: node, entries: [entry])
    for result in try store.record(json: [try report.json(), [0x7b]], in: scope) {
      #expect(throws: ReportError.self) { try result.get() }
    }
    #expect(try store.scopes() == [])
    #expect(try store.lastSequence == .zero)
  }

  @Test func `an unchanged statement before the first observation is known the second time`()
    throws
  {
    let entry = Report.Entry(
      type: .application, captureTime: time(10), contentHash: "h", content: [["Name": "a"]])
    try record(entry)
    let statement = Report.Entry(
      type: .application, captureTime: time(5), unchangedSince: "h")
    let reports = [Report(node: node, entries: [statement])]
    #expect(try store.record(reports)[0].get().isDuplicate == false)
    #expect(try store.record(reports)[0].get().isDuplicate)
    #expect(try store.state(of: node, type: .application, at: time(7)).knowledge == .unknown)
  }

  @Test func `what was confirmed is known whatever was recorded since, in rows of its own`() throws
  {
    // Ten changes of 130 items fill a row but for the eleventh.
    func content(_ step: Int64) -> [Item] {
      (0..<130).map { ["Name": "package-\($0)", "Version": "\(step)"] }
    }
    for step in 0..<10 as Range<Int64> {
      try record(
        .init(
          type: .application, captureTime: time(step), contentHash: "h", content: content(step)))
    }
    try record(.init(type: .application, captureTime: time(10), unchangedSince: "h"))
    let known = Instant(milliseconds: clock.milliseconds)
    try record(.init(type: .application, captureTime: time(20), content: content(10)))
    try #require(try store.projectionRows()["timeline"]?.count == 2)
    let state = try store.state(of: node, type: .application, at: time(21), knownAt: known)
    #expect(state.observedAt == time(9))
    #expect(state.lastConfirmed == time(10))
  }
}
