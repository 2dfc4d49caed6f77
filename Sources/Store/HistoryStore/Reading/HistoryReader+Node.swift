package import Inventory
import LMDB
import PackedBytes

extension HistoryReader {
  /// The content of one type of a node; see ``HistoryStore/state(of:type:at:knownAt:in:)``.
  package func state(of node: NodeID, type: TypeName) throws(StoreError) -> InventoryState {
    try snapshot.state(try requireNode(node), type, moment, known: known)
  }

  /// The types of which a node has reported anything, in order of their names.
  package func types(of node: NodeID) throws(StoreError) -> [TypeName] {
    try snapshot.types(of: try requireNode(node)).map(\.name)
  }

  /// Every item change of a node with `from <= validTime < to`, oldest first.
  package func history(
    of node: NodeID, type: TypeName? = nil, from: Instant? = nil, to: Instant? = nil
  ) throws(StoreError) -> ChangeList {
    let found = try requireNode(node)
    let range = HistoryStore.range(from, to)
    let rows = try snapshot.types(of: found, only: type)
    var gathering = ChangeGathering()
    var cursor = try snapshot.view.storeCursor(in: snapshot.tables.timeline)
    for row in rows {
      let series = Series(scope: found.scope.number, node: found.number, type: row.number)
      var pairing = try snapshot.pairing(row, found.scope)
      try snapshot.gatherChanges(
        node, series, from: range.from, to: range.to, known: known, &pairing, found.scope,
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

  /// What differs in a node between two valid times, by type.
  package func diff(
    of node: NodeID, type: TypeName? = nil, from: Instant, to: Instant
  ) throws(StoreError) -> [TypeDifference] {
    let found = try requireNode(node)
    let (before, after) = (
      Moment(at: from, knownAt: moment.knownAt), Moment(at: to, knownAt: moment.knownAt)
    )
    var result: [TypeDifference] = []
    var old = SlotBuffer()
    var new = SlotBuffer()
    for row in try snapshot.types(of: found, only: type) {
      let left = try snapshot.state(found, row.name, before, known: known, &old)
      let right = try snapshot.state(found, row.name, after, known: known, &new)
      // An item keeps its slot while it is there: only slots that differ are looked at.
      var removed: [StoredItem] = []
      var added: [StoredItem] = []
      for slot in 0..<max(old.count, new.count) where old[slot] != new[slot] {
        if old[slot].content != 0 { removed.append(old[slot]) }
        if new[slot].content != 0 { added.append(new[slot]) }
      }
      result.append(
        try snapshot.difference(
          left, right, removed: removed, added: added, row, found.scope))
    }
    return result
  }

  /// What differs between two nodes, by type.
  package func diff(
    _ left: NodeID, _ right: NodeID, type: TypeName? = nil
  ) throws(StoreError) -> [TypeDifference] {
    let one = try requireNode(left)
    let other = try requireNode(right)
    var rows = try snapshot.types(of: one, only: type)
    for row in try snapshot.types(of: other, only: type)
    where !rows.contains(where: { $0.number == row.number }) {
      rows.append(row)
    }
    var result: [TypeDifference] = []
    for row in rows.sorted(by: { $0.name < $1.name }) {
      let a = try snapshot.state(one, row.name, moment, known: known)
      let b = try snapshot.state(other, row.name, moment, known: known)
      result.append(
        try snapshot.difference(
          a, b, removed: a.items.items, added: b.items.items, row, one.scope))
    }
    return result
  }
}
