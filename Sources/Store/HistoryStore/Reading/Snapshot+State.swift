import Inventory
import LMDB
import PackedBytes

/// A node that the store has heard of, with what it is called inside.
struct KnownNode {
  let id: NodeID
  let number: NodeNumber
  let scope: ScopeCatalog

  init(_ id: NodeID, _ number: NodeNumber, _ scope: ScopeCatalog) {
    self.id = id
    self.number = number
    self.scope = scope
  }
}

extension Snapshot {
  /// The types of which a node has a timeline, in order of their names.
  func types(
    of node: KnownNode, only: TypeName? = nil
  ) throws(StoreError) -> [TypeRow] {
    var rows: [TypeRow] = []
    for row in node.scope.types where only == nil || row.name == only {
      let series = Series(scope: node.scope.number, node: node.number, type: row.number)
      if try view.hasTimeline(series, tables: tables) { rows.append(row) }
    }
    return rows.sorted { $0.name < $1.name }
  }

  /// A state with how well it is founded, as known through a log record.
  func state(
    _ node: KnownNode, _ type: TypeName, _ moment: Moment, known: UInt64
  ) throws(StoreError) -> InventoryState {
    var slots = SlotBuffer()
    return try state(node, type, moment, known: known, &slots)
  }

  /// A state, the slots of which are put into a buffer: none unless it was observed.
  func state(
    _ node: KnownNode, _ type: TypeName, _ moment: Moment, known: UInt64,
    _ slots: inout SlotBuffer
  ) throws(StoreError) -> InventoryState {
    try checkCancellation()
    let scope = node.scope
    slots.removeAll()
    let at = moment.at
    let valid = at.map { UInt32(clamping: $0.seconds) } ?? .max
    var state = InventoryState(
      node: node.id, type: type, at: at ?? store.now, knownAt: moment.knownAt,
      knowledge: .unknown,
      items: ItemList(items: [], contents: ContentPages(), occurrenceAttribute: nil))
    if let typeNumber = scope.typeNumbers[type] {
      let (found, next) = try view.state(
        Series(scope: scope.number, node: node.number, type: typeNumber),
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
    if try isErased(node.number, at: valid, scope) { state.knowledge = .erased }
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
      differences: DifferenceList(pairs: pairs, items: pairing.decoder))
  }
}
