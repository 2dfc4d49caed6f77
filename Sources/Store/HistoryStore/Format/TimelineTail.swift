import LMDB
import PackedBytes

/// What lies behind the last row of a timeline and changes nothing: unchanged statements, and
/// observations equal to the one before.
///
/// Most reports say only that. A tail is small, and the tails of many nodes share a page, so that
/// they cost far less to write than the rows of a timeline. What grows past ``byteCountMax``, or has
/// to stand before something else, moves into the timeline. Whatever is in a tail was recorded after
/// everything in its timeline.
struct TimelineTail: Equatable {
  /// In order of their places, and so of their sequence numbers.
  var entries: [TimelineEntry] = []

  /// Some dozen entries.
  static let byteCountMax = 96

  /// Whether an entry may stand in a tail.
  static func takes(_ entry: TimelineEntry) -> Bool {
    switch entry.kind {
    case .confirmation: true
    case .observation: entry.changes == PackedChanges.none
    case .ended: false
    }
  }

  /// Appends one entry's bytes to a tail that ends at `last`; for the first entry, the zero place.
  static func encode(_ entry: TimelineEntry, after last: Place, into writer: inout ByteWriter) {
    writer.append(entry.kind.rawValue | (entry.source != 0 ? 4 : 0))
    writer.append(varint: UInt64(entry.place.valid - last.valid))
    writer.append(varint: entry.place.sequence - last.sequence)
    guard entry.isState else { return }
    if entry.source != 0 { writer.append(varint: UInt64(entry.source)) }
    writer.append(varint: entry.version)
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: Self.byteCountMax)
    var last = Place(valid: 0, sequence: 0)
    for entry in entries {
      Self.encode(entry, after: last, into: &writer)
      last = entry.place
    }
    return writer.bytes
  }

  init() {}

  /// The tail in the row of a key, or the empty one of a missing row.
  init(stored bytes: [UInt8], _ key: [UInt8], in table: Database) throws(StoreError) {
    do throws(PackedBytesError) { try self.init(bytes.rawSpan) } catch {
      throw StoreError(error, in: table, under: key)
    }
  }

  init(_ bytes: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    var place = Place(valid: 0, sequence: 0)
    while !reader.isAtEnd {
      let flags = try reader.byte()
      guard let kind = TimelineEntry.Kind(rawValue: flags & 3), kind != .ended else {
        throw PackedBytesError(offset: reader.position, expected: "a kind of entry of a tail")
      }
      place.valid &+= UInt32(truncatingIfNeeded: try reader.varint())
      place.sequence &+= try reader.varint()
      var entry = TimelineEntry(kind: kind, place: place)
      if entry.isState {
        if flags & 4 != 0 { entry.source = try reader.sourceNumber() }
        entry.version = try reader.versionIndex()
        entry.changes = PackedChanges.none
      }
      entries.append(entry)
    }
  }
}
