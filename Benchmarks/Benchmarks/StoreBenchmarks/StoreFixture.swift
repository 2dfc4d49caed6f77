import FleetModel
import Foundation
import HistoryStore
import Inventory

/// A store with 20 days of 64 nodes, and the days after them.
final class StoreFixture {
  static let loadedDays = 20
  static let freshDays = 30

  let store: HistoryStore
  /// Bodies whose last entry is no good, so that all of them is read and nothing stored.
  let unfit: [[UInt8]]

  private let folder: String
  private var days: [[[UInt8]]] = []
  private var nextDay = loadedDays
  private let nodes: [NodeID]
  private let names: [String]
  private var asked = 0

  init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("store-benchmarks-\(UUID().uuidString)").path
    store = try HistoryStore(path: folder)
    var shape = FleetShape(nodeCount: 64, dayCount: Self.loadedDays + Self.freshDays)
    shape.lateChance = 0
    // Every node takes what comes out, so that most reports of most days are changed ones.
    shape.churn = 0.02
    var model = FleetModel(shape)
    var names: [String] = []
    while let report = model.next() {
      if report.day == days.count { days.append([]) }
      days[report.day].append(model.body(of: report))
      if names.isEmpty { names = report.items.map { model.catalogue.name($0.version) } }
    }
    self.names = names
    nodes = try (0..<shape.nodeCount).map { try NodeID(model.name(of: $0)) }
    let bad = #",{"TypeName":"AWS:Network","SchemaVersion":"1.0","CaptureTime":"never"}]}"#
    unfit = days[0].map { $0.dropLast(2) + Array(bad.utf8) }
    for day in days[..<Self.loadedDays] { try record(day) }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The next day's reports; the last again when there are no more.
  func freshDay() -> [[UInt8]] {
    defer { nextDay = min(nextDay + 1, days.count - 1) }
    return days[nextDay]
  }

  func record(_ bodies: [[UInt8]]) throws {
    for result in try store.record(json: bodies) { _ = try result.get() }
  }

  func refuse(_ bodies: [[UInt8]]) throws {
    for case .success in try store.record(json: bodies) { throw CancellationError() }
  }

  func state() throws -> InventoryState {
    try store.state(of: node(), type: .application, at: time())
  }

  func difference() throws -> [TypeDifference] {
    let to = time()
    return try store.diff(
      of: node(), type: .application, from: to.advanced(bySeconds: -7 * 86400), to: to)
  }

  func history() throws -> Int { try store.history(of: node(), type: .application).count }

  func holders() throws -> Int {
    try store.holders(of: names[asked % names.count], at: time()).count
  }

  /// Another node each time.
  private func node() -> NodeID {
    asked += 7
    return nodes[asked % nodes.count]
  }

  /// Another of the loaded days each time.
  private func time() -> Instant {
    asked += 1
    return Instant(seconds: FleetModel.endOfDay(asked % Self.loadedDays))
  }
}
