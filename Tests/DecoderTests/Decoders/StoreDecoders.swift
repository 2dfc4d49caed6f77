import Compression
import Inventory
import PackedBytes

@testable import HistoryStore

// What stands in a store's tables: read by every question, also after somebody else wrote to the file.

extension Decoder {
  static let logRecord = Decoder(
    "log-record",
    [
      Part("record") { bytes in
        let sequence: UInt64 = 1 << 40
        _ = try? LogRecord.recorded(in: bytes.span.bytes)
        let record = try LogRecord(bytes.span.bytes, sequence: sequence)
        guard case .report(let report) = record.body else { return }
        for entry in report.entries {
          for definition in entry.observation?.definitions ?? [] {
            let names = (0..<definition.values.count).map { Array("\($0)".utf8) }
            _ = try? definition.canonicalBytes(names: names, baseValues: names)
          }
        }
      }
    ])

  static let rows = Decoder(
    "rows",
    [
      Part("meta") { bytes in
        let key = MetaRow.key
        _ = MetaRow.isIntact(bytes.span.bytes, under: key.span.bytes)
        _ = try MetaRow(bytes.span.bytes)
      },
      Part("seen") { bytes in _ = try SeenRow(bytes.span.bytes) },
      Part("scope") { bytes in
        let row = try ScopeRow(bytes.span.bytes)
        let again = row.encoded()
        hold(try ScopeRow(again.span.bytes) == row, "a scope's row is read otherwise than written")
      },
      Part("hash") { bytes in
        let row = try HashRow(bytes.span.bytes)
        let again = row.encoded()
        hold(try HashRow(again.span.bytes) == row, "a hash row is read otherwise than written")
        hold(
          try HashRow.tells(again.span.bytes, row.contentHash, of: row.sequence),
          "a hash row does not tell what it says")
      },
      Part("node") { bytes in
        let row = try NodeRow(bytes.span.bytes)
        _ = row
      },
      Part("erasure") { bytes in _ = try ErasureRow(bytes.span.bytes) },
      Part("type") { bytes in
        let row = try TypeRow(bytes.span.bytes, number: 7)
        _ = row.identity(of: bytes.span.bytes)
        let again = row.encoded()
        hold(
          try TypeRow(again.span.bytes, number: 7).encoded() == again,
          "a type's row is read otherwise than written")
      },
      Part("shape") { bytes in
        let names = try decodeShape(bytes.span.bytes)
        let again = encodeShape(names)
        hold(
          try decodeShape(again.span.bytes) == names,
          "a shape is read otherwise than written")
      },
      Part("canonical") { bytes in
        let split = try splitCanonical(bytes.span.bytes)
        hold(
          try canonicalNames(bytes.span.bytes) == split.names,
          "two ways to the names of an item differ")
        var attributes = CanonicalAttributes(bytes.span.bytes)
        while attributes.next() != nil {}
      },
      Part("keys") { bytes in
        let series = Series(scope: 1, node: 2, type: 3)
        _ = Key.place(inTimelineKey: bytes.span.bytes, of: series)
        _ = PostingRow.moment(in: bytes.span.bytes)
      },
    ])

  static let timeline = Decoder(
    "timeline",
    [
      Part("chunk") { bytes in
        let chunk = try TimelineChunk(
          bytes.span.bytes, at: Place(valid: 1 << 30, sequence: 1 << 40))
        for entry in chunk.entries where entry.isState {
          _ = try? PackedChanges.changes(from: entry.changes.span.bytes, at: entry.place.valid)
        }
      },
      Part("tail") { bytes in _ = try TimelineTail(bytes.span.bytes) },
      Part("changes") { bytes in
        let changes = try PackedChanges.changes(from: bytes.span.bytes, at: 1 << 30)
        let layout = try PackedChanges.layout(from: bytes.span.bytes, at: 1 << 30)
        var other = Layout()
        other.apply(changes)
        hold(other == layout, "two ways to apply changes differ")
        let again = PackedChanges.encoded(layout, at: 1 << 30)
        hold(
          try PackedChanges.layout(from: again.span.bytes, at: 1 << 30) == layout,
          "a layout is read otherwise than written")
      },
    ])

  static let postings = Decoder(
    "postings",
    [
      Part("row") { bytes in
        var set = HolderSet()
        _ = try? set.take(row: bytes.span.bytes, startingAt: .first, upTo: 1 << 31)
        set.forEach { _, _ in }
        var head = ByteReader(bytes.span.bytes)
        _ = try? ContentCounts(&head)
        var count = 0
        try PostingRow.forEach(in: bytes.span.bytes, startingAt: .first) { _ in
          count += 1
          return true
        }
      },
      Part("pool") { bytes in
        try PostingPool.forEach(in: bytes.span.bytes, base: 32) { _, _ in
          true
        } _: { _ in
        }
      },
      Part("keyframe") { bytes in
        var set = HolderSet()
        try set.take(keyframe: bytes.span.bytes)
        let again = set.keyframe()
        var other = HolderSet()
        try other.take(keyframe: again.span.bytes)
        hold(other.keyframe() == again, "a keyframe is read otherwise than written")
      },
    ])
}
