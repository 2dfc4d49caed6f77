import Inventory
import Testing

@testable import HistoryStore

/// Erasure against what the store answered before it: whatever is not erased answers as it did.
@Suite struct EraseTests {
  private let folder: TemporaryFolder
  private let clock = FakeClock(baseTime.milliseconds + 86_400_000)
  private let store: HistoryStore
  private let nodes: [NodeID]

  init() throws {
    folder = try TemporaryFolder()
    store = try .testing(folder.path, clock: clock)
    nodes = try (1...3).map { try NodeID("i-\($0)") }
  }

  private func time(_ seconds: Int64) -> Instant { baseTime.advanced(bySeconds: seconds) }

  /// Reports of random contents at random times, late ones among them; many share contents.
  private func fill(_ generator: inout SeededGenerator) throws {
    for _ in 0..<120 {
      clock.advance(by: 1000)
      let items = (0..<generator.below(6)).map { index in
        ["Name": "p\(index)", "Version": "\(generator.below(4))"] as Item
      }
      let report = Report(
        node: generator.pick(nodes),
        entries: [
          Report.Entry(
            type: .application, captureTime: time(Int64(generator.below(100)) * 10),
            content: items)
        ])
      for result in try store.record([report]) { _ = try result.get() }
    }
  }

  private func answer(_ node: NodeID, _ seconds: Int64) throws -> (Knowledge, Set<Item>) {
    let state = try store.state(of: node, type: .application, at: time(seconds))
    return (state.knowledge, Set(state.items))
  }

  @Test(arguments: 1...8) func `what lies before a date goes and the rest stays`(
    seed: UInt64
  ) throws {
    var generator = SeededGenerator(seed: seed)
    try fill(&generator)
    let cut: Int64 = 505
    let probes = Array(stride(from: cut, through: 1001, by: 7))
    let before = try nodes.map { node in try probes.map { try answer(node, $0) } }
    _ = try store.forget(before: time(cut), reason: "test")
    for (index, node) in nodes.enumerated() {
      for (position, seconds) in probes.enumerated() {
        let now = try answer(node, seconds)
        #expect(now.0 == before[index][position].0 && now.1 == before[index][position].1)
      }
      #expect(try answer(node, 1).0 == .erased)
    }
    #expect(try store.verify().problems == [])
    try fill(&generator)
    _ = try store.forget(before: time(700), reason: "again")
    #expect(try store.verify().problems == [])
  }

  @Test(arguments: 1...8) func `a forgotten node is erased and the others are not`(
    seed: UInt64
  ) throws {
    var generator = SeededGenerator(seed: seed)
    try fill(&generator)
    let probes = Array(stride(from: Int64(0), through: 1001, by: 9))
    let before = try nodes.map { node in try probes.map { try answer(node, $0) } }
    _ = try store.forget(node: nodes[1], reason: "test")
    for index in [0, 2] {
      for (position, seconds) in probes.enumerated() {
        let now = try answer(nodes[index], seconds)
        #expect(now.0 == before[index][position].0 && now.1 == before[index][position].1)
      }
    }
    for seconds in probes { #expect(try answer(nodes[1], seconds).0 == .erased) }
    #expect(try store.history(of: nodes[1]).isEmpty)
    let holders = try store.holders(of: "p0", from: time(0), to: time(2000))
    #expect(holders.allSatisfy { $0.node != nodes[1] })
    #expect(try store.verify().problems == [])
    try fill(&generator)
    #expect(try store.verify().problems == [])
  }
}
