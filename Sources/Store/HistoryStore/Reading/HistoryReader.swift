package import Inventory
import LMDB
import PackedBytes

/// The one way to ask a store: questions about a scope, or about all, in one read transaction, as known
/// at one moment.
///
/// All answers of a reader are of one snapshot: a report that is recorded meanwhile shows up in none of
/// them. Who answers page by page remembers ``sequence`` and asks again with it as ``Moment/through``:
/// whatever was recorded in between, the answers are the same. Short-lived: it holds back the reuse of
/// pages for as long as it is open.
package struct HistoryReader: ~Escapable {
  let snapshot: Snapshot
  /// What is asked about, in order; none for a scope that nothing was reported in.
  let scopes: [ScopeCatalog]
  /// The scope that was named; nil for all.
  let asked: Scope?
  /// The newest log record that counts, as a number.
  let known: UInt64
  /// The times of all answers.
  package let moment: Moment
  /// The newest log record that counts.
  package let sequence: SequenceNumber

  @_lifetime(copy snapshot)
  init(_ snapshot: Snapshot, _ asked: Scope?, _ moment: Moment) throws(StoreError) {
    var scopes: [ScopeCatalog] = []
    if let asked {
      if let known = snapshot.scope(asked) { scopes = [known] }
    } else {
      scopes = snapshot.catalog.scopes.values.sorted { $0.scope < $1.scope }
    }
    var known = snapshot.meta.nextSequence - 1
    if let through = moment.through { known = min(known, through.value) }
    for scope in scopes where moment.knownAt != nil {
      known = min(known, try snapshot.known(moment.knownAt, scope))
    }
    self.snapshot = snapshot
    self.scopes = scopes
    self.asked = asked
    self.known = known
    self.moment = moment
    sequence = SequenceNumber(known)
  }

  /// The valid time of all answers; nil for the newest of each.
  package var at: Instant? { moment.at }

  /// The scope, where it is one and anything was reported in it.
  private var catalog: ScopeCatalog? { asked == nil ? nil : scopes.first }

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

  /// A node that must be known.
  func requireNode(_ node: NodeID) throws(StoreError) -> KnownNode {
    guard let catalog else {
      throw StoreError(
        .unknownName, "nothing was ever reported in \(asked?.description ?? "any scope alone")")
    }
    guard let number = try snapshot.nodeNumber(node, catalog) else {
      throw StoreError(.unknownName, "no node \(node) ever reported in \(catalog.scope)")
    }
    return KnownNode(node, number, catalog)
  }

  /// A node's life as it is known now; nil for one that never reported.
  ///
  /// - Parameter withTags: whether its tags are read, which costs a state.
  package func summary(
    of node: NodeID, number: UInt32, withTags: Bool = true
  ) throws(StoreError) -> NodeSummary? {
    guard let catalog else { return nil }
    let known = KnownNode(node, number, catalog)
    return try snapshot.row(of: known).map { row throws(StoreError) in
      try summary(known, row, withTags: withTags)
    }
  }

  func summary(
    _ node: KnownNode, _ row: NodeRow, withTags: Bool = true
  ) throws(StoreError) -> NodeSummary {
    var summary = NodeSummary(row, node.scope)
    if withTags { summary.tags = try tags(node, row, at: moment.at).list }
    summary.lastSeen = try snapshot.lastSeen(node.number, node.scope)
    return summary
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
    var isThere = try cursor.seek(atOrAfter: start.rawSpan)
    if after != nil, isThere, cursor.key.isEqual(to: start.rawSpan) {
      isThere = try cursor.next()
    }
    while isThere, cursor.key.byteCount >= prefix.count,
      cursor.key.extracting(0..<prefix.count).isEqual(to: prefix.rawSpan)
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
    return try snapshot.state(
      KnownNode(node, number, catalog), type, moment, known: known)
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
      for identity in try snapshot.identities(named: ItemNames(value), row, catalog) {
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
  /// Asks about one scope, or nil for all, as of a moment: everything in the closure sees one snapshot.
  package func reading<R>(
    _ scope: Scope?, _ moment: Moment = Moment(), _ body: (borrowing HistoryReader) throws -> R
  ) throws -> R {
    let transaction = try environment.beginStoreRead()
    do {
      let snapshot = try Snapshot(transaction.view, of: self)
      let reader = try HistoryReader(snapshot, scope, moment)
      return try body(reader)
    } catch let error as StoreError {
      throw transaction.view.naming(error, tables)
    }
  }

  /// ``reading(_:_:_:)`` for questions whose errors are the store's alone.
  func ask<R>(
    _ scope: Scope?, _ moment: Moment = Moment(),
    _ body: (borrowing HistoryReader) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    let transaction = try environment.beginStoreRead()
    do throws(StoreError) {
      let snapshot = try Snapshot(transaction.view, of: self)
      let reader = try HistoryReader(snapshot, scope, moment)
      return try body(reader)
    } catch { throw transaction.view.naming(error, tables) }
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
