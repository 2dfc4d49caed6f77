import PackedBytes

/// Neighbouring postings of one list, in one row whose key ends with the first one's moment.
///
/// The row's head says how many of each content were held before it, so that counting at a date
/// reads one row, however long the list is.
enum PostingRow {
  /// Four full rows of holders fill a page of 4 kB twice over; a tail is copied at each append.
  static let holdersByteCountMax = 480
  /// The activity list only grows at its end, or near it.
  static let activityByteCountMax = 960
  /// A head names so many contents at most; where more are held, none.
  static let headContentsMax = 32

  /// The head of the first row of a list, before which nothing is held.
  static let firstHead: [UInt8] = [1]
  /// The head of a row that does not say what was held.
  static let unknownHead: [UInt8] = [0]

  /// A row's key: the list's, then the moment of its first posting.
  static func key(of list: [UInt8], _ moment: Posting.Moment) -> [UInt8] {
    var key = ByteWriter(capacity: list.count + 8)
    key.append(list)
    key.append(bigEndian: UInt64(moment.valid) << 32 | UInt64(moment.node))
    return key.bytes
  }

  /// The moment in a key, where the key belongs to the list; else nil.
  static func moment(in key: RawSpan, of list: [UInt8]) -> Posting.Moment? {
    guard key.byteCount == list.count + 8,
      key.extracting(0..<list.count).isEqual(to: list.rawSpan)
    else { return nil }
    return moment(in: key)
  }

  /// The moment that ends a row's key.
  static func moment(in key: RawSpan) -> Posting.Moment? {
    guard key.byteCount > 8 else { return nil }
    var reader = ByteReader(key.extracting((key.byteCount - 8)..<key.byteCount))
    guard let both = try? reader.bigEndian(UInt64.self) else { return nil }
    return Posting.Moment(
      valid: UInt32(truncatingIfNeeded: both >> 32), node: UInt32(truncatingIfNeeded: both))
  }

  /// Passes over a head.
  @_lifetime(reader: copy reader)
  static func skipHead(_ reader: inout ByteReader) throws(PackedBytesError) {
    for _ in 1..<max(1, try reader.count(limit: headContentsMax + 1)) {
      _ = try reader.varint()
      _ = try reader.varint()
    }
  }

  /// Reads a whole row and hands each posting over, in order; stops where `body` says false.
  @inline(__always)
  static func forEach(
    in bytes: RawSpan, startingAt start: Posting.Moment, _ body: (Posting) -> Bool
  ) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    try skipHead(&reader)
    var run = PostingRun()
    run.start(at: start)
    var events: [Posting.Event] = []
    try run.decode(&reader, define: { events.append($0) }) { valid, node, index in
      body(Posting(valid: valid, node: node, event: events[index]))
    }
  }
}

/// How many of each content of a list are held.
struct ContentCounts {
  /// Nil where they are not known.
  private(set) var counts: [ContentID: Int]? = [:]

  init() {}

  static let unknown: ContentCounts = {
    var counts = ContentCounts()
    counts.counts = nil
    return counts
  }()

  /// Reads a row's head.
  @_lifetime(reader: copy reader)
  init(_ reader: inout ByteReader) throws(PackedBytesError) {
    let head = try reader.count(limit: PostingRow.headContentsMax + 1)
    guard head > 0 else {
      counts = nil
      return
    }
    var known: [ContentID: Int] = [:]
    var content: Int64 = 0
    for _ in 1..<head {
      content &+= Int64(truncatingIfNeeded: try reader.varint())
      known[ContentID(truncatingIfNeeded: content)] = try reader.count(limit: .max)
    }
    counts = known
  }

  /// Counts what holders of a keyframe hold.
  init(_ holders: HolderSet) {
    var known: [ContentID: Int] = [:]
    holders.forEach { _, index in known[holders.contents[index], default: 0] += 1 }
    counts = known
  }

  mutating func add(_ event: Posting.Event, times: Int) {
    guard times > 0 else { return }
    switch event.form {
    case .added: add(event.a, times)
    case .removed: add(event.a, -times)
    case .changed:
      add(event.a, -times)
      add(event.b, times)
    case .counts: break
    }
  }

  private mutating func add(_ content: ContentID, _ count: Int) {
    let sum = (counts?[content] ?? 0) + count
    counts?[content] = sum == 0 ? nil : sum
  }

  /// Adds a row's postings.
  @_lifetime(reader: copy reader)
  mutating func add(
    _ reader: inout ByteReader, startingAt start: Posting.Moment
  ) throws(PackedBytesError) {
    var run = PostingRun()
    run.start(at: start)
    var times: [Int] = []
    try run.decode(&reader, define: { _ in times.append(0) }) { _, _, index in
      times[index] += 1
      return true
    }
    for (event, times) in zip(run.events, times) { add(event, times: times) }
  }

  /// The head that says so: varint 0 for not known, else 1 more than there are contents; for each,
  /// in order of their numbers, the difference to the one before and the count.
  func head() -> [UInt8] {
    guard let counts, counts.count <= PostingRow.headContentsMax,
      counts.values.allSatisfy({ $0 > 0 })
    else { return PostingRow.unknownHead }
    var writer = ByteWriter()
    writer.append(varint: counts.count + 1)
    var before: ContentID = 0
    for (content, count) in counts.sorted(by: { $0.key < $1.key }) {
      writer.append(varint: UInt64(content - before))
      writer.append(varint: count)
      before = content
    }
    return writer.bytes
  }
}
