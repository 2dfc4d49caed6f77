package import Inventory
import LMDB

extension HistoryReader {
  /// What log records after a sequence number changed, in the order of the log; see
  /// ``HistoryStore/changes(after:limit:in:)``.
  package func changes(
    after start: SequenceNumber, limit: Int, marksFirst: Bool = false
  ) throws(StoreError) -> ChangeList {
    var gathering = ChangeGathering(marksFirst: marksFirst)
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
  ///
  /// - Parameter marksFirst: whether ``ChangeList/firstObservation(at:)`` is to tell first observations.
  package func changes(
    from: Instant, to: Instant, type: TypeName? = nil, nodes choose: NodeChoice? = nil,
    marksFirst: Bool = false
  ) throws(StoreError) -> ChangeList {
    let range = try checkedRange(from, to)
    var gathering = ChangeGathering(marksFirst: marksFirst)
    for scope in scopes {
      let active = try active(range, scope, type, choose)
      var cursor = try snapshot.view.storeCursor(in: snapshot.tables.timeline)
      for (row, list) in active.types {
        var pairing = try snapshot.pairing(row, scope)
        for series in list {
          let node = try Self.id(series.node, active.ids)
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

  /// The changes with `from <= validTime < to`, those that are the same on many nodes taken together.
  ///
  /// Costs what ``changes(from:to:type:nodes:marksFirst:)`` costs, but keeps only what is different; where
  /// that is more than ``GroupedChanges/differentMax`` it throws `invalidQuestion`.
  ///
  /// - Parameters:
  ///   - foldsFirst: whether first observations of a type count as one change.
  ///   - isWanted: which changes count; asked once for each pair of contents.
  package func groupedChanges(
    from: Instant, to: Instant, type: TypeName? = nil, nodes choose: NodeChoice? = nil,
    foldsFirst: Bool = false,
    where isWanted: @escaping (TypeName, Difference) -> Bool = { _, _ in true }
  ) throws(StoreError) -> GroupedChanges {
    let range = try checkedRange(from, to)
    var gathering = ChangeGathering()
    var result = GroupedChanges()
    var left = GroupedChanges.differentMax
    for scope in scopes {
      let active = try active(range, scope, type, choose)
      var cursor = try snapshot.view.storeCursor(in: snapshot.tables.timeline)
      for (row, list) in active.types {
        var pairing = try snapshot.pairing(row, scope)
        var groups = ChangeGrouping(
          origin: result.origins.count, foldsFirst: foldsFirst, left: left, isWanted: isWanted)
        for series in list {
          _ = try Self.id(series.node, active.ids)
          try snapshot.group(
            series, range, known: known, &pairing, scope, &cursor, &gathering, into: &groups)
        }
        left = groups.left
        result.groups += groups.groups
        result.origins.append(
          GroupedChanges.Origin(scope: scope.scope, items: pairing.decoder, ids: active.ids))
      }
    }
    result.sort()
    return result
  }

  /// The id of a node that there must be.
  static func id(
    _ node: NodeNumber, _ ids: [NodeID?]
  ) throws(StoreError) -> NodeID {
    guard Int(node) < ids.count, let id = ids[Int(node)] else {
      throw .damaged("node number \(node) is not known")
    }
    return id
  }

  private func checkedRange(
    _ from: Instant, _ to: Instant
  ) throws(StoreError) -> (from: UInt32, to: UInt64) {
    guard from < to else {
      throw StoreError(.invalidQuestion, "the range from \(from) to \(to) is empty")
    }
    return HistoryStore.range(from, to)
  }

  /// The series of some nodes that changed in a range of valid time, by type in order of first use, and the
  /// ids of nodes by number.
  private func active(
    _ range: (from: UInt32, to: UInt64), _ scope: ScopeCatalog, _ type: TypeName?,
    _ choose: NodeChoice?
  ) throws(StoreError) -> (types: [(row: TypeRow, series: [Series])], ids: [NodeID?]) {
    let chosen = try snapshot.nodes(of: scope, where: choose)
    var found: [TypeNumber: [Series]] = [:]
    var last: NodeNumber = 0
    for series in try snapshot.activeSeries(from: range.from, to: range.to, scope, known: known)
    where chosen[series.node] {
      found[series.type, default: []].append(series)
      last = max(last, series.node)
    }
    let types = scope.types.filter { type == nil || $0.name == type }
      .compactMap { row in found[row.number].map { (row: row, series: $0) } }
    return (types, try snapshot.nodeIDs(scope, atLeast: last))
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

  /// The attributes that items of a type have had, in order of first use.
  package func attributes(of type: TypeName) throws(StoreError) -> [String] {
    var names: [String] = []
    for scope in scopes {
      guard let number = scope.typeNumbers[type] else { continue }
      let summary = try snapshot.summary(try scope.type(number), scope, nodeCount: 0)
      names += summary.attributes.filter { !names.contains($0) }
    }
    return names
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
