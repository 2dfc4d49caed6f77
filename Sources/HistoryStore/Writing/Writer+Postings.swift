import LMDB
import PackedBytes

/// A change to a posting list, to be written with its neighbours.
struct StagedPosting {
  /// Which list: 0 for activity, else type and identity.
  var scope: ScopeNumber
  var type: TypeNumber
  var identity: IdentityNumber
  /// Whether postings of the moment (for activity: of its type too) go instead.
  var isDeletion: Bool
  var posting: Posting

  var isActivity: Bool { identity == 0 }

  /// What sorts the lists as their keys do.
  var listNumber: UInt64 {
    isActivity
      ? UInt64(scope) << 48 : UInt64(scope) << 48 | UInt64(type) << 32 | UInt64(identity)
  }
}

extension Writer {
  /// Stages what items that went and came mean for holders and activity; returns how many changed.
  func stage(
    removed: [StoredItem], added: [StoredItem], at valid: UInt32, _ series: Series,
    _ scope: ScopeState, isDeletion: Bool, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Int {
    if removed.isEmpty && added.isEmpty { return 0 }
    let changes = try ItemChanges(removed: removed, added: added) {
      item throws(StoreError) in
      try identity(of: item.content, type: series.type, scope: scope, &transaction)
    }
    if changes.count == 0 { return 0 }
    func stage(_ content: ContentID, _ form: Posting.Form, _ a: ContentID, _ b: ContentID)
      throws(StoreError)
    {
      let identity = try identity(
        of: content, type: series.type, scope: scope, &transaction)
      staged.postings.append(
        StagedPosting(
          scope: series.scope, type: series.type, identity: identity, isDeletion: isDeletion,
          posting: Posting(valid: valid, node: series.node, form: form, a: a, b: b)))
    }
    for item in changes.removed { try stage(item.content, .removed, item.content, 0) }
    for item in changes.added { try stage(item.content, .added, item.content, 0) }
    for (old, new) in changes.changed where old.content != new.content {
      try stage(new.content, .changed, old.content, new.content)
    }
    staged.postings.append(
      StagedPosting(
        scope: series.scope, type: series.type, identity: 0, isDeletion: isDeletion,
        posting: Posting(
          valid: valid, node: series.node, form: .counts, a: UInt32(series.type),
          b: UInt32(changes.added.count), c: UInt32(changes.changed.count),
          d: UInt32(changes.removed.count))))
    return changes.count
  }

  /// Writes staged postings list by list, each list in one pass.
  func flushPostings(_ transaction: inout WriteTransaction) throws(StoreError) {
    guard !staged.postings.isEmpty else { return }
    let postings = staged.postings
    for isActivity in [true, false] {
      let order = postings.indices.filter { postings[$0].isActivity == isActivity }.sorted {
        (postings[$0].listNumber, $0) < (postings[$1].listNumber, $1)
      }
      let table = isActivity ? tables.activity : tables.holders
      var index = 0
      while index < order.count {
        let first = postings[order[index]]
        let key =
          isActivity
          ? Key.scope(first.scope) : Key.holders(first.scope, first.type, first.identity)
        var list = PostingListEditor(table: table, key: key)
        while index < order.count, postings[order[index]].listNumber == first.listNumber {
          let staged = postings[order[index]]
          if staged.isDeletion {
            try list.remove(staged.posting, &transaction)
          } else {
            try list.insert(staged.posting, &transaction)
          }
          index += 1
        }
        try list.write(&transaction)
      }
    }
    staged.postings.removeAll(keepingCapacity: true)
  }
}

/// Changes one posting list, holding one of its rows at a time.
///
/// What rows a list is cut into depends on the order of the changes to it alone, never on how they
/// were grouped into transactions; so a rebuild comes to the same rows.
struct PostingListEditor {
  private let table: Database
  private let key: [UInt8]
  private var postings: [Posting] = []
  private var byteCount = 0
  /// Where the row stands in the table; nil where it is not there yet.
  private var storedStart: Posting.Moment?
  /// Where the next row begins; nil where this is the last.
  private var end: Posting.Moment?
  private var isLoaded = false
  private var isDirty = false

  init(table: Database, key: [UInt8]) {
    self.table = table
    self.key = key
  }

  mutating func insert(
    _ posting: Posting, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    try load(posting.moment, &transaction)
    let isAtEnd = postings.last.map { $0.moment < posting.moment } ?? true
    let size = Self.byteCount(of: posting, start: postings.first?.valid ?? posting.valid)
    if isAtEnd && end == nil && !postings.isEmpty
      && byteCount + size > PostingChunk.byteCountMax
    {
      try write(&transaction)
      storedStart = nil
      postings = [posting]
      byteCount = Self.byteCount(of: posting, start: posting.valid)
      isDirty = true
      return
    }
    isDirty = true
    if let first = postings.first, posting.moment < first.moment {
      postings.insert(posting, at: 0)
      recount()
    } else {
      let index =
        isAtEnd
        ? postings.count : postings.firstIndex { $0.moment > posting.moment } ?? postings.count
      postings.insert(posting, at: index)
      byteCount += size
    }
    if byteCount > 2 * PostingChunk.byteCountMax { try split(&transaction) }
  }

  /// Takes out what was said of the posting's moment (and, in activity, of its type).
  mutating func remove(
    _ posting: Posting, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    try load(posting.moment, &transaction)
    let count = postings.count
    postings.removeAll {
      $0.moment == posting.moment && (posting.form != .counts || $0.a == posting.a)
    }
    if postings.count != count {
      recount()
      isDirty = true
    }
  }

  /// Writes the row that is held.
  mutating func write(_ transaction: inout WriteTransaction) throws(StoreError) {
    guard isDirty else { return }
    isDirty = false
    do throws(LMDBError) {
      if let storedStart, postings.first?.moment != storedStart {
        let old = PostingChunk.key(of: key, storedStart)
        _ = try transaction.delete(old.span.bytes, in: table)
      }
      guard let first = postings.first else {
        storedStart = nil
        isLoaded = false
        return
      }
      var bytes = ByteWriter(capacity: byteCount)
      for posting in postings {
        PostingChunk.encode(posting, relativeTo: first.valid, into: &bytes)
      }
      let new = PostingChunk.key(of: key, first.moment)
      try transaction.put(bytes.bytes.span.bytes, for: new.span.bytes, in: table)
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
    do throws(LMDBError) {
      var cursor = try transaction.view.cursor(in: table)
      let wanted = PostingChunk.key(of: key, moment)
      var isThere = try cursor.seek(atOrBefore: wanted.span.bytes)
      if !isThere || PostingChunk.moment(in: cursor.key, of: key) == nil {
        isThere = try cursor.seek(atOrAfter: key.span.bytes)
      }
      guard isThere, let start = PostingChunk.moment(in: cursor.key, of: key) else {
        byteCount = 0
        return
      }
      storedStart = start
      do throws(PackedBytesError) {
        try PostingChunk.forEach(in: cursor.value, startingAt: start.valid) {
          postings.append($0)
          return true
        }
      } catch {
        throw LMDBError.corrupted
      }
      byteCount = cursor.value.byteCount
      if try cursor.next() { end = PostingChunk.moment(in: cursor.key, of: key) }
    } catch {
      throw StoreError(error)
    }
  }

  /// Writes the first half of a row that has grown too large and goes on with the second.
  private mutating func split(_ transaction: inout WriteTransaction) throws(StoreError) {
    // Postings of one moment stay together, so that they are found and removed together.
    var index = postings.count / 2
    while index < postings.count && postings[index].moment == postings[index - 1].moment {
      index += 1
    }
    guard index < postings.count else { return }
    let rest = Array(postings[index...])
    postings.removeSubrange(index...)
    isDirty = true
    try write(&transaction)
    storedStart = nil
    postings = rest
    recount()
    isDirty = true
    // Whether the next change belongs to this half or the first is looked up again.
    try write(&transaction)
    isLoaded = false
    postings.removeAll(keepingCapacity: true)
  }

  private mutating func recount() {
    guard let first = postings.first else {
      byteCount = 0
      return
    }
    byteCount = postings.reduce(0) { $0 + Self.byteCount(of: $1, start: first.valid) }
  }

  private static func byteCount(of posting: Posting, start: UInt32) -> Int {
    var writer = ByteWriter(capacity: 24)
    PostingChunk.encode(posting, relativeTo: min(start, posting.valid), into: &writer)
    return writer.count
  }
}
