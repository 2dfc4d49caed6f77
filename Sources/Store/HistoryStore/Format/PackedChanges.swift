import Compression
import PackedBytes

/// Slot changes as a value by themselves, as entries of a timeline and keyframes hold them.
///
/// Long ones are compressed: first contents mostly, whose slots and times repeat. They begin with
/// the count 0, which nothing follows otherwise.
enum PackedChanges {
  /// What stands for no changes at all.
  static let none: [UInt8] = [0]

  /// The longest value changes every slot, each with the longest numbers.
  private static let frame = Frame(
    byteCountMin: 512, byteCountMax: SlotChangeCodec.byteCountMax)

  static func encoded(_ changes: [SlotChange], at valid: UInt32) -> [UInt8] {
    if changes.isEmpty { return none }
    var writer = ByteWriter(capacity: 8 + changes.count * 6)
    SlotChangeCodec.encode(changes, at: valid, into: &writer)
    let plain = writer.bytes
    guard let frame = Self.frame.pack(plain.rawSpan) else { return plain }
    var packed = ByteWriter(capacity: frame.count + 8)
    packed.append(0 as UInt8)
    packed.append(frame: frame, of: plain.count)
    return packed.bytes
  }

  /// A whole layout: the changes that make it from nothing.
  static func encoded(_ layout: Layout, at valid: UInt32) -> [UInt8] {
    encoded(Layout().changes(to: layout), at: valid)
  }

  /// Hands over one change after another.
  @inline(__always)
  static func decode(
    _ bytes: RawSpan, at valid: UInt32, _ body: (SlotChange) -> Void
  ) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    if let plain = try decompressed(bytes) {
      var reader = ByteReader(plain.rawSpan)
      do throws(PackedBytesError) { try SlotChangeCodec.decode(&reader, at: valid, body) } catch {
        // Places in a row are those of packed bytes.
        throw PackedBytesError(offset: 0, expected: error.expected)
      }
    } else {
      try SlotChangeCodec.decode(&reader, at: valid, body)
    }
  }

  /// Whether a Zstandard frame holds the changes.
  @inline(__always)
  static func isCompressed(_ bytes: RawSpan) -> Bool {
    guard bytes.byteCount > 1 else { return false }
    return unsafe bytes.unsafeLoad(as: UInt8.self) == 0
  }

  /// The changes behind a frame; nil where there is none.
  private static func decompressed(_ bytes: RawSpan) throws(PackedBytesError) -> [UInt8]? {
    guard isCompressed(bytes) else { return nil }
    var reader = ByteReader(bytes)
    _ = try reader.byte()
    return try reader.unpacked(frame)
  }

  static func changes(
    from bytes: RawSpan, at valid: UInt32
  ) throws(PackedBytesError) -> [SlotChange] {
    var changes: [SlotChange] = []
    try decode(bytes, at: valid) { changes.append($0) }
    return changes
  }

  static func layout(from bytes: RawSpan, at valid: UInt32) throws(PackedBytesError) -> Layout {
    var slots = SlotBuffer()
    try slots.apply(bytes, at: valid)
    return Layout(slots: slots.slots)
  }
}
