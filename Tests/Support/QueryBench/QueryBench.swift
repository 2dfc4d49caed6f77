import Foundation
import Glibc
import HistoryStore
import Inventory
import InventorySQL
import SQLite

/// What SQL costs beside the library's own calls for the same answers, in one process and one run.
@main
enum QueryBench {
  static func main() throws {
    let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let nodes = numbers.first ?? 2000
    let items = numbers.dropFirst().first ?? 500
    let folder = NSTemporaryDirectory() + "query-bench-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let fleet = try BenchFleet(folder, nodes: nodes, items: items)
    print(
      "\(nodes) nodes of \(items) packages, 1 in 10 changed on each of 5 days; CPU time, medians")
    print("question                              rows     library         SQL    ratio")
    for comparison in try fleet.comparisons() { try comparison.measure() }
  }
}

/// A fleet whose packages are upgraded day by day.
final class BenchFleet {
  static let start = Instant(seconds: 1_772_496_000)
  private let store: HistoryStore
  private let nodes: [NodeID]

  init(_ folder: String, nodes count: Int, items: Int) throws {
    store = try HistoryStore(path: folder)
    nodes = try (0..<count).map { try NodeID("i-\(1_000_000 + $0)") }
    for day in 0..<5 {
      for first in stride(from: 0, to: count, by: 64) {
        let reports = (first..<min(first + 64, count)).map { number in
          Report(
            node: nodes[number],
            entries: [
              .init(
                type: .application,
                captureTime: Self.start.advanced(bySeconds: Int64(day * 86400 + number)),
                content: (0..<items).map { Self.package($0, number, day) })
            ])
        }
        for result in try store.record(reports) { _ = try result.get() }
      }
    }
  }

  private static func package(_ index: Int, _ node: Int, _ day: Int) -> Item {
    let step = (index + node) % 10 < day ? day : 0
    return [
      "Name": "package-\(index)", "Version": "1.\(step)-\(index % 7)", "Architecture": "x86_64",
    ]
  }

  func comparisons() throws -> [Comparing] {
    let at = Self.start.advanced(bySeconds: 3 * 86400)
    let (store, node) = (store, nodes[nodes.count / 2])
    let next = at.advanced(bySeconds: 86400)
    func sql(_ text: String) -> () throws -> Int {
      return {
        var count = 0
        _ = try InventoryQuery(text).run(
          on: store, .local, columns: { _ in },
          row: { row in
            count += row.isEmpty ? 0 : 1
            return true
          })
        return count
      }
    }
    return [
      Comparing("who had a package at a date", rounds: 31) {
        try store.holders(of: "package-7", at: at).reduce(0) { count, holder in
          count + (holder.node.text.isEmpty && holder.version == nil ? 0 : 1)
        }
      } sql: {
        try sql(
          "select resourceid, version from aws_application('\(at)') where name = 'package-7'")()
      },
      Comparing("a node's state at a date", rounds: 101) {
        try store.state(of: node, type: .application, at: at).items.reduce(0) { count, item in
          count + (item["Name"] == nil ? 0 : item["Version"] == nil ? 0 : 1)
        }
      } sql: {
        try sql("select name, version from aws_application('\(at)') where resourceid = '\(node)'")()
      },
      Comparing("roll-up at a date", rounds: 31) {
        try store.rollup(type: .application, at: at).reduce(0) { count, line in
          count + (line.version == nil ? 0 : 1)
        }
      } sql: {
        try sql("select name, version, nodes from rollup('Application', '\(at)')")()
      },
      Comparing("changes of a day", rounds: 5) {
        try store.changes(from: at, to: next).reduce(0) { count, change in
          count + (change.new?["Version"] == nil ? 0 : 1)
        }
      } sql: {
        try sql(
          "select resourceid, version_after from changes where valid_at >= '\(at)' and valid_at < '\(next)'"
        )()
      },
      Comparing("all items at a date, counted", rounds: 3) { [nodes] in
        try nodes.reduce(0) { count, node in
          count + (try store.state(of: node, type: .application, at: at).items.count)
        }
      } sql: {
        try sql("select count(*) from aws_application('\(at)')")()
      },
      Comparing("all items at a date, a column", rounds: 3) { [nodes] in
        try nodes.reduce(0) { count, node in
          try store.state(of: node, type: .application, at: at).items.reduce(into: count) {
            count, item in
            count += item["Version"] == nil ? 0 : 1
          }
        }
      } sql: {
        try sql("select sum(length(version)) from aws_application('\(at)')")()
      },
      Comparing("select 1", rounds: 101) {
        1
      } sql: {
        try sql("select 1")()
      },
    ]
  }
}

/// One question asked both ways.
struct Comparing {
  private let name: String
  private let rounds: Int
  private let library: () throws -> Int
  private let sql: () throws -> Int

  init(
    _ name: String, rounds: Int, library: @escaping () throws -> Int,
    sql: @escaping () throws -> Int
  ) {
    self.name = name
    self.rounds = rounds
    self.library = library
    self.sql = sql
  }

  /// Asks in turns, so that whatever else the machine does meets both.
  func measure() throws {
    var times: (library: [Double], sql: [Double]) = ([], [])
    var rows = 0
    for _ in 0..<rounds {
      let begin = Self.cpu
      rows = try library()
      let middle = Self.cpu
      _ = try sql()
      times.library.append(middle - begin)
      times.sql.append(Self.cpu - middle)
    }
    let (a, b) = (Self.median(times.library), Self.median(times.sql))
    print(
      name.padding(toLength: 34, withPad: " ", startingAt: 0)
        + String(format: "%8d %9.1f µs %9.1f µs %8.2f", rows, a * 1e6, b * 1e6, b / a))
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  /// CPU seconds of this thread.
  private static var cpu: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
