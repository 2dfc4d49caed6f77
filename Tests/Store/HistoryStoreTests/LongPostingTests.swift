import Inventory
import Testing

@testable import HistoryStore

/// Holders of a few items on many nodes: lists of many rows with keyframes, changed in any order.
@Suite struct LongPostingTests {
  private let folder: TemporaryFolder
  private let clock = FakeClock(baseTime.milliseconds + 400 * 86_400_000)
  private let store: HistoryStore
  private var random = SeededGenerator(seed: testSeed("long postings"))
  private let nodes: [NodeID]
  /// What each node said of each type: versions by valid time.
  private var said: [TypeName: [Int: [Int64: [Int]]]] = [:]

  init() throws {
    folder = try TemporaryFolder()
    store = try .testing(folder.path, clock: clock)
    nodes = try (0..<90).map { try NodeID("i-\($0)") }
  }

  private func item(_ type: TypeName, _ node: Int, _ version: Int) -> Item {
    type == .application
      ? ["Name": "kernel", "Version": "\(version)"]
      : ["ComputerName": "host-\(node)", "Version": "\(version)"]
  }

  /// The versions that a node reports: a wave goes by, and some have two or none.
  private mutating func versions(_ node: Int, _ time: Int64) -> [Int] {
    let wave = Int(time / 3000)
    switch random.below(12) {
    case 0: return []
    case 1: return [wave, wave + 1]
    case 2: return [wave, wave]
    case 3: return [random.below(60)]
    default: return [max(0, wave - node % 3)]
    }
  }

  private mutating func record(_ times: [Int64]) throws {
    var reports: [Report] = []
    for time in times {
      let node = random.below(nodes.count)
      let type: TypeName = random.chance(75) ? .application : .instanceInformation
      var versions = versions(node, time)
      if type == .instanceInformation { versions = Array(versions.prefix(1)) }
      said[type, default: [:]][node, default: [:]][time] = versions
      reports.append(
        Report(
          node: nodes[node],
          entries: [
            .init(
              type: type, captureTime: baseTime.advanced(bySeconds: time),
              content: versions.map { item(type, node, $0) })
          ]))
    }
    clock.advance(by: 1000)
    for result in try store.record(reports) { _ = try result.get() }
  }

  private func held(_ type: TypeName, at time: Int64) -> [[Int]] {
    nodes.indices.map { node in
      let times = said[type]?[node] ?? [:]
      let newest = times.keys.filter { $0 <= time }.max()
      return newest.flatMap { times[$0] } ?? []
    }
  }

  private func compare(at time: Int64) throws {
    let at = baseTime.advanced(bySeconds: time)
    let kernels = held(.application, at: time)
    let found = try store.holders(of: "kernel", at: at)
    let names = found.map { "\($0.node) \($0.version ?? "")" }
    let wanted = kernels.enumerated().flatMap { node, versions in
      versions.map { "i-\(node) \($0)" }
    }
    #expect(names.sorted() == wanted.sorted(), "at \(time)")
    var counts: [String: Int] = [:]
    for version in kernels.joined() { counts["\(version)", default: 0] += 1 }
    #expect(found.countsByVersion == counts)
    let lines = try store.rollup(at: at)
    #expect(
      Dictionary(uniqueKeysWithValues: lines.map { ($0.version ?? "", $0.nodes) }) == counts,
      "at \(time)")
    var hosts: [String: Int] = [:]
    for version in held(.instanceInformation, at: time).joined() {
      hosts["\(version)", default: 0] += 1
    }
    let information = try store.rollup(type: .instanceInformation, at: at)
    #expect(
      Dictionary(uniqueKeysWithValues: information.map { ($0.version ?? "", $0.nodes) }) == hosts,
      "at \(time)")
    let host = random(time)
    let who = try store.holders(of: "host-\(host)", type: .instanceInformation, at: at)
    #expect(who.count == held(.instanceInformation, at: time)[host].count)
  }

  private func random(_ time: Int64) -> Int { Int(abs(time) % Int64(nodes.count)) }

  private func compareRollout(_ times: [Int64]) throws {
    let steps = try store.rollout(
      of: "kernel", at: times.map { baseTime.advanced(bySeconds: $0) })
    for (step, time) in zip(steps, times) {
      var counts: [String: Int] = [:]
      for version in held(.application, at: time).joined() { counts["\(version)", default: 0] += 1 }
      #expect(step.nodesByVersion == counts, "at \(time)")
    }
  }

  private mutating func compareAll() throws {
    for _ in 0..<60 { try compare(at: Int64(random.below(70_000)) - 2000) }
    let late = (0..<20).map { _ in Int64(random.below(70_000)) }
    try compareRollout(late)
    try compareRollout(late.filter { $0 > 40_000 }.sorted())
  }

  @Test mutating func `long lists answer as they should, whatever the order of reports`() throws {
    // In order, as a fleet reports, each a little late; then from the past.
    var time: Int64 = 0
    for _ in 0..<120 {
      let times = (0..<(1 + random.below(40))).map { _ in
        time += Int64(random.below(40))
        return max(0, time - Int64(random.below(60)))
      }
      try record(times)
    }
    try compareAll()
    let rows = try store.projectionRows()["holders"] ?? []
    #expect(rows.filter { $0[0].count == 16 && $0[0][2] == 0 }.count > 10)
    #expect(rows.filter { $0[0].count == 16 && $0[0][2] == 0x80 }.count >= 2)
    try store.checkRebuild()
    for _ in 0..<40 {
      try record((0..<(1 + random.below(12))).map { _ in Int64(random.below(50_000)) })
    }
    try compareAll()
    try store.checkSoundness()
    try store.checkRebuild()
    try compareAll()
  }
}
