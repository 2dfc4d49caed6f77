import Digests
import Inventory
import LMDB
import PackedBytes
import Testing

@testable import HistoryStore

@Suite struct ForgeryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a record rewritten by something else than an erasure is found out`() throws {
    let path = folder.path
    let store = try HistoryStore(path: path)
    let time = try #require(Instant(captureTime: "2026-03-03T09:00:00Z"))
    _ = try store.record([
      Report(
        node: try NodeID("i-1"),
        entries: [
          Report.Entry(type: .application, captureTime: time, content: [["Name": "bash"]])
        ])
    ])
    try store.write { writer, transaction throws(StoreError) in
      let key = Key.log(1, 2)
      guard let bytes = try transaction.view.bytes(key, writer.tables.log) else { return }
      var record: LogRecord
      do throws(PackedBytesError) {
        record = try LogRecord(bytes.span.bytes, sequence: 2)
      } catch { throw StoreError(error, in: "log") }
      record.originalDigest = writer.sha.digest(key.span.bytes, bytes.span.bytes)
      guard case .report(var report) = record.body else { return }
      report.entries[0].observation?.definitions[0].values = [Array("evil".utf8)]
      record.body = .report(report)
      try writer.put(record.encoded(sequence: 2), key, writer.tables.log, &transaction)
      _ = try writer.rebuild(&transaction, progress: nil)
    }
    #expect(try !store.verify().isSound)
  }

  @Test func `an unchanged statement is never older than what it confirms`() throws {
    let store = try HistoryStore(path: folder.path)
    let time = try #require(Instant(captureTime: "2026-03-03T09:00:00Z"))
    let node = try NodeID("i-1")
    for (offset, hash) in [(0, "h1"), (100, "h2")] {
      _ = try store.record([
        Report(
          node: node,
          entries: [
            Report.Entry(
              type: .application, captureTime: time.advanced(bySeconds: Int64(offset)),
              contentHash: hash, content: [["Name": "bash", "Version": hash]])
          ])
      ])
    }
    _ = try store.record([
      Report(
        node: node,
        entries: [
          Report.Entry(
            type: .application, captureTime: time.advanced(bySeconds: 50), unchangedSince: "h2")
        ])
    ])
    let old = try store.state(of: node, type: .application, at: time.advanced(bySeconds: 60))
    #expect(old.lastConfirmed == nil)
    let new = try store.state(of: node, type: .application)
    #expect(new.lastConfirmed == time.advanced(bySeconds: 100))
  }

  @Test func `limits beyond their ceilings are refused`() throws {
    var configuration = HistoryStore.Configuration()
    configuration.limits.bodyBytesMax = ReportLimits.bodyBytesCeiling + 1
    let path = folder.path
    #expect(throws: StoreError.self) {
      try HistoryStore(path: path, configuration: configuration)
    }
  }
}
