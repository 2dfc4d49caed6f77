package import Inventory
import LMDB

extension HistoryReader {
  /// What log records after a sequence number changed, in the order of the log; see
  /// ``HistoryStore/changes(after:limit:in:)``.
  package func changes(
    after start: SequenceNumber, limit: Int
  ) throws(StoreError) -> ChangeList {
    var gathering = ChangeGathering()
    var next = start.value + 1
    while next <= known, gathering.changes.count < limit {
      try checkCancellation()
      for scope in scopes { try snapshot.gatherChanges(ofRecord: next, scope, into: &gathering) }
      next += 1
    }
    return gathering.changes
  }

  /// Every item change with `from <= validTime < to`, by scope, oldest first; of one type or all, and of the
  /// nodes that a closure chooses.
  package func changes(
    from: Instant, to: Instant, type: TypeName? = nil, nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> ChangeList {
    guard from < to else {
      throw StoreError(.invalidQuestion, "the range from \(from) to \(to) is empty")
    }
    let range = HistoryStore.range(from, to)
    var gathering = ChangeGathering()
    for scope in scopes {
      let chosen = try snapshot.nodes(of: scope, where: choose)
      let active = try snapshot.activeSeries(
        from: range.from, to: range.to, scope, known: known
      ).filter { chosen[$0.node] }
      let ids = try snapshot.nodeIDs(scope, atLeast: active.map(\.node).max() ?? 0)
      var cursor = try snapshot.view.storeCursor(in: snapshot.tables.timeline)
      for row in scope.types where type == nil || row.name == type {
        var pairing = try snapshot.pairing(row, scope)
        for series in active where series.type == row.number {
          guard Int(series.node) < ids.count, let node = ids[Int(series.node)] else {
            throw .damaged("node number \(series.node) is not known")
          }
          try snapshot.gatherChanges(
            node, series, from: range.from, to: range.to, known: known, &pairing, scope, &cursor,
            into: &gathering)
        }
      }
    }
    var changes = gathering.changes
    let origins = changes.origins
    changes.sort { a, b in
      let (x, y) = (origins[a.origin], origins[b.origin])
      if x.scope != y.scope { return x.scope < y.scope }
      if a.place.valid != b.place.valid { return a.place.valid < b.place.valid }
      return (x.node, x.items.type, a.place.sequence) < (y.node, y.items.type, b.place.sequence)
    }
    return changes
  }

  /// The nodes there are, in no order; costs little where they were asked for before.
  package func ids() throws(StoreError) -> [(scope: Scope, node: NodeID)] {
    var result: [(scope: Scope, node: NodeID)] = []
    for scope in scopes {
      for case let node? in try snapshot.nodeIDs(scope, atLeast: .max) {
        result.append((scope.scope, node))
      }
    }
    return result
  }

  /// What is known of each node as a whole, by scope and id; costs a state of each, for its tags.
  package func nodes() throws(StoreError) -> [NodeSummary] {
    var result: [NodeSummary] = []
    for scope in scopes {
      try snapshot.forEachNode(of: scope) { number, row throws(StoreError) in
        result.append(try summary(KnownNode(NodeID(stored: row.id), number, scope), row))
      }
    }
    return result.sorted { ($0.scope, $0.node) < ($1.scope, $1.node) }
  }

  /// Hands over each node, the newest event of its life, and when it was last heard of by a report, in the order
  /// in which the store first heard of them.
  ///
  /// Costs a row of each, and a look at when it was seen.
  package func forEachLife(
    _ body: (Scope, NodeID, NodeEventKind, Instant?) -> Void
  ) throws(StoreError) {
    for scope in scopes {
      try snapshot.forEachNode(of: scope) { number, row throws(StoreError) in
        let seen = try snapshot.lastSeen(number, scope)
        body(scope.scope, NodeID(stored: row.id), row.status, seen)
      }
    }
  }

  /// The value of an attribute of each node's first item of a type.
  ///
  /// As of the moment, or the newest where nothing was known then; nodes without one are left out. Costs every node's state of the type.
  package func values(
    of attribute: String, type: TypeName
  ) throws(StoreError) -> [Scope: [NodeID: String]] {
    var values: [Scope: [NodeID: String]] = [:]
    for scope in scopes where scope.typeNumbers[type] != nil {
      var found: [NodeID: String] = [:]
      let ids = try snapshot.nodeIDs(scope, atLeast: .max)
      for (number, id) in ids.enumerated() {
        guard let id else { continue }
        let node = KnownNode(id, NodeNumber(number), scope)
        var items = try snapshot.state(node, type, moment, known: known).items
        if items.isEmpty, moment != Moment() {
          items = try snapshot.state(node, type, Moment(), known: .max).items
        }
        if let value = items.first?[attribute] { found[id] = value }
      }
      values[scope.scope] = found
    }
    return values
  }

  /// What is known of each inventory type, by scope and name.
  package func schemas() throws(StoreError) -> [TypeSummary] {
    var result: [TypeSummary] = []
    for scope in scopes {
      let counts = try snapshot.nodeCounts(scope)
      for row in scope.types {
        result.append(try snapshot.summary(row, scope, nodeCount: counts[row.number] ?? 0))
      }
    }
    return result.sorted { ($0.scope, $0.type) < ($1.scope, $1.type) }
  }
}
