import PackedBytes

/// One line of a posting list: at a valid time, on a node, something about some contents.
///
/// A holders list says which content a node lost or gained; the activity list counts changes.
struct Posting: Equatable {
  /// Which numbers an event has.
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

  /// What happened: the same on many nodes, so neighbouring postings share it.
  struct Event: Hashable {
    var form: Form
    var a: UInt32 = 0
    var b: UInt32 = 0
    var c: UInt32 = 0
    var d: UInt32 = 0
  }

  var valid: UInt32
  var node: NodeNumber
  var event: Event

  init(valid: UInt32, node: NodeNumber, event: Event) {
    self.valid = valid
    self.node = node
    self.event = event
  }

  init(
    valid: UInt32, node: NodeNumber, form: Form, a: UInt32 = 0, b: UInt32 = 0, c: UInt32 = 0,
    d: UInt32 = 0
  ) {
    self.init(valid: valid, node: node, event: Event(form: form, a: a, b: b, c: c, d: d))
  }

  /// The event's numbers.
  var a: UInt32 { event.a }
  var b: UInt32 { event.b }
  var c: UInt32 { event.c }
  var d: UInt32 { event.d }

  /// What orders a list; postings of one moment and node keep the order in which they came.
  var moment: Moment { Moment(valid: valid, node: node) }

  struct Moment: Comparable, Hashable {
    var valid: UInt32
    var node: NodeNumber

    static let first = Moment(valid: 0, node: 0)
    static let last = Moment(valid: .max, node: .max)

    static func < (a: Self, b: Self) -> Bool {
      UInt64(a.valid) << 32 | UInt64(a.node) < UInt64(b.valid) << 32 | UInt64(b.node)
    }
  }
}

/// The packed form of neighbouring postings, and where one has got to in writing or reading them.
///
/// A posting is the difference to the one before in time and node, and what happened: the event of
/// the posting before, an earlier event of the run by its index, or a new one. A wave of updates
/// takes about two bytes a node.
struct PostingRun {
  /// Of the last posting.
  private(set) var valid: UInt32 = 0
  private(set) var node: NodeNumber = 0
  /// The events of the run in order of first use.
  private(set) var events: [Posting.Event] = []
  /// Where events of a long run are, while it is written; a short one is searched.
  private var places: [Posting.Event: Int] = [:]
  private var lastEvent = 0
  /// What the next new event's first number is relative to.
  private var content: UInt32 = 0

  private static let searchedMax = 64

  /// Which event a posting has; the two lowest bits of its second number.
  private enum Reference: UInt64 {
    case same = 0
    case known = 1
    case new = 2
  }

  /// Begins a run, whose first posting has a moment that is told elsewhere.
  mutating func start(at moment: Posting.Moment, content: UInt32 = 0) {
    valid = moment.valid
    node = moment.node
    events.removeAll(keepingCapacity: true)
    if !places.isEmpty { places = [:] }
    lastEvent = 0
    self.content = content
  }

  mutating func encode(_ posting: Posting, into writer: inout ByteWriter) {
    guard !events.isEmpty else {
      define(posting.event, into: &writer)
      return
    }
    writer.append(varint: UInt64(posting.valid &- valid))
    let step = Int64(posting.node) - Int64(node)
    let head = UInt64(bitPattern: (step << 1) ^ (step >> 63)) << 2
    valid = posting.valid
    node = posting.node
    if events[lastEvent] == posting.event {
      writer.append(varint: head | Reference.same.rawValue)
    } else if let index = place(of: posting.event) {
      writer.append(varint: head | Reference.known.rawValue)
      writer.append(varint: index)
      lastEvent = index
    } else {
      writer.append(varint: head | Reference.new.rawValue)
      define(posting.event, into: &writer)
    }
  }

  private mutating func place(of event: Posting.Event) -> Int? {
    guard events.count > Self.searchedMax else { return events.firstIndex(of: event) }
    // What came since, by decoding too.
    for index in places.count..<events.count { places[events[index]] = index }
    return places[event]
  }

  private mutating func define(_ event: Posting.Event, into writer: inout ByteWriter) {
    let difference = Int64(event.a) - Int64(content)
    let zigzag = UInt64(bitPattern: (difference << 1) ^ (difference >> 63))
    writer.append(varint: zigzag << 2 | UInt64(event.form.rawValue))
    content = event.a
    switch event.form {
    case .removed, .added: break
    case .changed:
      writer.append(zigzag: Int64(event.b) - Int64(event.a))
      content = event.b
    case .counts:
      writer.append(varint: UInt64(event.b))
      writer.append(varint: UInt64(event.c))
      writer.append(varint: UInt64(event.d))
    }
    lastEvent = events.count
    events.append(event)
  }

  /// Reads a run that was started: hands over each event when it is first used, and each posting's
  /// time, node and index of its event; stops where `body` says false.
  @inline(__always) @_lifetime(reader: copy reader)
  mutating func decode(
    _ reader: inout ByteReader, count: Int = .max, define: (Posting.Event) -> Void,
    _ body: (UInt32, NodeNumber, Int) -> Bool
  ) throws(PackedBytesError) {
    var valid = valid
    var node = node
    var index = 0
    var left = count
    var isFirst = events.isEmpty
    let end = reader.bytes.byteCount
    while left > 0 && reader.offset < end {
      left -= 1
      var reference = Reference.new.rawValue
      if isFirst {
        isFirst = false
      } else {
        valid = valid &+ UInt32(truncatingIfNeeded: try reader.shortVarint())
        let head = try reader.shortVarint()
        let step = Int64(bitPattern: head >> 3) ^ -Int64(bitPattern: (head >> 2) & 1)
        node = NodeNumber(truncatingIfNeeded: Int64(node) &+ step)
        reference = head & 3
      }
      if reference == Reference.new.rawValue {
        index = events.count
        let event = try Self.readEvent(&reader, after: &content)
        events.append(event)
        define(event)
      } else if reference == Reference.known.rawValue {
        index = try reader.count(limit: events.count - 1)
      } else if reference != Reference.same.rawValue {
        throw PackedBytesError(offset: reader.position, expected: "a reference to an event")
      }
      if !body(valid, node, index) { break }
    }
    self.valid = valid
    self.node = node
    lastEvent = index
  }

  /// Reads an event whose first number is relative to `content`, and moves that on.
  @_lifetime(reader: copy reader)
  static func readEvent(
    _ reader: inout ByteReader, after content: inout UInt32
  ) throws(PackedBytesError) -> Posting.Event {
    let head = try reader.varint()
    let zigzag = head >> 2
    let difference = Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
    var event = Posting.Event(form: Posting.Form(rawValue: UInt8(head & 3)) ?? .counts)
    event.a = UInt32(truncatingIfNeeded: Int64(content) &+ difference)
    content = event.a
    switch event.form {
    case .removed, .added: break
    case .changed:
      event.b = UInt32(truncatingIfNeeded: Int64(event.a) &+ (try reader.zigzag()))
      content = event.b
    case .counts:
      event.b = try reader.varint32()
      event.c = try reader.varint32()
      event.d = try reader.varint32()
    }
    return event
  }
}

extension ByteReader {
  /// Reads a varint that mostly has one byte or two.
  @inline(__always) @_lifetime(self: copy self)
  fileprivate mutating func shortVarint() throws(PackedBytesError) -> UInt64 {
    guard bytes.byteCount - offset >= 2 else { return try varint() }
    let low = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    if low < 0x80 {
      offset += 1
      return UInt64(low)
    }
    let high = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset + 1, as: UInt8.self)
    guard high < 0x80 else { return try varint() }
    offset += 2
    return UInt64(low & 0x7f) | UInt64(high) << 7
  }
}
