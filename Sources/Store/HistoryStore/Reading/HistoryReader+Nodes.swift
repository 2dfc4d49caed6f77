package import Inventory
import LMDB

// What is known of a node beside its row: each a short read of its own, for those who ask.

extension HistoryReader {
  private func known(_ node: NodeID, _ scope: Scope) throws(StoreError) -> KnownNode? {
    guard let scope = scopes.first(where: { $0.scope == scope }),
      let number = try snapshot.nodeNumber(node, scope)
    else { return nil }
    return KnownNode(node, number, scope)
  }

  /// What a node says of itself, in AWS:InstanceInformation; nil where it never did.
  ///
  /// As of the moment, or the newest where nothing was known then. Costs the node's state of the type.
  package func information(of node: NodeID, in scope: Scope) throws(StoreError) -> Item? {
    let type = TypeName.instanceInformation
    guard let found = try self.known(node, scope), found.scope.typeNumbers[type] != nil else {
      return nil
    }
    let item = try snapshot.state(found, type, moment, known: known).items.first
    if item != nil || moment == Moment() { return item }
    return try snapshot.state(found, type, Moment(), known: .max).items.first
  }

  /// The valid time of a node's newest observation or unchanged statement, of any type, among those that
  /// were known at the moment; nil where there is none.
  ///
  /// Costs two look-ups for each type of the scope.
  package func lastObserved(of node: NodeID, in scope: Scope) throws(StoreError) -> Instant? {
    guard let found = try self.known(node, scope) else { return nil }
    var newest: UInt32?
    // Tags are what others say of it.
    for row in found.scope.types where row.name != Tags.type {
      let series = Series(scope: found.scope.number, node: found.number, type: row.number)
      if let valid = try snapshot.lastObserved(series, known: known) {
        newest = max(newest ?? 0, valid)
      }
    }
    return newest.map { Instant(seconds: Int64($0)) }
  }

  /// A node's last ping that is written down; nil for one that never sent any.
  package func ping(of node: NodeID, in scope: Scope) throws(StoreError) -> NodePing? {
    try snapshot.view.bytes(
      NodePing.key(scope, node.text), snapshot.tables.control
    ).flatMap { NodePing(row: $0) }
  }
}

extension Snapshot {
  /// The valid time of a series' newest observation or unchanged statement, whether it has ended since or not.
  fileprivate func lastObserved(
    _ series: Series, known: UInt64
  ) throws(StoreError) -> UInt32? {
    var limit = Place.last
    while let found = try view.findState(series, atOrBefore: limit, known: known, tables: tables) {
      if !found.hasEnded { return found.lastConfirmed ?? found.place.valid }
      guard found.place.valid > 0 else { return nil }
      limit = Place(valid: found.place.valid - 1, sequence: Key.sequenceMax)
    }
    return nil
  }
}
