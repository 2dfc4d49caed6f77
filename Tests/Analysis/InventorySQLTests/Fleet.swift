import Foundation
import HistoryStore
import Inventory
import JSONTape
import SQLite
import Synchronization

@testable import InventorySQL

/// A store with a random past: late reports, ended inventories, types that some nodes never sent.
final class Fleet {
  static let start = Instant(seconds: 1_772_496_000)
  static let custom = TypeName(stored: "Custom:Rack-Info")
  static let types: [TypeName] = [.application, .instanceInformation, custom]

  let store: HistoryStore
  let nodes: [NodeID]
  let scope = Scope.local
  private let path: String
  private let clock = Mutex<Int64>(Fleet.start.milliseconds)
  private var generator: Generator

  init(seed: UInt64, nodeCount: Int = 6, reports: Int = 60) throws {
    path = NSTemporaryDirectory() + "sql-\(UUID().uuidString)"
    generator = Generator(seed: seed)
    nodes = try (1...nodeCount).map { try NodeID("web-\($0)") }
    var configuration = HistoryStore.Configuration()
    let time = Clock()
    configuration.clock = { time.milliseconds }
    store = try HistoryStore(path: path, configuration: configuration)
    for step in 0..<reports {
      time.set(Fleet.start.milliseconds + Int64(step) * 3_600_000)
      try record(step)
    }
    time.set(Fleet.start.milliseconds + Int64(reports) * 3_600_000)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A time among those of the reports, or around them.
  func time() -> Instant {
    Fleet.start.advanced(
      bySeconds: Int64(generator.below(70) - 5) * 3600 + Int64(generator.below(2)))
  }

  func node() -> NodeID { nodes[generator.below(nodes.count)] }

  func below(_ limit: Int) -> Int { generator.below(limit) }

  private func record(_ step: Int) throws {
    let node = node()
    // One in four comes late.
    let late = generator.below(4) == 0 ? Int64(generator.below(20)) : 0
    let time = Fleet.start.advanced(bySeconds: (Int64(step) - late) * 3600)
    if generator.below(15) == 0 {
      _ = try store.recordNodeEvent(.terminated, node: node, at: time)
      return
    }
    var entries = [
      Report.Entry(type: .application, captureTime: time, content: packages(time))
    ]
    if generator.below(2) == 0 {
      entries.append(
        Report.Entry(
          type: .instanceInformation, captureTime: time,
          content: [["ComputerName": "host-\(node.text)", "PlatformName": "Debian"]]))
    }
    if generator.below(3) == 0 {
      entries.append(
        Report.Entry(
          type: Fleet.custom, captureTime: time,
          content: [["Room": "B\(generator.below(2))", "Region": "north"]]))
    }
    for result in try store.record([Report(node: node, entries: entries)]) { _ = try result.get() }
  }

  private func packages(_ time: Instant) -> [Item] {
    ["openssl", "bash", "vim", "zlib", "O'Brien"].filter { _ in generator.below(4) > 0 }.map {
      name in
      [
        "Name": name, "Version": "\(generator.below(3)).0", "Architecture": "x86_64",
        "InstalledTime": Fleet.start.advanced(bySeconds: Int64(generator.below(3)) * 86400)
          .description,
      ]
    }
  }

  /// All rows of a query.
  func rows(_ sql: String, at: Instant? = nil, knownAt: Instant? = nil) throws -> [[SQLValue]] {
    var query = InventoryQuery(sql)
    query.at = at
    query.knownAt = knownAt
    return try rows(query)
  }

  func rows(_ query: InventoryQuery) throws -> [[SQLValue]] {
    var rows: [[SQLValue]] = []
    _ = try query.run(
      on: store, scope, now: store.now, columns: { _ in },
      row: {
        rows.append($0)
        return true
      })
    return rows
  }

  private final class Clock: Sendable {
    private let time = Mutex<Int64>(0)
    var milliseconds: Int64 { time.withLock { $0 } }
    func set(_ milliseconds: Int64) { time.withLock { $0 = milliseconds } }
  }
}

/// SplitMix64, so that a failure can be repeated from its seed.
struct Generator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func below(_ limit: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(limit))
  }
}

/// Rows in an order of their own, as SQL has none.
func sorted(_ rows: [[SQLValue]]) -> [[String]] {
  rows.map { $0.map { "\($0)" } }.sorted { $0.lexicographicallyPrecedes($1) }
}

extension SQLValue: ExpressibleByStringLiteral {
  /// A text.
  public init(stringLiteral text: String) { self = .text(text) }
}
