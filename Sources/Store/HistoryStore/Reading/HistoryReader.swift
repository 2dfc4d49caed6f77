package import Inventory
import LMDB
import PackedBytes

/// Many questions about one scope in one read transaction, as known at one moment.
///
/// For servers that answer page by page: whoever remembers ``sequence`` and asks again with
/// `through:` gets the same answers, whatever was recorded in between. Short-lived: it holds back the
/// reuse of pages for as long as it is open.
package struct ScopeReader: ~Escapable {
  private let snapshot: Snapshot
  private let catalog: ScopeCatalog?
  private let known: UInt64
  /// The valid time of all answers; nil for the newest of each.
  package let at: Instant?
  /// The newest log record that counts.
  package let sequence: SequenceNumber

  @_lifetime(copy snapshot)
  fileprivate init(
    _ snapshot: Snapshot, _ scope: Scope, at: Instant?, knownAt: Instant?,
    through: SequenceNumber?
  ) throws(StoreError) {
    let catalog = snapshot.scope(scope)
    var known = snapshot.meta.nextSequence - 1
    if let through { known = min(known, through.value) }
    if let knownAt, let catalog { known = min(known, try snapshot.known(knownAt, catalog)) }
    self.snapshot = snapshot
    self.catalog = catalog
    self.known = known
    self.at = at
    sequence = SequenceNumber(known)
  }

  /// The types that anything was reported of, in order of first use.
  package var types: [TypeName] { catalog?.types.map(\.name) ?? [] }

  /// What is known of a type but for how many nodes report it; nil for one that nothing was reported of.
  package func schema(of type: TypeName) throws(StoreError) -> TypeSummary? {
    guard let catalog, let number = catalog.typeNumbers[type] else { return nil }
    return try snapshot.summary(try catalog.type(number), catalog, nodeCount: 0)
  }

  /// The number of a node; nil for one that never reported.
  package func number(of node: NodeID) throws(StoreError) -> UInt32? {
    guard let catalog else { return nil }
    return try snapshot.nodeNumber(node, catalog)
  }

  /// A node's life as it is known now; nil for one that never reported.
  package func summary(of node: NodeID, number: UInt32) throws(StoreError) -> NodeSummary? {
    guard let catalog else { return nil }
    let key = Key.number(catalog.number, number)
    let stored = try snapshot.view.row(key, snapshot.tables.nodes) {
      bytes throws(PackedBytesError) in try NodeRow(bytes)
    }
    guard let row = stored else { return nil }
    let seen = try snapshot.view.row(key, snapshot.tables.seen) {
      bytes throws(PackedBytesError) in try SeenRow(bytes)
    }
    return NodeSummary(
      node: node, scope: catalog.scope, status: row.status,
      statusTime: row.statusValid == 0 ? nil : Instant(seconds: Int64(row.statusValid)),
      tags: row.tags, firstRecorded: Instant(milliseconds: row.firstRecorded),
      lastSeen: seen.map { Instant(milliseconds: $0.recorded) })
  }

  /// Hands over nodes in order of their ids' bytes until the closure answers false.
  ///
  /// - Parameter after: the id behind which to begin; nil for the first.
  package func forEachNode(
    after: String?, _ body: (NodeID, UInt32) throws -> Bool
  ) throws {
    guard let catalog else { return }
    let prefix = Key.text(catalog.number, "")
    let start = Key.text(catalog.number, after ?? "")
    var cursor = try snapshot.view.storeCursor(in: snapshot.tables.nodeNumbers)
    var isThere = try cursor.seek(atOrAfter: start.span.bytes)
    if after != nil, isThere, cursor.key.isEqual(to: start.span.bytes) {
      isThere = try cursor.next()
    }
    while isThere, cursor.key.byteCount >= prefix.count,
      cursor.key.extracting(0..<prefix.count).isEqual(to: prefix.span.bytes)
    {
      try checkCancellation()
      let id = [UInt8](copying: cursor.key.extracting(prefix.count..<cursor.key.byteCount))
      let number: NodeNumber
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.value)
        number = try reader.varint32()
      } catch { throw cursor.damaged(error) }
      guard try body(NodeID(stored: String(decoding: id, as: UTF8.self)), number) else { return }
      isThere = try cursor.next()
    }
  }

  /// The content of one type of a node.
  package func state(
    of node: NodeID, number: UInt32, type: TypeName
  ) throws(StoreError) -> InventoryState {
    guard let catalog else {
      throw StoreError(.unknownName, "no node \(node) ever reported there")
    }
    return try snapshot.state(node, number, type, at: at, known: known, catalog)
  }

  /// The ContentHash accepted last for a node's type; nil where there is none.
  package func contentHash(number: UInt32, type: TypeName) throws(StoreError) -> String? {
    guard let catalog, let type = catalog.typeNumbers[type] else { return nil }
    let series = Series(scope: catalog.number, node: number, type: type)
    return try snapshot.view.row(Key.series(series), snapshot.tables.hashes) {
      bytes throws(PackedBytesError) in try HashRow(bytes).contentHash
    }
  }

  /// The ids of the nodes that may hold an item of a name: a superset, found without looking at nodes.
  ///
  /// Nil where that cannot be told but by looking at them: for types that have no identity by a first
  /// attribute of this name, and for questions about what was known earlier.
  package func candidates(
    attribute: String, values: [String], type: TypeName
  ) throws(StoreError) -> [NodeID]? {
    guard let catalog, let number = catalog.typeNumbers[type],
      known == snapshot.meta.nextSequence - 1
    else { return nil }
    let row = try catalog.type(number)
    guard case .attributes(let names) = row.rule, names.first == attribute else { return nil }
    var set = HolderSet()
    for value in values {
      for identity in try snapshot.identities(named: value, row, catalog) {
        try snapshot.takeHolders(
          of: identity.number, row, catalog, at: at.map { UInt32(clamping: $0.seconds) } ?? .max,
          into: &set)
      }
    }
    var numbers: Set<NodeNumber> = []
    set.forEach { node, _ in numbers.insert(node) }
    let ids = try snapshot.nodeIDs(catalog, atLeast: numbers.max() ?? 0)
    return numbers.compactMap { Int($0) < ids.count ? ids[Int($0)] : nil }.sorted()
  }
}

extension HistoryStore {
  /// Asks about one scope, as of a valid time, as known at a recorded time or through a log record.
  package func reading<R>(
    in scope: Scope, at: Instant? = nil, knownAt: Instant? = nil, through: SequenceNumber? = nil,
    _ body: (borrowing ScopeReader) throws -> R
  ) throws -> R {
    let transaction = try environment.beginStoreRead()
    do {
      let snapshot = try Snapshot(transaction.view, of: self)
      let reader = try ScopeReader(snapshot, scope, at: at, knownAt: knownAt, through: through)
      return try body(reader)
    } catch let error as StoreError {
      throw transaction.view.naming(error, tables)
    }
  }
}

/// What a condition said about contents it has seen, so that it is asked once for each.
package struct ContentMemo {
  fileprivate var answers: [UInt32: Bool] = [:]

  package init() {}
}

extension ItemList {
  /// Whether any item fulfils a condition that looks at its shared content alone, or at all of it.
  ///
  /// - Parameter memo: what is known of contents; nil where the condition looks at the attribute that
  ///   differs from one occurrence to the next. Use one for each condition and scope.
  package func contains(_ memo: inout ContentMemo, where condition: (Item) -> Bool) -> Bool {
    for item in items {
      if let known = memo.answers[item.content] {
        if known { return true }
        continue
      }
      let answer = condition(contents.item(item, occurrenceAttribute: occurrenceAttribute))
      memo.answers[item.content] = answer
      if answer { return true }
    }
    return false
  }
}
