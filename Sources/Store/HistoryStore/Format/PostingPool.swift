import PackedBytes

/// Short lists of neighbouring identities, together in one row.
///
/// Most items of a fleet are on one node or a few. A row of its own for each would cost five times
/// what it holds.
enum PostingPool {
  /// Identities whose numbers differ in these lowest bits share a row.
  static let identityCount: IdentityNumber = 32
  /// A list that grows longer gets rows of its own, and keeps them until it is empty.
  static let postingsMax = 16

  /// The first identity of the row that one belongs to; it is in the row's key.
  static func base(of identity: IdentityNumber) -> IdentityNumber {
    identity & ~(identityCount - 1)
  }

  /// Appends lists to a row one after another.
  struct Writer {
    private(set) var bytes = ByteWriter()
    private var run = PostingRun()
    private var nextIdentity: IdentityNumber = 0
    private var start = Posting.Moment.first
    private var content: ContentID = 0

    mutating func start(at base: IdentityNumber) {
      bytes.removeAll()
      nextIdentity = base
      start = .first
      content = 0
    }

    mutating func append(_ postings: ArraySlice<Posting>, of identity: IdentityNumber) {
      guard let first = postings.first else { return }
      bytes.append(varint: UInt64(identity - nextIdentity) << 4 | UInt64(postings.count - 1))
      nextIdentity = identity &+ 1
      bytes.append(zigzag: Int64(first.valid) - Int64(start.valid))
      bytes.append(zigzag: Int64(first.node) - Int64(start.node))
      run.start(at: first.moment, content: content)
      for posting in postings { run.encode(posting, into: &bytes) }
      start = first.moment
      content = first.event.a
    }
  }

  /// Reads a row list by list: hands over each list's identity and length, then its postings.
  ///
  /// `begin` says whether to go on.
  @inline(__always)
  static func forEach(
    in row: RawSpan, base: IdentityNumber, begin: (IdentityNumber, Int) -> Bool,
    _ body: (Posting) -> Void
  ) throws(PackedBytesError) {
    var reader = ByteReader(row)
    var run = PostingRun()
    var events: [Posting.Event] = []
    var identity = base
    var start = Posting.Moment.first
    var content: ContentID = 0
    while !reader.isAtEnd {
      let head = try reader.varint()
      identity &+= IdentityNumber(truncatingIfNeeded: head >> 4)
      let count = Int(head & 15) + 1
      if !begin(identity, count) { return }
      identity &+= 1
      start.valid = UInt32(truncatingIfNeeded: Int64(start.valid) &+ (try reader.zigzag()))
      start.node = NodeNumber(truncatingIfNeeded: Int64(start.node) &+ (try reader.zigzag()))
      if count == 1 {
        // Most lists: no run is needed.
        var next = content
        let event = try PostingRun.readEvent(&reader, after: &next)
        content = event.a
        body(Posting(valid: start.valid, node: start.node, event: event))
        continue
      }
      run.start(at: start, content: content)
      events.removeAll(keepingCapacity: true)
      try run.decode(&reader, count: count, define: { events.append($0) }) {
        valid, node, index in
        body(Posting(valid: valid, node: node, event: events[index]))
        return true
      }
      content = events.first?.a ?? content
    }
  }
}
