import Foundation
import HistoryStore
import Inventory

/// Figures that need few reports: taken from the beginning of the file.
struct SmallStore {
  static let figures = ["ingest-one", "concurrent-one", "concurrent", "equal-many", "hash-only"]

  private static let nodesMax = 1000
  private static let singlesMax = 300
  private static let atOnce = 64
  private static let concurrentRounds = 4
  private static let equalNodesMax = 256
  private static let equalRounds = 12

  let requests: String
  let list: FigureList

  func run() async throws {
    let workspace = try Workspace()
    let store = workspace.store
    var sample = Sample()
    let needed = Self.singlesMax + 2 * Self.concurrentRounds * Self.atOnce
    try sample.read(
      requests, into: store, nodesMax: Self.nodesMax, changedCount: needed,
      keptNodes: Self.equalNodesMax)
    try single(sample.changed.prefix(Self.singlesMax), store)
    if list.wants("concurrent", "concurrent-one") {
      try await concurrent(sample.changed.dropFirst(Self.singlesMax), store)
    }
    if list.wants("equal-many", "hash-only") { try repeated(sample, store) }
  }

  private func single(_ bodies: ArraySlice<[UInt8]>, _ store: HistoryStore) throws {
    var loader = Loader(store: store, groupCount: 1)
    for body in bodies { try loader.take(body) }
    list.add(
      Figure(
        figure: "ingest-one", units: loader.items, unit: "item reports", usage: loader.usage,
        extra: [("reports", loader.reports)],
        note: "\(loader.reports) changed reports, one a durable commit"))
  }

  /// Groups of 64 reports in turn: one a commit, then all waiting at once.
  private func concurrent(_ bodies: ArraySlice<[UInt8]>, _ store: HistoryStore) async throws {
    let reports = Array(bodies)
    var one = Usage()
    var many = Usage()
    var counts = (one: 0, many: 0)
    var start = 0
    while start + 2 * Self.atOnce <= reports.count {
      let first = reports[start..<(start + Self.atOnce)]
      let second = reports[(start + Self.atOnce)..<(start + 2 * Self.atOnce)]
      try one.measure {
        for body in first {
          for result in try store.record(json: [body]) { _ = try result.get() }
        }
      }
      let before = Usage.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        for body in second { group.addTask { _ = try await store.record(json: body) } }
        try await group.waitForAll()
      }
      many += Usage.now - before
      counts.one += first.count
      counts.many += second.count
      start += 2 * Self.atOnce
    }
    list.add(
      Figure(
        figure: "concurrent-one", units: counts.one, unit: "reports", usage: one,
        note: "one a durable commit"))
    list.add(
      Figure(
        figure: "concurrent", units: counts.many, unit: "reports", usage: many,
        note: "\(Self.atOnce) waiting at once"))
  }

  /// The same bodies again and again, later each time; then the same by hash alone.
  private func repeated(_ sample: Sample, _ store: HistoryStore) throws {
    var clock = sample.newest
    var bodies = sample.latest.values.map { $0 }
    // The round that is not counted: reports since the body was taken may have altered the state.
    _ = try again(&bodies, &clock, store, rounds: 1)
    let equal = try again(&bodies, &clock, store, rounds: Self.equalRounds)
    list.add(
      Figure(
        figure: "equal-many", units: equal.reports, unit: "reports", usage: equal.usage,
        wrong: equal.changes, note: "\(equal.groupCount) a commit"))
    let hash = String(repeating: "0123456789abcdef", count: 4)
    bodies = bodies.map { BodyText.withContentHash($0, hash) }
    _ = try again(&bodies, &clock, store, rounds: 1)
    var statements = try bodies.map { try ReportText($0).statement(hash: hash) }
    let short = try again(&statements, &clock, store, rounds: Self.equalRounds)
    list.add(
      Figure(
        figure: "hash-only", units: short.reports, unit: "reports", usage: short.usage,
        wrong: short.changes, note: "\(short.groupCount) a commit"))
  }

  private func again(
    _ bodies: inout [[UInt8]], _ clock: inout Instant, _ store: HistoryStore, rounds: Int
  ) throws -> Loader {
    var loader = Loader(store: store, groupCount: 64)
    for _ in 0..<rounds {
      clock = clock.advanced(bySeconds: 60)
      for index in bodies.indices {
        bodies[index] = BodyText.retimed(bodies[index], "\(clock)")
        try loader.take(bodies[index])
      }
    }
    try loader.flush()
    return loader
  }
}

/// The beginning of a file: first reports are stored, changed ones are kept to be measured.
struct Sample {
  private(set) var changed: [[UInt8]] = []
  /// The newest body of each of some nodes, among those kept or stored.
  private(set) var latest: [String: [UInt8]] = [:]
  private(set) var newest = Instant.distantPast
  private var fingerprints: [String: UInt64] = [:]
  private var times: [String: Instant] = [:]

  mutating func read(
    _ file: String, into store: HistoryStore, nodesMax: Int, changedCount: Int, keptNodes: Int
  ) throws {
    var reader = try LineReader(file)
    var loader = Loader(store: store, groupCount: 64)
    while changed.count < changedCount, let body = try reader.next() {
      guard let node = BodyText.node(body),
        let time = BodyText.captureTime(body).flatMap({ Instant(captureTime: $0) })
      else { throw Failure("a request lacks its InstanceId or CaptureTime") }
      let fingerprint = BodyText.fingerprint(body)
      if let before = fingerprints[node] {
        if before == fingerprint { continue }
        changed.append(body)
      } else {
        guard fingerprints.count < nodesMax else { continue }
        try loader.take(body)
      }
      fingerprints[node] = fingerprint
      keep(body, of: node, at: time, keptNodes)
    }
    try loader.flush()
  }

  private mutating func keep(_ body: [UInt8], of node: String, at time: Instant, _ nodes: Int) {
    newest = max(newest, time)
    guard latest[node] != nil || latest.count < nodes, times[node].map({ $0 < time }) ?? true
    else { return }
    times[node] = time
    latest[node] = body
  }
}
