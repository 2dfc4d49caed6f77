import LMDB
import PackedBytes

/// Changes holders lists one after another, in order of their keys, wherever each is kept.
///
/// A list is short and in a pool with its neighbours, or it has rows of its own; which of the two
/// depends on its own changes alone, in their order.
struct HoldersEditor {
  private let table: Database
  private var rows: PostingListEditor
  private var pool = PoolEditor()
  private var list: [Posting] = []
  private var key: [UInt8] = []
  private var identity: IdentityNumber = 0
  private var hasRows = false
  /// Whether `list` was taken out of the pool, to be put back.
  private var isPooled = false

  init(table: Database) {
    self.table = table
    rows = PostingListEditor(table: table, countsHolders: true)
  }

  /// Goes to a list behind the last one.
  mutating func open(
    _ scope: ScopeNumber, _ type: TypeNumber, _ identity: IdentityNumber,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    try close(&transaction)
    let poolKey = Key.holders(scope, type, PostingPool.base(of: identity))
    if pool.key != poolKey {
      try pool.finish(table, &transaction)
      pool.open(poolKey, PostingPool.base(of: identity))
    }
    self.identity = identity
    key = Key.holders(scope, type, identity)
    hasRows = try rows.open(key, &transaction)
    if !hasRows { try takeFromPool(&transaction) }
  }

  mutating func insert(
    _ posting: Posting, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard !hasRows else {
      try rows.insert(posting, &transaction)
      return
    }
    let index = list.lastIndex { $0.moment <= posting.moment }.map { $0 + 1 } ?? 0
    list.insert(posting, at: index)
    pool.isDirty = true
    guard list.count > PostingPool.postingsMax else { return }
    rows.create(list)
    hasRows = true
    list.removeAll(keepingCapacity: true)
  }

  mutating func remove(
    _ posting: Posting, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    if hasRows {
      hasRows = try rows.remove(posting, &transaction)
      if !hasRows { try takeFromPool(&transaction) }
    } else {
      list.removeAll { $0.moment == posting.moment }
      pool.isDirty = true
    }
  }

  mutating func finish(_ transaction: inout WriteTransaction) throws(StoreError) {
    try close(&transaction)
    try pool.finish(table, &transaction)
  }

  private mutating func close(_ transaction: inout WriteTransaction) throws(StoreError) {
    try rows.finish(&transaction)
    if isPooled { pool.put(list, of: identity) }
    isPooled = false
    list.removeAll(keepingCapacity: true)
  }

  private mutating func takeFromPool(_ transaction: inout WriteTransaction) throws(StoreError) {
    guard !isPooled else { return }
    try pool.take(identity, into: &list, table, &transaction)
    isPooled = true
  }
}

/// One row of short lists while it is changed; its lists are taken out and put back in order.
private struct PoolEditor {
  private(set) var key: [UInt8] = []
  var isDirty = false
  private var base: IdentityNumber = 0
  private var isLoaded = false
  /// The lists as they were, end to end.
  private var postings: [Posting] = []
  private var lists: [(identity: IdentityNumber, start: Int)] = []
  private var next = 0
  private var writer = PostingPool.Writer()

  mutating func open(_ key: [UInt8], _ base: IdentityNumber) {
    self.key = key
    self.base = base
    isLoaded = false
    isDirty = false
  }

  mutating func take(
    _ identity: IdentityNumber, into list: inout [Posting], _ table: Database,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    if !isLoaded { try load(table, &transaction) }
    copy(before: identity)
    guard next < lists.count, lists[next].identity == identity else { return }
    list.append(contentsOf: postings[range(next)])
    next += 1
  }

  mutating func put(_ list: [Posting], of identity: IdentityNumber) {
    writer.append(list[...], of: identity)
  }

  mutating func finish(
    _ table: Database, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard isLoaded && isDirty else { return }
    copy(before: .max)
    do throws(LMDBError) {
      if writer.bytes.count == 0 {
        _ = try transaction.delete(key.rawSpan, in: table)
      } else {
        try transaction.put(writer.bytes.bytes.rawSpan, for: key.rawSpan, in: table)
      }
    } catch { throw StoreError(error) }
    isLoaded = false
  }

  private func range(_ index: Int) -> Range<Int> {
    let end = index + 1 < lists.count ? lists[index + 1].start : postings.count
    return lists[index].start..<end
  }

  private mutating func copy(before identity: IdentityNumber) {
    while next < lists.count, lists[next].identity < identity {
      writer.append(postings[range(next)], of: lists[next].identity)
      next += 1
    }
  }

  private mutating func load(
    _ table: Database, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    isLoaded = true
    next = 0
    writer.start(at: base)
    var postings = postings
    var lists = lists
    self.postings = []
    self.lists = []
    postings.removeAll(keepingCapacity: true)
    lists.removeAll(keepingCapacity: true)
    defer {
      self.postings = postings
      self.lists = lists
    }
    guard let row = try transaction.view.storedValue(key, table) else { return }
    do throws(PackedBytesError) {
      try PostingPool.forEach(in: row, base: base) { identity, _ in
        lists.append((identity, postings.count))
        return true
      } _: { posting in
        postings.append(posting)
      }
    } catch { throw StoreError(error, in: table, under: key) }
  }
}
