import FleetModel
import Foundation
import HistoryStore

/// What one fleet of a certain size and age comes to.
struct GrowthPoint {
  let shape: FleetShape
  let loading: GrowthLoading
  let statistics: Statistics
  let state: Asking.Outcome
  let holders: Asking.Outcome

  /// Makes up a fleet, loads it into a store of its own, and asks it.
  init(_ shape: FleetShape, questionCount: Int) throws {
    self.shape = shape
    let workspace = try Workspace()
    let fleet = try GrowthFleet(shape, questionCount: questionCount)
    var loading = GrowthLoading(shape, store: workspace.store)
    try loading.load(fleet)
    self.loading = loading
    statistics = try workspace.store.statistics()
    let asking = try Asking(
      questions: Questions(store: workspace.store), queriesFile: fleet.queriesFile)
    guard let state = try asking.ask("asof"), let holders = try asking.ask("who") else {
      throw Failure("the fleet has no questions")
    }
    (self.state, self.holders) = (state, holders)
  }

  var wrongCount: Int { state.wrong + holders.wrong }

  /// Names of the values, for programs and for people.
  static let columns = [
    ("nodes", "nodes"), ("days", "days"), ("events", "events"), ("first_us", "first load"),
    ("ingest_us", "ingest"), ("ingest_wall_us", "wall"), ("bytes_per_event", "B/event"),
    ("heap_mb", "heap MB"), ("mapped_mb", "mapped MB"), ("state_p50_us", "state p50"),
    ("state_p99_us", "p99"), ("who_p50_us", "who p50"), ("who_p99_us", "p99"),
    ("who_lines", "its nodes"),
  ]

  var values: [String] {
    let events = Double(max(1, statistics.changeEvents))
    let (first, last) = (loading.first, loading.last)
    return [
      "\(shape.nodeCount)", "\(shape.dayCount)", "\(statistics.changeEvents)",
      micro(first.usage.cpu, first.changes), micro(last.usage.cpu, last.items),
      micro(last.usage.wall, last.items),
      decimal(Double(statistics.liveByteCount) / events, 1),
      decimal(Double(loading.memory.anonymous) / 1e6, 1),
      decimal(Double(loading.memory.file) / 1e6, 1),
      decimal(state.times.percentile(50), 1), decimal(state.times.percentile(99), 1),
      decimal(holders.times.percentile(50), 1), decimal(holders.times.percentile(99), 1),
      "\(holders.units / max(1, holders.count))",
    ]
  }

  private func micro(_ seconds: Double, _ count: Int) -> String {
    decimal(seconds * 1e6 / Double(max(1, count)), 3)
  }
}

/// Loads a fleet in three parts, each timed alone: the first day, the most, and the last tenth.
struct GrowthLoading {
  private(set) var first: Loader
  private(set) var most: Loader
  private(set) var last: Loader
  /// The most that was ever resident.
  private(set) var memory = ResidentMemory()
  private let firstCount: Int
  private let mostCount: Int

  init(_ shape: FleetShape, store: HistoryStore) {
    func loader() -> Loader { Loader(store: store, groupCount: 64) }
    (first, most, last) = (loader(), loader(), loader())
    firstCount = shape.nodeCount
    mostCount = max(firstCount, shape.nodeCount * shape.dayCount * 9 / 10)
  }

  mutating func load(_ fleet: GrowthFleet) throws {
    var reader = try LineReader(fleet.requestsFile)
    var count = 0
    while let body = try reader.next() {
      if count == firstCount { try first.flush() }
      if count == mostCount { try most.flush() }
      switch count {
      case ..<firstCount: try first.take(body)
      case ..<mostCount: try most.take(body)
      default: try last.take(body)
      }
      count += 1
      if count.isMultiple(of: 512) { memory.raise(to: .now) }
    }
    try first.flush()
    try last.flush()
    memory.raise(to: .now)
    try fleet.finish()
  }
}
