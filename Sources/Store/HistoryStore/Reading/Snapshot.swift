import Inventory
import LMDB
import PackedBytes
import Synchronization

/// What one question reads from: a transaction's view, and the caches that go with it.
struct Snapshot: ~Escapable {
  let view: TransactionView
  let store: HistoryStore
  let meta: MetaRow
  let catalog: Catalog

  var tables: Tables { store.tables }

  @_lifetime(copy view)
  init(_ view: TransactionView, of store: HistoryStore) throws(StoreError) {
    self.view = view
    self.store = store
    let meta = try view.meta(store.tables) ?? MetaRow(id: nil)
    self.meta = meta
    // A reference: nothing of it is copied.
    let cached = store.catalogs.withLock { $0 }
    if cached.generation == meta.catalogGeneration
      && cached.erasureGeneration == meta.erasureGeneration
    {
      catalog = cached
    } else {
      let fresh = try view.catalog(store.tables, meta: meta)
      store.catalogs.withLock { $0 = fresh }
      catalog = fresh
    }
  }

  /// A scope's catalogue; nil for a scope that nothing was reported in.
  func scope(_ scope: Scope) -> ScopeCatalog? {
    catalog.numbers[scope].flatMap { catalog.scopes[$0] }
  }

  /// The number of a node; nil for one that is not known.
  func nodeNumber(_ node: NodeID, _ scope: ScopeCatalog) throws(StoreError) -> NodeNumber? {
    try view.row(Key.text(scope.number, node.text), tables.nodeNumbers) {
      bytes throws(PackedBytesError) in
      var reader = ByteReader(bytes)
      return try reader.varint32()
    }
  }

  /// The largest sequence number recorded at or before a time; everything for nil.
  func known(_ knownAt: Instant?, _ scope: ScopeCatalog) throws(StoreError) -> UInt64 {
    guard let knownAt else { return Key.sequenceMax }
    var low: UInt64 = 0
    var high = meta.nextSequence
    // Recorded times never go back as sequence numbers rise.
    while low + 1 < high {
      let middle = low + (high - low) / 2
      if let found = try recorded(atOrBefore: middle, scope), found > knownAt.milliseconds {
        high = middle
      } else {
        low = middle
      }
    }
    return low
  }

  private func recorded(
    atOrBefore sequence: UInt64, _ scope: ScopeCatalog
  ) throws(StoreError) -> Int64? {
    var cursor = try view.storeCursor(in: tables.log)
    let key = Key.log(scope.number, sequence)
    guard try cursor.seek(atOrBefore: key.rawSpan),
      cursor.key.extracting(0..<2).isEqual(to: key.rawSpan.extracting(0..<2))
    else { return nil }
    do throws(PackedBytesError) { return try LogRecord.recorded(in: cursor.value) } catch {
      throw cursor.damaged(error)
    }
  }

  /// The recorded time of a log record, in milliseconds.
  func recorded(_ sequence: UInt64, _ scope: ScopeCatalog) throws(StoreError) -> Int64 {
    if let known = store.recordedTimes[sequence] { return known }
    let found = try view.row(Key.log(scope.number, sequence), tables.log) {
      bytes throws(PackedBytesError) in try LogRecord.recorded(in: bytes)
    }
    guard let found else { throw .damaged("log record \(sequence) is missing") }
    store.recordedTimes[sequence] = found
    return found
  }

  /// Loads the contents of items.
  func contents(_ items: [StoredItem], _ scope: ScopeCatalog) throws(StoreError) -> ContentPages {
    var pages = store.contents.pages(scope.number, erasureGeneration: meta.erasureGeneration)
    try extend(&pages, with: items, scope)
    return pages
  }

  /// Loads further contents into pages at hand.
  func extend(
    _ pages: inout ContentPages, with items: [StoredItem], _ scope: ScopeCatalog
  ) throws(StoreError) {
    while let id = pages.missing(in: items) { try load(id, &pages, scope) }
  }

  private func load(
    _ id: ContentID, _ pages: inout ContentPages, _ scope: ScopeCatalog
  ) throws(StoreError) {
    var local = pages
    try load(page: Int(id) / ContentPage.contentCount, &local, scope)
    pages = local
    guard pages.holds(id) else { throw .damaged("content \(id) is not defined") }
  }

  private func load(
    page index: Int, _ pages: inout ContentPages, _ scope: ScopeCatalog
  ) throws(StoreError) {
    var known = pages
    let page = try view.contentPage(index, scope: scope, tables: tables) {
      base throws(StoreError) in
      if !known.holds(base) {
        try load(page: Int(base) / ContentPage.contentCount, &known, scope)
      }
      let bytes = known.bytes(base)
      return try decoding("log") { () throws(PackedBytesError) in
        try splitCanonical(bytes.rawSpan).values
      }
    }
    known.put(page, at: index)
    store.contents.publish(
      page, at: index, scope: scope.number, erasureGeneration: meta.erasureGeneration)
    pages = known
  }

  /// What was erased of a node at a valid time.
  func isErased(
    _ node: NodeNumber?, at valid: UInt32, _ scope: ScopeCatalog
  ) throws(StoreError) -> Bool {
    for row in try erasures(scope) where row.node == nil || row.node == node {
      if valid < row.before { return true }
    }
    return false
  }

  /// The erasures of a scope, oldest first.
  func erasures(_ scope: ScopeCatalog) throws(StoreError) -> [ErasureRow] {
    var rows: [ErasureRow] = []
    var cursor = try view.storeCursor(in: tables.erasures)
    let key = Key.log(scope.number, 0)
    var isThere = try cursor.seek(atOrAfter: key.rawSpan)
    while isThere, cursor.key.extracting(0..<2).isEqual(to: key.rawSpan.extracting(0..<2)) {
      do throws(PackedBytesError) { rows.append(try ErasureRow(cursor.value)) } catch {
        throw cursor.damaged(error)
      }
      isThere = try cursor.next()
    }
    return rows
  }
}

/// The ids of nodes by number, kept by readers: an id never changes.
final class NodeDirectory: Sendable {
  private let ids = Mutex<[ScopeNumber: [NodeID?]]>([:])

  func known(_ scope: ScopeNumber) -> [NodeID?] { ids.withLock { $0[scope] ?? [] } }

  func publish(_ list: [NodeID?], _ scope: ScopeNumber) {
    ids.withLock { ids in
      if (ids[scope]?.count ?? 0) < list.count { ids[scope] = list }
    }
  }

  func removeAll() { ids.withLock { $0 = [:] } }
}

extension Snapshot {
  /// The ids of all nodes of a scope, by number.
  func nodeIDs(
    _ scope: ScopeCatalog, atLeast number: NodeNumber
  ) throws(StoreError) -> [NodeID?] {
    var list = store.directory.known(scope.number)
    if Int(number) < list.count { return list }
    var cursor = try view.storeCursor(in: tables.nodes)
    let key = Key.number(scope.number, NodeNumber(list.count))
    var isThere = try cursor.seek(atOrAfter: key.rawSpan)
    while isThere {
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.key)
        guard try reader.bigEndian(ScopeNumber.self) == scope.number else { break }
        let number: NodeNumber = try reader.bigEndian()
        var value = ByteReader(cursor.value)
        while list.count < Int(number) { list.append(nil) }
        list.append(NodeID(stored: try value.string()))
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    store.directory.publish(list, scope.number)
    return list
  }
}
