package import PackedBytes

/// A report in the one form that is compared and stored, whatever it was read from.
///
/// An item's shared content is written as `(length of name, name, varint length of value, value)*`
/// in order of the names' bytes; so two items are the same content if and only if their bytes are
/// the same. Attributes of the occurrence are taken out of it; see ``Occurrence``.
package struct CanonicalReport: Sendable {
  /// What the report says of one type.
  package struct Entry: Sendable {
    package var type: TypeName
    package var schemaVersion: String
    package var captureTime: Instant
    package var contentHash: String?
    /// The observation; nil for an unchanged statement.
    package var content: CanonicalContent?
  }

  package var node: NodeID
  package var origin: Report.Origin
  package var entries: [Entry]
  /// Whether `CaptureTime` occurs in the body as the member of its entries and nowhere else, so that
  /// a ``BodyFingerprint`` can be taken.
  package var hasPlainCaptureTimes = false
  /// Which generation of the owner's content numbers its known contents are of; nil where it has
  /// none.
  package var knownGeneration: UInt64?
}

/// All items of one observation, packed one behind the other.
package struct CanonicalContent: Sendable {
  /// Where the bytes of one item or complex occurrence lie, and their keyed hash.
  package struct Piece: Sendable {
    package var offset: Int
    package var byteCount: Int
    package var hash: UInt64
  }

  /// One item: its shared content and what belongs to this occurrence.
  package struct Element: Sendable {
    package var piece: Piece
    /// A ``Occurrence/complex(_:)`` here holds an index into ``complexOccurrences``.
    package var occurrence: Occurrence
    /// What the owner of a ``KnownItems`` calls the content; 0 where only ``piece`` tells it.
    package var knownContent: UInt32 = 0
  }

  /// An item that was read because its text is not known, and where in the body that is.
  package struct ReadItem: Sendable {
    package var element: Int
    package var text: Range<Int>
  }

  package let buffer: GrowingBytes
  package var elements: [Element] = []
  package var complexOccurrences: [Piece] = []
  /// Items whose text can be learned.
  package var readItems: [ReadItem] = []
  /// Whether some item has an attribute of the name `CaptureTime`.
  package var hasCaptureTimeAttribute = false

  package init(capacity: Int) { buffer = GrowingBytes(capacity: capacity) }

  /// The bytes of one piece.
  @_lifetime(borrow self)
  package func bytes(of piece: Piece) -> RawSpan {
    let span = buffer.span(piece.offset, piece.offset + piece.byteCount)
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}

/// What one occurrence of an item has beside the content that it shares with other nodes.
///
/// One number: nothing; or the time in the type's first occurrence attribute, in seconds; or the id
/// of bytes that are kept like a content, for whatever is neither.
package struct Occurrence: Hashable, Sendable {
  /// Bits 0 and 1 say what it is (0 none, 1 time, 2 complex), the others the zigzag seconds or the id.
  package var rawValue: UInt64

  @inlinable package init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Nothing beside the content.
  package static let none = Occurrence(rawValue: 0)

  /// The first occurrence attribute is this time, written `YYYY-MM-DDTHH:MM:SSZ`.
  @inlinable package static func time(_ seconds: Int64) -> Occurrence {
    let zigzag = UInt64(bitPattern: (seconds << 1) ^ (seconds >> 63))
    return Occurrence(rawValue: zigzag << 2 | 1)
  }

  /// Bytes kept elsewhere under an id.
  @inlinable package static func complex(_ id: UInt32) -> Occurrence {
    Occurrence(rawValue: UInt64(id) << 2 | 2)
  }

  /// The seconds, for a time.
  @inlinable package var seconds: Int64? {
    guard rawValue & 3 == 1 else { return nil }
    let zigzag = rawValue >> 2
    return Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
  }

  /// The id, for complex bytes.
  @inlinable package var complexID: UInt32? {
    rawValue & 3 == 2 ? UInt32(truncatingIfNeeded: rawValue >> 2) : nil
  }
}

/// The attributes in the bytes of a canonical item, one after another.
package struct CanonicalAttributes: ~Escapable {
  private var reader: ByteReader

  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan) { reader = ByteReader(bytes) }

  /// The next attribute's name and value, or nil at the end or where the bytes are damaged.
  @_lifetime(self: copy self)
  package mutating func next() -> Item.Attribute? {
    guard !reader.isAtEnd else { return nil }
    guard let name = try? reader.string(), let value = try? reader.string() else { return nil }
    return Item.Attribute(name: name, value: value)
  }
}
