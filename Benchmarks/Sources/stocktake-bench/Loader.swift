import Foundation
import HistoryStore
import Inventory

/// Feeds bodies to a store in groups, each one durable transaction, and counts.
struct Loader {
  let store: HistoryStore
  let groupCount: Int
  private(set) var reports = 0
  private(set) var items = 0
  private(set) var changes = 0
  private(set) var usage = Usage()
  private var group: [[UInt8]] = []

  init(store: HistoryStore, groupCount: Int) {
    self.store = store
    self.groupCount = groupCount
    group.reserveCapacity(groupCount)
  }

  var isEmpty: Bool { group.isEmpty }

  mutating func take(_ body: [UInt8]) throws {
    group.append(body)
    if group.count == groupCount { try flush() }
  }

  /// Stores what waits.
  ///
  /// Only the store's own work counts, not that of making the bodies.
  mutating func flush() throws {
    guard !group.isEmpty else { return }
    let bodies = group
    for result in try usage.measure({ try store.record(json: bodies) }) {
      let receipt = try result.get()
      reports += 1
      items += receipt.itemCount
      changes += receipt.changeCount
    }
    group.removeAll(keepingCapacity: true)
  }
}

/// A store in a folder that is gone afterwards, unless the caller named it.
final class Workspace {
  let store: HistoryStore
  let path: String
  private let isTemporary: Bool

  init(_ path: String? = nil) throws {
    isTemporary = path == nil
    self.path =
      path
      ?? FileManager.default.temporaryDirectory
      .appendingPathComponent("stocktake-bench-\(UUID().uuidString)").path
    guard !FileManager.default.fileExists(atPath: self.path) else {
      throw Failure("\(self.path) is there already; name a folder that is not")
    }
    var configuration = HistoryStore.Configuration()
    // A modelled fleet may reach beyond today, and its nodes may be large.
    configuration.limits.captureTimeAheadSecondsMax = 1 << 32
    configuration.limits.bodyBytesMax = ReportLimits.bodyBytesCeiling
    store = try HistoryStore(path: self.path, configuration: configuration)
  }

  deinit {
    if isTemporary { try? FileManager.default.removeItem(atPath: path) }
  }
}
