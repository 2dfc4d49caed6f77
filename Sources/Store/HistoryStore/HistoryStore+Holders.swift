public import Inventory

extension HistoryStore {
  /// Which nodes held an item of a name at a valid time.
  ///
  /// In the order in which the store first heard of the nodes. Costs the holders: what was known
  /// before and what came after does not count, nor does the size of the store.
  ///
  /// `name` is the value of the first attribute of the type's identity (`Name`, mostly), `version` that of
  /// `Version`; nil for any.
  public func holders(
    of name: String, type: TypeName = .application, version: String? = nil, at: Instant,
    in scope: Scope = .local
  ) throws(StoreError) -> HolderList {
    try ask(scope) { reader throws(StoreError) in
      try reader.holders(of: name, type: type, version: version, at: at)
    }
  }

  /// Which nodes held an item of a name at some valid time in `from ..< to`, and from when to when.
  ///
  /// Ordered by node, then time, then version. Costs all that is known of the name, because a
  /// holding can begin and end far outside the range.
  public func holders(
    of name: String, type: TypeName = .application, version: String? = nil, from: Instant,
    to: Instant, in scope: Scope = .local
  ) throws(StoreError) -> [Holding] {
    try ask(scope) { reader throws(StoreError) in
      try reader.holders(of: name, type: type, version: version, from: from, to: to)
    }
  }

  /// How many nodes held each version of a name at each of some valid times.
  ///
  /// One pass over what happened between the first of the times and the last, which may come in any
  /// order. A node with several such items counts as often.
  public func rollout(
    of name: String, type: TypeName = .application, at times: [Instant],
    in scope: Scope = .local
  ) throws(StoreError) -> [RolloutStep] {
    try ask(scope) { reader throws(StoreError) in
      try reader.rollout(of: name, type: type, at: times)
    }
  }

  /// How many nodes held each version of each item of a type at a valid time.
  ///
  /// Reads one short row for each item, or less, whatever the number of nodes and the length of the
  /// history.
  public func rollup(
    type: TypeName = .application, at: Instant, in scope: Scope = .local
  ) throws(StoreError) -> Rollup {
    try ask(scope) { reader throws(StoreError) in try reader.rollup(type: type, at: at) }
  }
}
