import PackedBytes

/// One line of a posting list: at a valid time, on a node, something about some contents.
///
/// A holders list says which content a node lost or gained; the activity list counts changes.
struct Posting: Equatable {
  /// Which numbers follow.
  enum Form: UInt8 {
    /// `a` is the content that the node no longer has.
    case removed = 0
    /// `a` is the content that the node now has.
    case added = 1
    /// `a` is the content that went, `b` the one in its place.
    case changed = 2
    /// `a` is the type; `b`, `c`, `d` count items added, changed, removed.
    case counts = 3
  }

  var valid: UInt32
  var node: NodeNumber
  var form: Form
  var a: UInt32 = 0
  var b: UInt32 = 0
  var c: UInt32 = 0
  var d: UInt32 = 0

  /// What orders a list; postings of one moment and node keep the order in which they came.
  var moment: Moment { Moment(valid: valid, node: node) }

  struct Moment: Comparable, Hashable {
    var valid: UInt32
    var node: NodeNumber

    static func < (a: Self, b: Self) -> Bool { (a.valid, a.node) < (b.valid, b.node) }
  }
}

/// Neighbouring postings of one list, in one row whose key ends with the first one's moment.
enum PostingChunk {
  /// See ``TimelineChunk/byteCountMax``.
  static let byteCountMax = 1024

  static func encode(
    _ posting: Posting, relativeTo start: UInt32, into writer: inout ByteWriter
  ) {
    writer.append(varint: UInt64(posting.valid - start))
    writer.append(varint: UInt64(posting.node) << 2 | UInt64(posting.form.rawValue))
    writer.append(varint: UInt64(posting.a))
    switch posting.form {
    case .removed, .added: break
    case .changed: writer.append(varint: UInt64(posting.b))
    case .counts:
      writer.append(varint: UInt64(posting.b))
      writer.append(varint: UInt64(posting.c))
      writer.append(varint: UInt64(posting.d))
    }
  }

  /// Reads a row and hands each posting over, in order; stops where `body` says false.
  @inline(__always)
  static func forEach(
    in bytes: RawSpan, startingAt start: UInt32, _ body: (Posting) -> Bool
  ) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    while !reader.isAtEnd {
      let valid = start &+ UInt32(truncatingIfNeeded: try reader.varint())
      let head = try reader.varint()
      var posting = Posting(
        valid: valid, node: NodeNumber(truncatingIfNeeded: head >> 2),
        form: Posting.Form(rawValue: UInt8(head & 3)) ?? .counts)
      posting.a = try reader.varint32()
      switch posting.form {
      case .removed, .added: break
      case .changed: posting.b = try reader.varint32()
      case .counts:
        posting.b = try reader.varint32()
        posting.c = try reader.varint32()
        posting.d = try reader.varint32()
      }
      if !body(posting) { return }
    }
  }

  /// A row's key: the list's, then the moment of its first posting.
  static func key(of list: [UInt8], _ moment: Posting.Moment) -> [UInt8] {
    var key = ByteWriter(capacity: list.count + 8)
    key.append(list)
    key.append(bigEndian: moment.valid)
    key.append(bigEndian: moment.node)
    return key.bytes
  }

  /// The moment in a key, where the key belongs to the list; else nil.
  static func moment(in key: RawSpan, of list: [UInt8]) -> Posting.Moment? {
    guard key.byteCount == list.count + 8,
      key.extracting(0..<list.count).isEqual(to: list.span.bytes)
    else { return nil }
    var reader = ByteReader(key.extracting(list.count..<key.byteCount))
    guard let valid = try? reader.bigEndian(UInt32.self),
      let node = try? reader.bigEndian(UInt32.self)
    else { return nil }
    return Posting.Moment(valid: valid, node: node)
  }
}
