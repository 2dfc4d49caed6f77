import Foundation
import HistoryStore
import Inventory

/// Measures what the store promises: ingest in processor time, disk, memory, questions.
///
///     store-benchmarks                       a synthetic fleet, 200 nodes × 30 days × 500 items
///     store-benchmarks REQUESTS.jsonl        PutInventory requests, one JSON object a line
@main
struct StoreBenchmarks {
  static func main() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "store-benchmarks-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try HistoryStore(path: folder.path)
    var ingest = Ingest(store: store)
    if CommandLine.arguments.count > 1 {
      try ingest.run(file: CommandLine.arguments[1])
    } else {
      var fleet = SyntheticFleet(nodeCount: 200, dayCount: 30, itemCount: 500)
      try fleet.forEachRequest { try ingest.take($0) }
    }
    try ingest.finish()
    ingest.report()
    try reportSize(of: store)
    try reportQuestions(store)
  }

  private static func reportSize(of store: HistoryStore) throws {
    let statistics = try store.statistics()
    let events = Double(max(1, statistics.changeEvents))
    line("change events", "\(statistics.changeEvents)")
    line("live pages per change event", "\(rounded(Double(statistics.liveByteCount) / events)) B")
    for table in statistics.tables where table.byteCount > statistics.liveByteCount / 50 {
      line("  of it \(table.name)", "\(rounded(Double(table.byteCount) / events)) B")
    }
    line("resident memory, largest", "\(residentMegabytes()) MB")
  }

  private static func reportQuestions(_ store: HistoryStore) throws {
    let nodes = try store.nodes().map(\.node)
    guard let last = try nodes.last.map({ try store.state(of: $0, type: .application) }),
      let newest = last.observedAt
    else { return }
    var states: [Double] = []
    for index in 0..<4000 {
      let node = nodes[index * 7919 % nodes.count]
      let at = newest.advanced(bySeconds: -Int64(index * 31 % 30) * 86400)
      states.append(
        try microseconds { _ = try store.state(of: node, type: .application, at: at) })
    }
    percentiles("state at a date", states)
    let names = last.items.compactMap { $0["Name"] }
    var holders: [Double] = []
    for index in 0..<1000 {
      let name = names[index * 7919 % names.count]
      let at = newest.advanced(bySeconds: -Int64(index % 30) * 86400)
      holders.append(try microseconds { _ = try store.holders(of: name, at: at) })
    }
    percentiles("who had it at a date", holders)
    var changes = 0
    let time = try microseconds {
      for node in nodes { changes += try store.history(of: node).count }
    }
    line("history, per change", "\(rounded(time / Double(max(1, changes)))) µs")
  }

  private static func percentiles(_ name: String, _ times: [Double]) {
    let sorted = times.sorted()
    let p50 = sorted[sorted.count / 2]
    let p99 = sorted[sorted.count * 99 / 100]
    line(name, "p50 \(rounded(p50)) µs, p99 \(rounded(p99)) µs")
  }
}

/// Feeds requests to a store in groups and counts.
struct Ingest {
  let store: HistoryStore
  private var group: [[UInt8]] = []
  private var items = 0
  private var reports = 0
  private var seconds = 0.0

  /// Reports that share one durable commit.
  static let groupCount = 64

  init(store: HistoryStore) { self.store = store }

  mutating func run(file: String) throws {
    guard let input = fopen(file, "r") else {
      throw CocoaError(.fileReadNoSuchFile, userInfo: [NSFilePathErrorKey: file])
    }
    defer { fclose(input) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while true {
      let count = getline(&line, &capacity, input)
      guard count > 0, let line else { return }
      try take(
        [UInt8](UnsafeRawBufferPointer(start: line, count: count).prefix { $0 != 0x0a }))
    }
  }

  mutating func take(_ request: [UInt8]) throws {
    group.append(request)
    if group.count == Self.groupCount { try finish() }
  }

  mutating func finish() throws {
    let start = processorSeconds()
    for result in try store.record(json: group) {
      items += try result.get().itemCount
      reports += 1
    }
    seconds += processorSeconds() - start
    group.removeAll(keepingCapacity: true)
  }

  func report() {
    line("reports, \(Self.groupCount) a durable commit", "\(reports)")
    line("item reports", "\(items)")
    line("item reports per processor second", "\(Int(Double(items) / seconds))")
  }
}

func line(_ name: String, _ value: String) {
  print(name.padding(toLength: 40, withPad: " ", startingAt: 0) + value)
}

func rounded(_ value: Double) -> String { String(format: "%.1f", value) }

func microseconds(_ body: () throws -> Void) rethrows -> Double {
  let start = DispatchTime.now().uptimeNanoseconds
  try body()
  return Double(DispatchTime.now().uptimeNanoseconds - start) / 1000
}

/// User and system time of this process.
func processorSeconds() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
  return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

func residentMegabytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss / 1024
}
