import PackedBytes

/// Counts of contents as postings go by.
struct ContentTally {
  private(set) var table = ContentTable()
  private(set) var counts: [Int] = []
  private var run = PostingRun()
  private var events: [(removed: Int, added: Int)] = []

  mutating func removeAll() {
    table.removeAll()
    counts.removeAll(keepingCapacity: true)
  }

  mutating func add(_ content: ContentID, _ count: Int) {
    let index = table.index(of: content)
    extend()
    counts[index] += count
  }

  private mutating func indices(of event: Posting.Event) -> (removed: Int, added: Int) {
    let indices = table.indices(of: event)
    extend()
    return indices
  }

  /// Gives contents that are new in the table a count.
  private mutating func extend() {
    while counts.count < table.contents.count { counts.append(0) }
  }

  mutating func take(_ posting: Posting) {
    let event = indices(of: posting.event)
    if event.removed >= 0 { counts[event.removed] -= 1 }
    if event.added >= 0 { counts[event.added] += 1 }
  }

  mutating func take(_ known: ContentCounts) {
    for (content, count) in known.counts ?? [:] { add(content, count) }
  }

  /// Takes a row's postings up to a valid time, without its head; false where it holds later ones.
  ///
  /// - Parameter before: is called ahead of each posting with its time and the counts so far.
  @inline(__always)
  mutating func take(
    row: RawSpan, startingAt start: Posting.Moment, upTo limit: UInt32,
    before: (UInt32, [Int]) -> Void
  ) throws(PackedBytesError) -> Bool {
    var reader = ByteReader(row)
    try PostingRow.skipHead(&reader)
    return try take(&reader, startingAt: start, upTo: limit, before: before)
  }

  /// The same for postings behind a head that was read.
  @inline(__always) @_lifetime(reader: copy reader)
  mutating func take(
    _ reader: inout ByteReader, startingAt start: Posting.Moment, upTo limit: UInt32,
    before: (UInt32, [Int]) -> Void
  ) throws(PackedBytesError) -> Bool {
    var tally = self
    self = ContentTally()
    defer { self = tally }
    var run = tally.run
    var events = tally.events
    tally.run = PostingRun()
    tally.events = []
    run.start(at: start)
    events.removeAll(keepingCapacity: true)
    defer {
      tally.run = run
      tally.events = events
    }
    var isWhole = true
    try run.decode(&reader, define: { events.append(tally.indices(of: $0)) }) {
      valid, _, index in
      guard valid <= limit else {
        isWhole = false
        return false
      }
      before(valid, tally.counts)
      let event = events[index]
      if event.removed >= 0 { tally.counts[event.removed] -= 1 }
      if event.added >= 0 { tally.counts[event.added] += 1 }
      return true
    }
    return isWhole
  }
}
