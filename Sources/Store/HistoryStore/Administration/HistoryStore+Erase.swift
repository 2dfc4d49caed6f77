public import Inventory
import LMDB

extension HistoryStore {
  /// Erases everything a node reported until now, for ever.
  ///
  /// Questions about it answer *erased*, never *empty*; its id remains, to say so. One transaction
  /// that rewrites the node's log records and rebuilds every projection: O(n) in the whole log. The
  /// bytes stay in free pages of the file until they are used again; a ``backup(to:)`` has none.
  @discardableResult
  public func forget(
    node: NodeID, reason: String, in scope: Scope = .local
  ) throws(StoreError) -> SequenceNumber {
    try write { writer, transaction throws(StoreError) in
      guard let number = writer.scopeNumbers[scope], let state = writer.scopes[number] else {
        throw StoreError(.unknownName, "nothing was ever reported in \(scope)")
      }
      guard let number = try writer.nodeNumber(node, state, &transaction) else {
        throw StoreError(.unknownName, "no node \(node) ever reported in \(scope)")
      }
      return SequenceNumber(
        try writer.erase(.node(number), reason: reason, in: state, &transaction))
    }
  }

  /// Erases what was valid before a time on every node of the scope, for ever.
  ///
  /// The newest observation at or before that time stays, because it tells what holds from then on.
  /// For cost and what remains see ``forget(node:reason:in:)``.
  @discardableResult
  public func forget(
    before time: Instant, reason: String, in scope: Scope = .local
  ) throws(StoreError) -> SequenceNumber {
    let valid = try Self.valid(time)
    return try write { writer, transaction throws(StoreError) in
      guard let number = writer.scopeNumbers[scope], let state = writer.scopes[number] else {
        throw StoreError(.unknownName, "nothing was ever reported in \(scope)")
      }
      return SequenceNumber(
        try writer.erase(.before(valid), reason: reason, in: state, &transaction))
    }
  }
}
