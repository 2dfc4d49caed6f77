import FleetModel
import Foundation
import HistoryStore
import Inventory

/// Figures of a store that takes the whole file.
struct WholeStore {
  static let figures = [
    "first-load", "ingest-many", "ingest-equal", "memory", "disk", "state", "current", "who",
    "history", "diff", "rollout", "rollup", "changes", "verify", "replay", "rebuild",
  ]
  /// Which question a figure asks.
  private static let questions = [
    ("state", "asof"), ("current", "current"), ("who", "who"), ("history", "history"),
    ("diff", "diff"), ("rollout", "rollout"), ("rollup", "rollup"), ("changes", "changes"),
  ]

  let requests: String
  let queries: String
  let list: FigureList

  func run() throws {
    let workspace = try Workspace()
    var sorted = SortedLoader(store: workspace.store)
    var reader = try LineReader(requests)
    while let line = try reader.next() { try sorted.take(line) }
    try sorted.finish()
    sorted.report(to: list)
    list.add(
      Figure(
        figure: "memory", units: Usage.maxResidentBytes, unit: "bytes",
        note: "most ever resident while ingesting, mapped pages of the file included"))
    let statistics = try workspace.store.statistics()
    let events = statistics.changeEvents
    let live = statistics.liveByteCount
    list.add(
      Figure(
        figure: "disk", units: events, unit: "events", extra: [("bytes", live)],
        note: "live pages; the file has \(statistics.fileByteCount) bytes"))
    let asking = try Asking(questions: Questions(store: workspace.store), queriesFile: queries)
    for (figure, kind) in Self.questions where list.wants(figure) {
      if let outcome = try asking.ask(kind) { list.add(Self.figure(figure, outcome)) }
    }
    try maintain(workspace.store, events: events, liveBytes: live)
  }

  /// Usage is that of asking each question once.
  static func figure(_ name: String, _ outcome: Asking.Outcome) -> Figure {
    let isPerEvent = name == "history" || name == "changes"
    let rounds = Double(outcome.repetitions)
    return Figure(
      figure: name, units: isPerEvent ? outcome.units : outcome.count,
      unit: isPerEvent ? "events" : "answers",
      usage: Usage(cpu: outcome.usage.cpu / rounds, wall: outcome.usage.wall / rounds),
      p50: outcome.times.percentile(50), p99: outcome.times.percentile(99), wrong: outcome.wrong,
      note: "\(outcome.count) questions, \(outcome.units) lines, "
        + "medians of \(outcome.repetitions) rounds")
  }

  private func maintain(_ store: HistoryStore, events: Int, liveBytes: Int) throws {
    let depths: [(String, VerificationDepth, String)] = [
      ("verify", .rows, "every row, and the hash chain"),
      ("replay", .replay, "every projection made again from the log and compared"),
    ]
    for (figure, depth, note) in depths where list.wants(figure) {
      var usage = Usage()
      let verification = try usage.measure { try store.verify(depth) }
      list.add(
        Figure(
          figure: figure, units: liveBytes, unit: "bytes", usage: usage,
          wrong: verification.isSound ? 0 : 1, note: note))
    }
    if list.wants("rebuild") {
      var usage = Usage()
      let records = try usage.measure { try store.rebuild().records }
      list.add(
        Figure(
          figure: "rebuild", units: events, unit: "events", usage: usage,
          note: "\(records) log records"))
    }
  }
}

/// Loads reports sorted by what they are: a node's first, a changed one, one equal to the last.
///
/// Each sort is stored in groups of its own, so that each can be timed alone. A node's reports keep
/// their order: what waits of a node is stored before its next report of another sort is taken.
struct SortedLoader {
  private enum Sort: Int { case first, changed, equal }

  private var loaders: [Loader]
  private var fingerprints: [String: UInt64] = [:]
  private var waiting: [String: Sort] = [:]

  init(store: HistoryStore, groupCount: Int = 64) {
    loaders = (0..<3).map { _ in Loader(store: store, groupCount: groupCount) }
  }

  mutating func take(_ body: [UInt8]) throws {
    guard let node = BodyText.node(body) else { throw Failure("a request lacks its InstanceId") }
    let fingerprint = BodyText.fingerprint(body)
    let before = fingerprints.updateValue(fingerprint, forKey: node)
    let sort: Sort = before.map { $0 == fingerprint ? .equal : .changed } ?? .first
    if let other = waiting[node], other != sort { try flush(other) }
    waiting[node] = sort
    try loaders[sort.rawValue].take(body)
    if loaders[sort.rawValue].isEmpty { forget(sort) }
  }

  mutating func finish() throws {
    for sort in [Sort.first, .changed, .equal] { try flush(sort) }
  }

  private mutating func flush(_ sort: Sort) throws {
    try loaders[sort.rawValue].flush()
    forget(sort)
  }

  private mutating func forget(_ sort: Sort) { waiting = waiting.filter { $0.value != sort } }

  func report(to list: FigureList) {
    let (first, changed, equal) = (loaders[0], loaders[1], loaders[2])
    list.add(
      Figure(
        figure: "first-load", units: first.changes, unit: "events", usage: first.usage,
        note: "\(first.reports) reports, \(first.groupCount) a commit"))
    list.add(
      Figure(
        figure: "ingest-many", units: changed.items, unit: "item reports", usage: changed.usage,
        extra: [("reports", changed.reports), ("events", changed.changes)],
        note: "\(changed.reports) changed reports, \(changed.groupCount) a commit"))
    list.add(
      Figure(
        figure: "ingest-equal", units: equal.reports, unit: "reports", usage: equal.usage,
        note: "reports equal to the node's last, as they come"))
  }
}
