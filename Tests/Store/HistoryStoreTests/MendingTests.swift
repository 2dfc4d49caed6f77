import CrashSupport
import Foundation
import Inventory
import LMDB
import PackedBytes
import Testing

@testable import HistoryStore

/// What a rebuild mends, and what it says of the rest.
@Suite struct MendingTests {
  /// Changes a closed store's rows behind its back.
  private func damage(
    _ folder: ScratchFolder, _ table: String,
    _ body: (inout LMDB.WriteTransaction, Database) throws -> Void
  ) throws {
    let environment = try Environment(path: folder.path + "/stocktake.lmdb", options: .init())
    var transaction = try environment.beginWrite()
    let database = try #require(try transaction.openDatabase(named: table, create: false))
    try body(&transaction, database)
    try transaction.commit()
  }

  /// A copy of a closed store.
  private func copy(_ folder: ScratchFolder) throws -> ScratchFolder {
    let copy = try ScratchFolder()
    try FileManager.default.copyItem(
      atPath: folder.path + "/stocktake.lmdb", toPath: copy.path + "/stocktake.lmdb")
    return copy
  }

  private func fill(_ folder: ScratchFolder) throws {
    let store = try HistoryStore(path: folder.path)
    let reports = try (0..<150).map { try NumberedReport(number: $0, seed: 3).report() }
    for result in try store.record(reports) { _ = try result.get() }
    try store.setControlRow(Array("key".utf8), to: Array("value".utf8))
    try store.forget(node: NumberedReport(number: 1, seed: 3).node(), reason: "test")
  }

  private static func lastRow(
    _ transaction: borrowing LMDB.WriteTransaction, _ database: Database
  ) throws -> (key: [UInt8], value: [UInt8]) {
    let view = transaction.view
    var cursor = try view.cursor(in: database)
    guard try cursor.last() else { throw Disagreement(description: "the table is empty") }
    return ([UInt8](copying: cursor.key), [UInt8](copying: cursor.value))
  }

  /// The value of a row that is there.
  private static func value(
    _ key: [UInt8], _ transaction: borrowing LMDB.WriteTransaction, _ database: Database
  ) throws -> [UInt8] {
    guard let value = try transaction.view.value(for: key.span.bytes, in: database) else {
      throw Disagreement(description: "the row is missing")
    }
    return [UInt8](copying: value)
  }

  enum Damage: CaseIterable { case unreadable, removed, cleared }

  @Test(arguments: Damage.allCases)
  func `every table that follows from the log is mended, whatever is in it`(
    _ damage: Damage
  ) throws {
    let folder = try ScratchFolder()
    try fill(folder)
    let names = Tables.names.filter { !["log", "meta", "seen", "control"].contains($0) }
    for name in names {
      let copy = try copy(folder)
      var isEmpty = false
      try self.damage(copy, name) { transaction, database in
        isEmpty = try transaction.view.statistics(of: database).entries == 0
        if isEmpty { return }
        let (key, _) = try Self.lastRow(transaction, database)
        switch damage {
        case .unreadable:
          let bytes = [UInt8](repeating: 0xff, count: 40)
          try transaction.put(bytes.span.bytes, for: key.span.bytes, in: database)
        case .removed: _ = try transaction.delete(key.span.bytes, in: database)
        case .cleared: try transaction.clear(database)
        }
      }
      let store = try HistoryStore(path: copy.path)
      guard !isEmpty else { continue }
      // Where a scope's own row cannot be read, that alone may be told.
      #expect((try? store.verify(.rows).isSound) != true, "\(name)")
      let rebuilding = try store.rebuild()
      #expect(rebuilding.records > 150)
      #expect(rebuilding.mended == [] && rebuilding.unmended == [], "\(name)")
      #expect(try store.verify().problems == [], "\(name)")
    }
  }

  @Test func `a sum over control rows that an older program left behind is added up anew`() throws {
    let folder = try ScratchFolder()
    try fill(folder)
    try damage(folder, "meta") { transaction, database in
      // As a process left it that went on from an old sum.
      let key = RowSums.key
      var value = try Self.value(key, transaction, database)
      value.removeLast(4)
      value[value.count - 1] ^= 0x55
      let sum = MetaRow.checksum(of: value, under: key)
      value += (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * UInt32($0))) }
      try transaction.put(value.span.bytes, for: key.span.bytes, in: database)
    }
    let store = try HistoryStore(path: folder.path)
    #expect(try store.verify().problems == ["table control is not as it was written"])
    let rebuilding = try store.rebuild()
    #expect(rebuilding.mended.count == 1, "\(rebuilding)")
    #expect(rebuilding.unmended == [])
    #expect(try store.verify().problems == [])
  }

  @Test func `damaged sums and facts of the store are made anew, and nothing is written before`()
    throws
  {
    let folder = try ScratchFolder()
    try fill(folder)
    for key in [MetaRow.key, RowSums.key] {
      let copy = try copy(folder)
      try damage(copy, "meta") { transaction, database in
        var value = try Self.value(key, transaction, database)
        value[1] ^= 1
        try transaction.put(value.span.bytes, for: key.span.bytes, in: database)
      }
      let store = try HistoryStore(path: copy.path)
      let problems = try store.verify().problems
      let report = try NumberedReport(number: 500, seed: 3).report()
      if key == MetaRow.key {
        #expect(throwsCode(.damaged) { _ = try store.record([report]) })
      } else {
        // Nothing that was acknowledged hangs on the sums.
        _ = try store.record([report])[0].get()
        #expect(problems == ["a row of table meta does not have its checksum"])
        #expect(try store.verify().problems == problems)
      }
      let rebuilding = try store.rebuild()
      #expect(rebuilding.mended.count == 1 && rebuilding.unmended == [], "\(rebuilding)")
      #expect(try store.verify().problems == [])
      let sequence = try store.lastSequence
      let next = try NumberedReport(number: 501, seed: 3).report()
      #expect(try store.record([next])[0].get().sequence?.value == sequence.value + 1)
      #expect(try store.verify().problems == [])
    }
  }

  @Test func `a log that was changed is not mended, and stays found`() throws {
    let folder = try ScratchFolder()
    try fill(folder)
    try damage(folder, "log") { transaction, database in
      let row = try Self.lastRow(transaction, database)
      var value = row.value
      // A letter of the reason for the erasure.
      value[value.count - 34] ^= 1
      try transaction.put(value.span.bytes, for: row.key.span.bytes, in: database)
    }
    let store = try HistoryStore(path: folder.path)
    #expect(try !store.verify(.rows).isSound)
    for _ in 0..<2 {
      let rebuilding = try store.rebuild()
      #expect(rebuilding.unmended.count == 1, "\(rebuilding)")
      #expect(try store.verify(.rows).problems == ["table log is not as it was written"])
    }
  }

  @Test func `when a node was last heard of is forgotten rather than guessed`() throws {
    let folder = try ScratchFolder()
    try fill(folder)
    try damage(folder, "seen") { transaction, database in
      let row = try Self.lastRow(transaction, database)
      var value = row.value
      value[2] ^= 1
      try transaction.put(value.span.bytes, for: row.key.span.bytes, in: database)
    }
    let store = try HistoryStore(path: folder.path)
    #expect(try !store.verify().isSound)
    #expect(try store.rebuild().unmended.count == 1)
    #expect(try store.verify().problems == [])
    #expect(try store.nodes().count { $0.lastSeen == nil } == 2)
  }
}
