import Foundation
import HistoryStore
import Inventory
import Synchronization
import Testing

@testable import Server

/// What `/metrics` tells: each with its meaning, as the document has it, and the nodes without a walk for each ask.
@Suite struct MetricTests {
  private let now = Instant(seconds: 1_772_496_000)

  /// The lines of a metric, without comments.
  private func lines(_ metrics: PrometheusMetrics, _ name: String) -> [String] {
    metrics.text().split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
  }

  @Test func `the document has a line for each metric and no other`() throws {
    let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/operations.md")
    let told = try String(contentsOf: document, encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix("| `stocktake_") }
    let expected = Metric.all.map { metric in
      let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
      return "| `\(metric.name)` | \(labels) | \(metric.help) |"
    }
    #expect(told.map(String.init) == expected)
  }

  @Test func `every metric says what it means, on the line before its kind`() {
    let metrics = PrometheusMetrics()
    for metric in Metric.all { metrics.set(metric, 1, metric.labels.map { ($0, "x") }) }
    _ = metrics.makeCounter(label: "somebody_elses_total", dimensions: [])
    let lines = metrics.text().split(separator: "\n").map(String.init)
    let helps = lines.filter { $0.hasPrefix("# HELP ") }
    #expect(helps.count == Metric.all.count + 1 && Set(helps).count == helps.count)
    for (index, line) in lines.enumerated() where line.hasPrefix("# HELP ") {
      let name = line.split(separator: " ")[2]
      #expect(lines[index + 1].hasPrefix("# TYPE \(name) "))
    }
  }

  @Test func `nodes are counted by how long they are silent`() {
    var count = FleetGauges.Count()
    for seconds in [0, 3600, 3601, 90_000, 700_000, 3_000_000] as [Int64] {
      count.take(now.advanced(bySeconds: -seconds), now: now)
    }
    count.take(nil, now: now)
    #expect(count.nodes == 7)
    // An hour, a day, a week, thirty days; an hour to the second is not silent for more than one.
    #expect(count.silent == [5, 4, 3, 2])
    #expect(count.oldest == now.advanced(bySeconds: -3_000_000) && count.newest == now)
  }

  @Test func `nodes are counted once a minute, with their pings, without those that are gone`()
    throws
  {
    let path = NSTemporaryDirectory() + "metrics-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let clock = Mutex(now.milliseconds - 2 * 86_400_000)
    var configuration = HistoryStore.Configuration()
    configuration.clock = { clock.withLock { $0 } }
    let store = try HistoryStore(path: path, configuration: configuration)
    func report(_ id: String, in scope: Scope = .local) throws {
      let time = Instant(milliseconds: clock.withLock { $0 })
      let entry = Report.Entry(type: .application, captureTime: time, content: [["Name": "bash"]])
      _ = try store.record([Report(node: NodeID(id), entries: [entry])], in: scope)[0].get()
    }
    for id in ["old", "pinged", "gone"] { try report(id) }
    try report("old", in: .standard)
    try store.recordNodeEvent(.terminated, node: NodeID("gone"), at: now)
    try store.recordNodeEvent(.registered, node: NodeID("quiet"), at: now)
    clock.withLock { $0 += 2 * 86_400_000 - 10_000 }
    try report("new")
    let metrics = PrometheusMetrics()
    let asked = Mutex(0)
    let pings = now.advanced(bySeconds: -20)
    let gauges = FleetGauges(store, metrics: metrics) { scope, node in
      asked.withLock { $0 += 1 }
      return node.text == "pinged" && scope == .local ? pings : nil
    }
    clock.withLock { $0 += 10_000 }
    gauges.look()
    #expect(lines(metrics, "stocktake_nodes") == ["stocktake_nodes 5"])
    #expect(
      lines(metrics, "stocktake_nodes_silent") == [
        #"stocktake_nodes_silent{for_seconds="2592000"} 1"#,
        #"stocktake_nodes_silent{for_seconds="3600"} 3"#,
        #"stocktake_nodes_silent{for_seconds="604800"} 1"#,
        #"stocktake_nodes_silent{for_seconds="86400"} 3"#,
      ])
    let oldest = "stocktake_oldest_seen_age_seconds"
    let newest = "stocktake_newest_seen_age_seconds"
    #expect(lines(metrics, oldest) == [oldest + " 172800"])
    #expect(lines(metrics, newest) == [newest + " 10"])
    #expect(asked.withLock { $0 } == 5)
    // Ages go on, and nobody walks over the nodes again.
    try report("newer")
    clock.withLock { $0 += 30_000 }
    gauges.look()
    #expect(asked.withLock { $0 } == 5)
    #expect(lines(metrics, "stocktake_nodes") == ["stocktake_nodes 5"])
    #expect(lines(metrics, newest) == [newest + " 40"])
  }

  @Test func `where nobody ever spoke, ages are no numbers`() throws {
    let path = NSTemporaryDirectory() + "metrics-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let metrics = PrometheusMetrics()
    FleetGauges(try HistoryStore(path: path), metrics: metrics) { _, _ in nil }.look()
    #expect(lines(metrics, "stocktake_nodes") == ["stocktake_nodes 0"])
    let oldest = "stocktake_oldest_seen_age_seconds"
    #expect(lines(metrics, oldest) == [oldest + " NaN"])
  }
}
