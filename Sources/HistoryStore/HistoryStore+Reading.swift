public import Inventory
import LMDB
import PackedBytes

extension HistoryStore {
  /// Runs a question in one short read transaction.
  func read<R>(
    _ body: (borrowing Snapshot) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    let transaction = try environment.beginStoreRead()
    let snapshot = try Snapshot(transaction.view, of: self)
    return try body(snapshot)
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
  /// Costs the node's timeline from `from` on; about 0.3 µs per change.
  public func history(
    of node: NodeID, type: TypeName? = nil, from: Instant? = nil, to: Instant? = nil,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> [Change] {
    try read { snapshot throws(StoreError) in
      let known = try snapshot.requireNode(node, scope)
      let range = Self.range(from, to)
      let limit = try snapshot.known(knownAt, known.scope)
      var changes: [Change] = []
      for row in try snapshot.types(of: known.number, known.scope, only: type) {
        try snapshot.changes(
          node, Series(scope: known.scope.number, node: known.number, type: row.number), row,
          from: range.from, to: range.to, known: limit, known.scope, into: &changes)
      }
      if type == nil {
        changes.sort { ($0.validTime, $0.sequence, $0.type) < ($1.validTime, $1.sequence, $1.type) }
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
      for row in try snapshot.types(of: known.number, known.scope, only: type) {
        let left = try snapshot.state(
          node, known.number, row.name, at: from, knownAt: knownAt, known.scope)
        let right = try snapshot.state(
          node, known.number, row.name, at: to, knownAt: knownAt, known.scope)
        result.append(try snapshot.difference(left, right, row, known.scope))
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
        result.append(try snapshot.difference(a, b, row, one.scope))
      }
      return result
    }
  }

  /// The present by this store's clock, in whole seconds.
  var now: Instant { Instant(seconds: configuration.clock() / 1000) }

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
  public var differences: [Difference]
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
      let last = try view.lastChunk(series, tables: tables)
      if last != nil { rows.append(row) }
    }
    return rows.sorted { $0.name < $1.name }
  }

  /// A state, with how well it is founded.
  func state(
    _ node: NodeID, _ number: NodeNumber, _ type: TypeName, at: Instant?, knownAt: Instant?,
    _ scope: ScopeCatalog
  ) throws(StoreError) -> InventoryState {
    let valid = at.map { UInt32(clamping: $0.seconds) } ?? .max
    var state = InventoryState(
      node: node, type: type, at: at ?? store.now, knownAt: knownAt, knowledge: .unknown,
      items: ItemList(items: [], contents: ContentPages(), occurrenceAttribute: nil))
    if let typeNumber = scope.typeNumbers[type] {
      let series = Series(scope: scope.number, node: number, type: typeNumber)
      let known = try known(knownAt, scope)
      state.nextObserved = try view.nextObserved(
        series, after: valid, known: known, tables: tables
      ).map { Instant(seconds: Int64($0)) }
      let found = try view.findState(
        series, atOrBefore: Place(valid: valid, sequence: Key.sequenceMax), known: known,
        tables: tables)
      if let found, !found.hasEnded {
        let row = try scope.type(typeNumber)
        let layout = try view.layout(series, atOrBefore: found.place, tables: tables)
        let items = layout.items
        state.knowledge = .observed
        state.observedAt = found.place.instant
        if at == nil { state.at = max(state.at, found.place.instant) }
        state.lastConfirmed = found.lastConfirmed.map { Instant(seconds: Int64($0)) }
        state.schemaVersion =
          found.version < row.versions.count ? row.versions[found.version] : nil
        state.sequence = SequenceNumber(found.place.sequence)
        state.isImported = found.isImported
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

  /// What makes one state into another.
  func difference(
    _ left: InventoryState, _ right: InventoryState, _ row: TypeRow, _ scope: ScopeCatalog
  ) throws(StoreError) -> TypeDifference {
    var removed: [StoredItem] = []
    var added: [StoredItem] = []
    let old = left.items.items.sorted()
    let new = right.items.items.sorted()
    var i = 0
    var j = 0
    while i < old.count || j < new.count {
      if j == new.count || (i < old.count && old[i] < new[j]) {
        removed.append(old[i])
        i += 1
      } else if i == old.count || new[j] < old[i] {
        added.append(new[j])
        j += 1
      } else {
        i += 1
        j += 1
      }
    }
    let decoder = ChangeDecoder(
      row: row, contents: try contents(removed + added, scope),
      occurrenceAttribute: try scope.occurrenceAttribute(row.number))
    return TypeDifference(
      type: row.name, left: left, right: right,
      differences: try decoder.differences(removed: removed, added: added))
  }
}

/// Turns stored items that went and came into changes with attributes.
struct ChangeDecoder {
  let row: TypeRow
  var contents: ContentPages
  let occurrenceAttribute: String?

  func differences(
    removed: [StoredItem], added: [StoredItem]
  ) throws(StoreError) -> [Difference] {
    var removed = removed
    var added = added
    if removed.count > 1 || added.count > 1, !removed.isEmpty, !added.isEmpty {
      // Items of one identity are paired in order of their bytes: an order that is the same in
      // every store.
      removed.sort(by: precedes)
      added.sort(by: precedes)
    }
    let changes = try ItemChanges(removed: removed, added: added) { item throws(StoreError) in
      contents.withBytes(item.content) { row.identity(of: $0) }
    }
    var result: [Difference] = []
    result.reserveCapacity(changes.count)
    for (old, new) in changes.changed {
      let item = decode(new)
      result.append(
        Difference(kind: .changed, identity: identity(item), old: decode(old), new: item))
    }
    for new in changes.added {
      let item = decode(new)
      result.append(Difference(kind: .added, identity: identity(item), old: nil, new: item))
    }
    for old in changes.removed {
      let item = decode(old)
      result.append(Difference(kind: .removed, identity: identity(item), old: item, new: nil))
    }
    return result
  }

  private func precedes(_ a: StoredItem, _ b: StoredItem) -> Bool {
    let x = contents.bytes(a.content)
    let y = contents.bytes(b.content)
    if x != y { return x.lexicographicallyPrecedes(y) }
    let p = decode(a)
    let q = decode(b)
    for (m, n) in zip(p.attributes, q.attributes) where m != n {
      return (m.name, m.value) < (n.name, n.value)
    }
    return false
  }

  private func decode(_ item: StoredItem) -> Item {
    contents.item(item, occurrenceAttribute: occurrenceAttribute)
  }

  private func identity(_ item: Item) -> Item {
    switch row.rule {
    case .attributes(let names):
      Item(sorted: item.attributes.filter { names.contains($0.name) })
    case .singleton: Item(sorted: [])
    case .undecided, .wholeItem: item
    }
  }
}
