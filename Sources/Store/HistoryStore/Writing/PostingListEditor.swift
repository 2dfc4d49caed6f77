import LMDB
import PackedBytes

/// Changes one posting list that has rows of its own, holding one of them at a time.
///
/// What rows a list is cut into depends on the order of the changes to it alone, never on how they
/// were grouped into transactions; so a rebuild comes to the same rows. Sizes that decide are
/// therefore those of the postings: heads and keyframes are put right before anything asks for them.
struct PostingListEditor {
  let table: Database
  private let byteCountMax: Int
  /// Whether rows say what was held before them: in `holders`, not in `activity`.
  private let countsHolders: Bool
  private var key: [UInt8] = []

  private var postings: [Posting] = []
  private var head = PostingRow.firstHead
  /// The packed postings and where the run has got to; worked out anew unless `isPacked`.
  private var body = ByteWriter(capacity: 1024)
  private var run = PostingRun()
  private var isPacked = false
  /// The packed size is not more than this, but for a byte for each posting.
  private var sizeMax = 0
  /// Where the row stands in the table; nil where it is not there yet.
  private var storedStart: Posting.Moment?
  /// Where the next row begins; nil where this is the last.
  private var end: Posting.Moment?
  private var isLoaded = false
  private var isDirty = false
  private var repair = PostingRepair()

  init(table: Database, countsHolders: Bool) {
    self.table = table
    self.countsHolders = countsHolders
    byteCountMax =
      countsHolders ? PostingRow.holdersByteCountMax : PostingRow.activityByteCountMax
  }

  /// Goes to a list, once the one before is finished; false where it has no rows.
  mutating func open(
    _ key: [UInt8], _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    self.key = key
    isLoaded = false
    try load(.last, &transaction)
    return storedStart != nil
  }

  /// Makes the first row of a list that has none.
  mutating func create(_ list: [Posting]) {
    postings.removeAll(keepingCapacity: true)
    postings.append(contentsOf: list)
    head = countsHolders ? PostingRow.firstHead : PostingRow.unknownHead
    storedStart = nil
    end = nil
    isLoaded = true
    isPacked = false
    isDirty = true
    pack()
  }

  mutating func insert(
    _ posting: Posting, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    try load(posting.moment, &transaction)
    guard let last = postings.last else {
      create([posting])
      return
    }
    isDirty = true
    if last.moment < posting.moment && end == nil {
      try append(posting, &transaction)
      return
    }
    if last.moment == posting.moment && end == nil {
      // A moment is never cut, so a row of one can be long: it is not packed anew for each.
      pack()
      run.encode(posting, into: &body)
      postings.append(posting)
      sizeMax = body.count
      if body.count > 2 * byteCountMax { try split(&transaction) }
      return
    }
    let index = postings.lastIndex { $0.moment <= posting.moment }.map { $0 + 1 } ?? 0
    postings.insert(posting, at: index)
    isPacked = false
    // More than a posting takes, with what it does to the one behind it.
    sizeMax += 64
    if end != nil { repair.note(posting, isDeletion: false, in: postings[0].moment) }
    guard sizeMax > byteCountMax else { return }
    pack()
    if body.count > 2 * byteCountMax { try split(&transaction) }
  }

  private mutating func append(
    _ posting: Posting, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    pack()
    let count = body.count
    run.encode(posting, into: &body)
    guard body.count > byteCountMax else {
      postings.append(posting)
      sizeMax = body.count
      return
    }
    body.bytes.removeLast(body.count - count)
    try write(&transaction)
    try finishRepair(&transaction)
    var next = PostingRow.unknownHead
    if countsHolders {
      next = try headBehind(key, at: posting.moment, &transaction)
    }
    create([posting])
    head = next
  }

  /// Takes out what was said of the posting's moment (and, in activity, of its type).
  ///
  /// Returns false where that leaves the list without rows.
  mutating func remove(
    _ posting: Posting, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    try load(posting.moment, &transaction)
    func isMeant(_ other: Posting) -> Bool {
      other.moment == posting.moment
        && (posting.event.form != .counts || other.event.a == posting.event.a)
    }
    guard let first = postings.first else { return false }
    let removed = postings.filter(isMeant)
    guard !removed.isEmpty else { return true }
    if end != nil {
      for one in removed { repair.note(one, isDeletion: true, in: first.moment) }
    }
    postings.removeAll(where: isMeant)
    isPacked = false
    isDirty = true
    guard postings.isEmpty else { return true }
    try write(&transaction)
    try load(.last, &transaction)
    return storedStart != nil
  }

  /// Writes the row that is held, and puts right what rows behind it say of what is before them.
  mutating func finish(_ transaction: inout WriteTransaction) throws(StoreError) {
    try write(&transaction)
    try finishRepair(&transaction)
  }

  private mutating func finishRepair(_ transaction: inout WriteTransaction) throws(StoreError) {
    if countsHolders { try repair.run(key, table, &transaction) }
    repair = PostingRepair()
  }

  private mutating func pack() {
    guard !isPacked, let first = postings.first else { return }
    body.removeAll()
    run.start(at: first.moment)
    for posting in postings { run.encode(posting, into: &body) }
    sizeMax = body.count
    isPacked = true
  }

  private mutating func write(_ transaction: inout WriteTransaction) throws(StoreError) {
    guard isDirty else { return }
    isDirty = false
    pack()
    do throws(LMDBError) {
      if let storedStart, postings.first?.moment != storedStart {
        let old = PostingRow.key(of: key, storedStart)
        _ = try transaction.delete(old.rawSpan, in: table)
        if countsHolders {
          let keyframe = PostingRow.key(of: Key.keyframes(of: key), storedStart)
          _ = try transaction.delete(keyframe.rawSpan, in: table)
        }
      }
      guard let first = postings.first else {
        storedStart = nil
        isLoaded = false
        return
      }
      let value = head + body.bytes
      let place = PostingRow.key(of: key, first.moment)
      try transaction.put(value.rawSpan, for: place.rawSpan, in: table)
      storedStart = first.moment
    } catch {
      throw StoreError(error)
    }
  }

  /// Holds the row that a moment belongs to: the last that starts at or before it, else the first.
  private mutating func load(
    _ moment: Posting.Moment, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    if isLoaded, let first = postings.first, moment >= first.moment {
      guard let end, moment >= end else { return }
    }
    try write(&transaction)
    postings.removeAll(keepingCapacity: true)
    storedStart = nil
    end = nil
    isLoaded = true
    isPacked = false
    var cursor = try transaction.view.storeCursor(in: table)
    let wanted = PostingRow.key(of: key, moment)
    var isThere = try cursor.seek(atOrBefore: wanted.rawSpan)
    if !isThere || PostingRow.moment(in: cursor.key, of: key) == nil {
      guard moment != .last else { return }
      let first = PostingRow.key(of: key, .first)
      isThere = try cursor.seek(atOrAfter: first.rawSpan)
    }
    guard isThere, let start = PostingRow.moment(in: cursor.key, of: key) else { return }
    do throws(PackedBytesError) { try unpack(cursor.value, startingAt: start) } catch {
      throw cursor.damaged(error)
    }
    if moment != .last, try cursor.next() {
      end = PostingRow.moment(in: cursor.key, of: key)
    }
  }

  private mutating func unpack(
    _ row: RawSpan, startingAt start: Posting.Moment
  ) throws(PackedBytesError) {
    var reader = ByteReader(row)
    try PostingRow.skipHead(&reader)
    head = [UInt8](copying: row.extracting(0..<reader.position))
    body.removeAll()
    body.append(row.extracting(reader.position..<row.byteCount))
    var postings = postings
    self.postings = []
    defer { self.postings = postings }
    var run = run
    run.start(at: start)
    var events: [Posting.Event] = []
    try run.decode(&reader, define: { events.append($0) }) { valid, node, index in
      postings.append(Posting(valid: valid, node: node, event: events[index]))
      return true
    }
    self.run = run
    storedStart = start
    isPacked = true
    sizeMax = body.count
  }

  /// Writes a row that has grown too large as two.
  private mutating func split(_ transaction: inout WriteTransaction) throws(StoreError) {
    // Postings of one moment stay together, so that they are found and removed together.
    var index = postings.count / 2
    guard postings[index - 1].moment != postings.last?.moment else { return }
    while index < postings.count && postings[index].moment == postings[index - 1].moment {
      index += 1
    }
    guard index < postings.count else { return }
    let rest = Array(postings[index...])
    let first = postings[0].moment
    postings.removeSubrange(index...)
    isPacked = false
    isDirty = true
    try write(&transaction)
    create(rest)
    head = PostingRow.unknownHead
    try write(&transaction)
    repair.noteRow(at: rest[0].moment, behind: first)
    // Whether the next change belongs to this half or the first is looked up again.
    isLoaded = false
    postings.removeAll(keepingCapacity: true)
  }
}
