public import Inventory
import LMDB
import PackedBytes

extension HistoryStore {
  /// Runs a question in one short read transaction.
  func read<R>(
    _ body: (borrowing Snapshot) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    let transaction = try environment.beginStoreRead()
    do throws(StoreError) {
      let snapshot = try Snapshot(transaction.view, of: self)
      return try body(snapshot)
    } catch { throw transaction.view.naming(error, tables) }
  }

  /// The content of one type of one node at a valid time, as known at a recorded time.
  ///
  /// That of the observation with the greatest valid time not after `at` (of one valid time, the one
  /// recorded last) among those recorded at or before `knownAt`. Cost does not depend on the age of
  /// `at`. Throws ``StoreError`` with `unknownName` for a node or scope that never reported.
  ///
  /// - Parameters:
  ///   - at: the valid time; nil for the newest observation, even where the node's clock is ahead.
  ///   - knownAt: the recorded time; nil for all that is known.
  public func state(
    of node: NodeID, type: TypeName, at: Instant? = nil, knownAt: Instant? = nil,
    in scope: Scope = .local
  ) throws(StoreError) -> InventoryState {
    try read { snapshot throws(StoreError) in
      let known = try snapshot.requireNode(node, scope)
      return try snapshot.state(
        node, known.number, type, at: at, knownAt: knownAt, known.scope)
    }
  }

  /// The types of which a node has reported anything, in order of their names.
  public func types(of node: NodeID, in scope: Scope = .local) throws(StoreError) -> [TypeName] {
    try read { snapshot throws(StoreError) in
      let known = try snapshot.requireNode(node, scope)
      return try snapshot.types(of: known.number, known.scope).map(\.name).sorted()
    }
  }

  /// Every item change of a node with `from <= validTime < to`, oldest first.
  ///
  /// Costs the node's timeline from `from` on: about 0.1 µs per change, which are decoded when
  /// they are looked at.
  public func history(
    of node: NodeID, type: TypeName? = nil, from: Instant? = nil, to: Instant? = nil,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> ChangeList {
    try read { snapshot throws(StoreError) in
      let known = try snapshot.requireNode(node, scope)
      let range = Self.range(from, to)
      let limit = try snapshot.known(knownAt, known.scope)
      let rows = try snapshot.types(of: known.number, known.scope, only: type)
      var gathering = ChangeGathering()
      var cursor = try snapshot.view.storeCursor(in: snapshot.tables.timeline)
      for row in rows {
        let series = Series(scope: known.scope.number, node: known.number, type: row.number)
        var pairing = try snapshot.pairing(row, known.scope)
        try snapshot.gatherChanges(
          node, series, from: range.from, to: range.to, known: limit, &pairing, known.scope,
          &cursor, into: &gathering)
      }
      var changes = gathering.changes
      if rows.count > 1 {
        let types = changes.origins.map(\.items.type)
        changes.sort {
          ($0.place, types[$0.origin]) < ($1.place, types[$1.origin])
        }
      }
      return changes
    }
  }

  /// What differs in a node between two valid times, by type.
  public func diff(
    of node: NodeID, type: TypeName? = nil, from: Instant, to: Instant,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> [TypeDifference] {
    try read { snapshot throws(StoreError) in
      let known = try snapshot.requireNode(node, scope)
      var result: [TypeDifference] = []
      var old = SlotBuffer()
      var new = SlotBuffer()
      for row in try snapshot.types(of: known.number, known.scope, only: type) {
        let left = try snapshot.state(
          node, known.number, row.name, at: from, knownAt: knownAt, known.scope, &old)
        let right = try snapshot.state(
          node, known.number, row.name, at: to, knownAt: knownAt, known.scope, &new)
        // An item keeps its slot while it is there: only slots that differ are looked at.
        var removed: [StoredItem] = []
        var added: [StoredItem] = []
        for slot in 0..<max(old.count, new.count) where old[slot] != new[slot] {
          if old[slot].content != 0 { removed.append(old[slot]) }
          if new[slot].content != 0 { added.append(new[slot]) }
        }
        result.append(
          try snapshot.difference(
            left, right, removed: removed, added: added, row, known.scope))
      }
      return result
    }
  }

  /// What differs between two nodes at a valid time, by type.
  public func diff(
    _ left: NodeID, _ right: NodeID, type: TypeName? = nil, at: Instant? = nil,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> [TypeDifference] {
    try read { snapshot throws(StoreError) in
      let one = try snapshot.requireNode(left, scope)
      let other = try snapshot.requireNode(right, scope)
      var rows = try snapshot.types(of: one.number, one.scope, only: type)
      for row in try snapshot.types(of: other.number, one.scope, only: type)
      where !rows.contains(where: { $0.number == row.number }) {
        rows.append(row)
      }
      var result: [TypeDifference] = []
      for row in rows.sorted(by: { $0.name < $1.name }) {
        let a = try snapshot.state(
          left, one.number, row.name, at: at, knownAt: knownAt, one.scope)
        let b = try snapshot.state(
          right, other.number, row.name, at: at, knownAt: knownAt, one.scope)
        result.append(
          try snapshot.difference(
            a, b, removed: a.items.items, added: b.items.items, row, one.scope))
      }
      return result
    }
  }

  /// The present by this store's clock, in whole seconds.
  package var now: Instant { Instant(seconds: configuration.clock() / 1000) }

  /// The present to the millisecond, for what happens more than once in a second.
  package var preciseNow: Instant { Instant(milliseconds: configuration.clock()) }

  /// A range of valid time in whole seconds: everything where an end is nil.
  static func range(_ from: Instant?, _ to: Instant?) -> (from: UInt32, to: UInt64) {
    func up(_ time: Instant) -> Int64 { (time.milliseconds + 999) / 1000 }
    return (
      from.map { UInt32(clamping: up($0)) } ?? 0,
      to.map { UInt64(clamping: up($0)) } ?? UInt64(UInt32.max) + 1
    )
  }
}

/// What differs in one inventory type, and the two states that were compared.
public struct TypeDifference: Sendable {
  /// The type.
  public var type: TypeName
  /// The state on the left.
  public var left: InventoryState
  /// The state on the right.
  public var right: InventoryState
  /// What makes the left into the right.
  public var differences: DifferenceList
}

extension Snapshot {
  /// A node that must be known.
  func requireNode(
    _ node: NodeID, _ scope: Scope
  ) throws(StoreError) -> (scope: ScopeCatalog, number: NodeNumber) {
    guard let known = self.scope(scope) else {
      throw StoreError(.unknownName, "nothing was ever reported in \(scope)")
    }
    guard let number = try nodeNumber(node, known) else {
      throw StoreError(.unknownName, "no node \(node) ever reported in \(scope)")
    }
    return (known, number)
  }

  /// The types of which a node has a timeline.
  func types(
    of node: NodeNumber, _ scope: ScopeCatalog, only: TypeName? = nil
  ) throws(StoreError) -> [TypeRow] {
    var rows: [TypeRow] = []
    for row in scope.types where only == nil || row.name == only {
      let series = Series(scope: scope.number, node: node, type: row.number)
      if try view.hasTimeline(series, tables: tables) { rows.append(row) }
    }
    return rows.sorted { $0.name < $1.name }
  }

  /// A state, with how well it is founded.
  func state(
    _ node: NodeID, _ number: NodeNumber, _ type: TypeName, at: Instant?, knownAt: Instant?,
    _ scope: ScopeCatalog
  ) throws(StoreError) -> InventoryState {
    var slots = SlotBuffer()
    return try state(node, number, type, at: at, knownAt: knownAt, scope, &slots)
  }

  /// A state as known through a log record.
  func state(
    _ node: NodeID, _ number: NodeNumber, _ type: TypeName, at: Instant?, known: UInt64,
    _ scope: ScopeCatalog
  ) throws(StoreError) -> InventoryState {
    var slots = SlotBuffer()
    return try state(
      node, number, type, at: at, knownAt: nil, known: known, scope, &slots)
  }

  /// A state, the slots of which are put into a buffer: none unless it was observed.
  fileprivate func state(
    _ node: NodeID, _ number: NodeNumber, _ type: TypeName, at: Instant?, knownAt: Instant?,
    _ scope: ScopeCatalog, _ slots: inout SlotBuffer
  ) throws(StoreError) -> InventoryState {
    try state(
      node, number, type, at: at, knownAt: knownAt, known: try known(knownAt, scope), scope,
      &slots)
  }

  private func state(
    _ node: NodeID, _ number: NodeNumber, _ type: TypeName, at: Instant?, knownAt: Instant?,
    known: UInt64, _ scope: ScopeCatalog, _ slots: inout SlotBuffer
  ) throws(StoreError) -> InventoryState {
    try checkCancellation()
    slots.removeAll()
    let valid = at.map { UInt32(clamping: $0.seconds) } ?? .max
    var state = InventoryState(
      node: node, type: type, at: at ?? store.now, knownAt: knownAt, knowledge: .unknown,
      items: ItemList(items: [], contents: ContentPages(), occurrenceAttribute: nil))
    if let typeNumber = scope.typeNumbers[type] {
      let (found, next) = try view.state(
        Series(scope: scope.number, node: number, type: typeNumber),
        atOrBefore: Place(valid: valid, sequence: Key.sequenceMax),
        known: known, into: &slots, tables: tables)
      state.nextObserved = next.map { Instant(seconds: Int64($0)) }
      if let found, !found.hasEnded {
        let items = slots.items
        state.knowledge = .observed
        state.observedAt = found.place.instant
        if at == nil { state.at = max(state.at, found.place.instant) }
        state.lastConfirmed = found.lastConfirmed.map { Instant(seconds: Int64($0)) }
        state.schemaVersion = try scope.version(found.version, of: typeNumber)
        state.sequence = SequenceNumber(found.place.sequence)
        state.source = scope.source(found.source)
        state.items = ItemList(
          items: items, contents: try contents(items, scope),
          occurrenceAttribute: try scope.occurrenceAttribute(typeNumber))
        return state
      }
      if found != nil { return state }
    }
    if try isErased(number, at: valid, scope) { state.knowledge = .erased }
    return state
  }

  /// What makes one state into another: what went and what came, paired.
  func difference(
    _ left: InventoryState, _ right: InventoryState, removed: [StoredItem],
    added: [StoredItem], _ row: TypeRow, _ scope: ScopeCatalog
  ) throws(StoreError) -> TypeDifference {
    var pairing = try pairing(row, scope)
    try prepare(&pairing, for: removed, added, scope)
    var pairs: [ItemPair] = []
    try pairing.pair(removed: removed[...], added: added[...], into: &pairs)
    return TypeDifference(
      type: row.name, left: left, right: right,
      differences: DifferenceList(
        pairs: pairs,
        items: ItemDecoder(
          type: row.name, rule: row.rule, contents: pairing.contents,
          occurrenceAttribute: pairing.occurrenceAttribute)))
  }
}
