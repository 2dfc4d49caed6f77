import Foundation
import Inventory
import Synchronization

@testable import HistoryStore

/// A small store that holds every kind of row, made the same each time: its clock is told the time.
enum GoldenStore {
  static let node = NodeID(stored: "i-0123456789abcdef0")
  static let rack = TypeName(stored: "Custom:Rack")

  /// A time of the day on which everything in it happens.
  static func time(_ text: String) -> Instant {
    guard let time = Instant(captureTime: "2026-03-03T\(text)Z") else {
      preconditionFailure("\(text) is no time of day")
    }
    return time
  }

  /// Where the golden files are kept.
  static var folder: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Golden").path
  }

  /// The store as the present format writes it.
  static var file: String { folder + "/store-v2.lmdb" }

  /// The store as format 1 wrote it, that of 0.1; but for the id it is the same.
  static var first: String { folder + "/store-v1.lmdb" }

  /// The id that it has.
  static let id = StoreID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)

  /// Makes the store in a directory that holds none.
  static func make(in directory: String) throws {
    let clock = Mutex(time("09:00:00").milliseconds + 250)
    var configuration = HistoryStore.Configuration()
    configuration.clock = { clock.withLock { $0 } }
    configuration.makeID = { id }
    let store = try HistoryStore(path: directory, configuration: configuration)
    func record(
      _ node: NodeID, _ entries: [Report.Entry], in scope: Scope = .local, at now: Instant,
      origin: Report.Origin = .reported
    ) throws {
      clock.withLock { $0 = now.milliseconds + 250 }
      let report = Report(node: node, entries: entries, origin: origin)
      for result in try store.record([report], in: scope) { _ = try result.get() }
    }
    let bash = package("bash", "5.2.15-2+b7", "2026-01-10T08:00:00Z")
    let old = package("openssl", "3.0.15-1", "2026-01-10T08:00:00Z")
    let new = package("openssl", "3.0.16-1", "2026-03-03T09:41:07Z")
    try record(
      node,
      [
        applications("09:00:00", "h1", [bash, old]),
        Report.Entry(
          type: rack, captureTime: time("09:00:00"), content: [["Name": "r1", "Serial": "A7"]]),
      ], at: time("09:00:00"))
    try record(node, [applications("10:00:00", "h2", [bash, new])], at: time("10:00:00"))
    try record(
      node,
      [
        Report.Entry(
          type: .application, captureTime: time("11:00:00"), unchangedSince: "h2")
      ], at: time("11:00:00"))
    let curl = package("curl", "7.88.1-10", "2026-03-03T09:20:00Z")
    try record(
      node, [applications("09:30:00", nil, [bash, old, curl])], at: time("11:05:00"),
      origin: .imported(Report.Source("dpkg-log", tellsEveryChange: true)))
    let web = NodeID(stored: "web-2")
    try record(
      web,
      [
        applications("11:10:00", nil, [bash, new]),
        Report.Entry(
          type: TypeName(stored: "AWS:File"), captureTime: time("11:10:00"),
          content: [
            [
              "Name": "hosts", "InstalledDir": "/etc", "Size": "221",
              "ModificationTime": "2026-02-01T00:00:00Z", "LastAccessTime": "2026-03-03T11:00:00Z",
            ]
          ]),
      ], at: time("11:10:00"))
    clock.withLock { $0 = time("11:20:00").milliseconds }
    try store.recordOldTags(["env": "prod"], of: web, at: time("11:15:00"))
    try store.declareIdentity(of: rack, attributes: ["Serial"])
    try store.deleteType(rack, at: time("11:30:00"))
    try store.recordNodeEvent(.terminated, node: web, at: time("11:40:00"))
    let gone = NodeID(stored: "laptop-9")
    try record(
      gone, [applications("11:45:00", nil, [bash, package("vim", "9.0", "")])],
      at: time("11:45:00"))
    clock.withLock { $0 = time("11:50:00").milliseconds }
    try store.forget(node: gone, reason: "left the company")
    let other = try Scope(account: "123456789012", region: "eu-central-1")
    try record(node, [applications("11:55:00", nil, [bash])], in: other, at: time("11:55:00"))
    // Enough for several chunks, a keyframe and a row of the chain.
    let base = NodeID(stored: "db-1")
    for step in 0..<178 {
      let items = (0..<12).map { index in
        package("lib\(index)", "1.\(index.isMultiple(of: 2) ? step % 3 : 0)", "")
      }
      let now = time("12:00:00").advanced(bySeconds: Int64(step) * 60)
      let text = String(now.description.dropFirst(11).dropLast())
      try record(base, [applications(text, nil, items)], at: now)
    }
    // What a tail holds.
    try record(node, [applications("14:30:00", "h3", [bash])], in: other, at: time("14:30:00"))
    try record(
      node,
      [
        Report.Entry(
          type: .application, captureTime: time("14:40:00"), unchangedSince: "h3")
      ], in: other, at: time("14:40:00"))
  }

  static func package(_ name: String, _ version: String, _ installed: String) -> Item {
    var item: Item = ["Name": name, "Version": version, "Architecture": "x86_64"]
    if !installed.isEmpty { item["InstalledTime"] = installed }
    return item
  }

  private static func applications(
    _ text: String, _ hash: String?, _ items: [Item]
  ) -> Report.Entry {
    Report.Entry(
      type: .application, schemaVersion: "1.1", captureTime: time(text), contentHash: hash,
      content: items)
  }
}
