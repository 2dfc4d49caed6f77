public import Inventory
import LMDB

extension HistoryStore {
  /// Runs a look at the store that no ``HistoryReader`` has in one short read transaction.
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
  /// Without `at` it is the newest observation, even where the node's clock is ahead; without `knownAt` all
  /// that is known counts.
  public func state(
    of node: NodeID, type: TypeName, at: Instant? = nil, knownAt: Instant? = nil,
    in scope: Scope = .local
  ) throws(StoreError) -> InventoryState {
    try ask(scope, Moment(at: at, knownAt: knownAt)) { reader throws(StoreError) in
      try reader.state(of: node, type: type)
    }
  }

  /// The types of which a node has reported anything, in order of their names.
  public func types(of node: NodeID, in scope: Scope = .local) throws(StoreError) -> [TypeName] {
    try ask(scope) { reader throws(StoreError) in try reader.types(of: node) }
  }

  /// Every item change of a node with `from <= validTime < to`, oldest first.
  ///
  /// Costs the node's timeline from `from` on: about 0.1 µs per change, which are decoded when
  /// they are looked at.
  public func history(
    of node: NodeID, type: TypeName? = nil, from: Instant? = nil, to: Instant? = nil,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> ChangeList {
    try ask(scope, Moment(knownAt: knownAt)) { reader throws(StoreError) in
      try reader.history(of: node, type: type, from: from, to: to)
    }
  }

  /// What differs in a node between two valid times, by type.
  public func diff(
    of node: NodeID, type: TypeName? = nil, from: Instant, to: Instant,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> [TypeDifference] {
    try ask(scope, Moment(knownAt: knownAt)) { reader throws(StoreError) in
      try reader.diff(of: node, type: type, from: from, to: to)
    }
  }

  /// What differs between two nodes at a valid time, by type.
  public func diff(
    _ left: NodeID, _ right: NodeID, type: TypeName? = nil, at: Instant? = nil,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> [TypeDifference] {
    try ask(scope, Moment(at: at, knownAt: knownAt)) { reader throws(StoreError) in
      try reader.diff(left, right, type: type)
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
