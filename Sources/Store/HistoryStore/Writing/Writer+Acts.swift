import Inventory
import LMDB
import PackedBytes

// Administrative acts: node events, type deletions, declared identities.

extension Writer {
  /// Logs what happened to a node as a whole; ends its inventory where the event does.
  func record(
    _ kind: NodeEventKind, node: NodeID, valid: UInt32, in scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt64 {
    let known = try nodeNumber(node, scope, &transaction)
    return try record(
      NodeEvent(
        node: known ?? scope.row.nextNode, newNode: known == nil ? node.text : nil, valid: valid,
        kind: kind), in: scope, &transaction)
  }

  /// Logs a node event.
  func record(
    _ event: NodeEvent, in scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt64 {
    try loadContents(scope, &transaction)
    let recorded = tick()
    let sequence = try append(
      LogRecord(recorded: recorded, body: .nodeEvent(event)), to: scope, &transaction)
    try project(event, sequence: sequence, recorded: recorded, scope, &transaction)
    return sequence
  }

  /// Enters a node event into the projections.
  func project(
    _ event: NodeEvent, sequence: UInt64, recorded: Int64, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    if let id = event.newNode { try addNode(id, recorded: recorded, scope, &transaction) }
    let key = Key.number(scope.number, event.node)
    let stored = try transaction.view.row(key, tables.nodes) {
      bytes throws(PackedBytesError) in try NodeRow(bytes)
    }
    guard var row = stored else { throw .damaged("node number \(event.node) is not known") }
    if event.kind == .tagged {
      if event.valid >= row.tagsValid {
        row.tags = event.tags
        row.tagsValid = event.valid
      }
    } else if event.valid >= row.statusValid {
      row.status = event.kind
      row.statusValid = event.valid
    }
    try put(row.encoded(), key, tables.nodes, &transaction)
    guard event.kind.endsInventory else { return }
    for type in scope.catalog.types.map(\.number) {
      let series = Series(scope: scope.number, node: event.node, type: type)
      try end(series, at: Place(valid: event.valid, sequence: sequence), scope, &transaction)
    }
  }

  /// Logs the deletion of a type: its inventory ends on every node.
  func delete(
    _ type: TypeName, valid: UInt32, in scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt64 {
    guard scope.catalog.typeNumbers[type] != nil else {
      throw StoreError(.unknownName, "no node of \(scope.row.scope) has reported \(type)")
    }
    try loadContents(scope, &transaction)
    let sequence = try append(
      LogRecord(recorded: tick(), body: .typeDeletion(type: type, valid: valid)), to: scope,
      &transaction)
    try project(deletionOf: type, valid: valid, sequence: sequence, scope, &transaction)
    return sequence
  }

  /// Enters a type's deletion into the projections.
  func project(
    deletionOf type: TypeName, valid: UInt32, sequence: UInt64, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard let number = scope.catalog.typeNumbers[type] else {
      throw .damaged("type \(type) is deleted before it was reported")
    }
    let row = try scope.catalog.type(number)
    scope.catalog.types[Int(number) - 1].deleted = max(row.deleted, valid)
    scope.dirtyTypes.insert(number)
    for node in 1..<max(1, scope.row.nextNode) {
      let series = Series(scope: scope.number, node: node, type: number)
      try end(series, at: Place(valid: valid, sequence: sequence), scope, &transaction)
    }
  }

  /// Ends a series at a place, unless nothing is valid there.
  private func end(
    _ series: Series, at place: Place, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let (prior, isNewest) = try prior(series, of: place, &transaction)
    guard let prior, !prior.hasEnded else { return }
    var placement = Placement(kind: .ended, place: place)
    placement.prior = prior
    placement.isNewest = isNewest
    placement.changes = prior.layout.changes(to: Layout())
    try project(placement, of: series, scope, &transaction)
  }

  /// Logs how items of a type are matched from now on, in all of its history.
  ///
  /// The caller rebuilds the projections in the same transaction.
  func declareIdentity(
    of type: TypeName, attributes: [String], in scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt64 {
    try append(
      LogRecord(
        recorded: tick(), body: .identityDeclaration(type: type, attributes: attributes)),
      to: scope, &transaction)
  }
}
