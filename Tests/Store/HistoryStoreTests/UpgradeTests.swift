import Foundation
import Inventory
import LMDB
import Testing

@testable import HistoryStore

/// A store of before is read and written as it is, and brought to the newest format when that is asked for.
@Suite struct UpgradeTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/store" }

  init() throws {
    folder = try TemporaryFolder()
    try HistoryStore.restore(from: GoldenStore.first, to: path)
  }

  private func report(_ minute: Int64) throws -> Report {
    let entry = Report.Entry(
      type: .application,
      captureTime: GoldenStore.time("20:00:00").advanced(bySeconds: minute * 60),
      content: [["Name": "bash", "Version": "\(minute)"]])
    return Report(node: try NodeID("new-1"), entries: [entry])
  }

  @Test func `a store of format 1 stays one while it is read and written`() throws {
    do {
      let store = try HistoryStore(path: path)
      #expect(try store.format == 1 && store.id == nil)
      _ = try store.record([report(0)])[0].get()
    }
    let store = try HistoryStore(path: path)
    #expect(try store.format == 1 && store.id == nil)
    #expect(try store.verify().problems == [])
  }

  @Test func `an upgrade keeps everything and gives an id, once`() throws {
    let before = try HistoryStore(path: path).changes(after: .zero, limit: .max).map(\.self)
    var configuration = HistoryStore.Configuration()
    configuration.makeID = { GoldenStore.id }
    let done = try HistoryStore.upgrade(path: path, configuration: configuration)
    #expect(done == .init(from: 1, to: 2))
    let again = try HistoryStore.upgrade(path: path)
    #expect(again == .init(from: 2, to: 2))
    let store = try HistoryStore(path: path)
    #expect(try store.format == 2 && store.id == GoldenStore.id)
    #expect(try store.changes(after: .zero, limit: .max).map(\.self) == before)
    #expect(try store.verify().problems == [])
    _ = try store.record([report(0)])[0].get()
    _ = try store.rebuild()
    #expect(try store.verify().problems == [] && store.id == GoldenStore.id)
  }

  @Test func `copies and backups have the store's id, and each store has its own`() throws {
    let store = try HistoryStore(path: folder.path + "/a")
    _ = try store.record([report(0)])[0].get()
    let id = try #require(try store.id)
    #expect(id.description.utf8.count == 32)
    try store.backup(to: folder.path + "/copy.lmdb")
    try HistoryStore.restore(from: folder.path + "/copy.lmdb", to: folder.path + "/b")
    #expect(try HistoryStore(path: folder.path + "/b").id == id)
    let other = try HistoryStore(path: folder.path + "/c")
    _ = try other.record([report(0)])[0].get()
    #expect(try other.id != id && other.format == HistoryStore.newestFormat)
  }

  @Test func `nothing is upgraded that is not there, or of a newer format`() throws {
    #expect(throws: StoreError.self) { try HistoryStore.upgrade(path: folder.path + "/none") }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/none"))
    try setFormat(HistoryStore.newestFormat + 1)
    let error = #expect(throws: StoreError.self) { try HistoryStore.upgrade(path: path) }
    #expect(error?.code == .newerFormat)
  }

  @Test func `a process that has the store open when it is upgraded reads and writes no more`()
    throws
  {
    let store = try HistoryStore(path: path)
    _ = try store.record([report(0)])[0].get()
    // What another process does to the file: past the writer of this one, which may not open it twice.
    var row = MetaRow(id: nil)
    row.format = HistoryStore.newestFormat + 1
    var transaction = try store.environment.beginStoreWrite()
    let key = MetaRow.key
    try transaction.put(
      row.encoded().span.bytes, for: key.span.bytes, in: store.tables.meta)
    try transaction.commit()
    for attempt in [
      { _ = try store.nodes() }, { _ = try store.record([try report(1)]) },
      { _ = try store.rebuild() },
    ] as [() throws -> Void] {
      let error = #expect(throws: StoreError.self) { try attempt() }
      #expect(error?.code == .newerFormat)
    }
  }

  private func setFormat(_ format: Int) throws {
    let store = try HistoryStore(path: path)
    try store.write { writer, _ throws(StoreError) in writer.meta.format = format }
  }
}
