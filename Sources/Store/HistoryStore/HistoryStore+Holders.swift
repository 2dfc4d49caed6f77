public import Inventory

extension HistoryStore {
  /// Which nodes held an item of a name at a valid time.
  ///
  /// In the order in which the store first heard of the nodes. Costs the holders: what was known
  /// before and what came after does not count, nor does the size of the store.
  ///
  /// `name` is the value of the first attribute of the type's identity (`Name`, mostly), `version` that of
  /// `Version`; nil for any. `nodes` chooses among the nodes, and costs all that is known of the name.
  /// `knownAt` is the recorded time by which it was known; what was recorded since is read again, so that
  /// an early one costs more.
  public func holders(
    of name: String, type: TypeName = .application, version: String? = nil, at: Instant,
    nodes: ((NodeID) -> Bool)? = nil, knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> HolderList {
    try ask(scope, Moment(knownAt: knownAt)) { reader throws(StoreError) in
      try reader.holders(
        of: name, type: type, version: version, at: at,
        nodes: nodes.map { choose in { choose($1) } })
    }
  }

  /// Which nodes held an item of a name at some valid time in `from ..< to`, and from when to when.
  ///
  /// Ordered by node, then time, then version. Costs all that is known of the name, because a
  /// holding can begin and end far outside the range. `nodes` and `knownAt` as above.
  public func holders(
    of name: String, type: TypeName = .application, version: String? = nil, from: Instant,
    to: Instant, nodes: ((NodeID) -> Bool)? = nil, knownAt: Instant? = nil,
    in scope: Scope = .local
  ) throws(StoreError) -> [Holding] {
    try ask(scope, Moment(knownAt: knownAt)) { reader throws(StoreError) in
      try reader.holders(
        of: ItemNames(name), type: type, version: version, from: from, to: to,
        nodes: nodes.map { choose in { choose($1) } })
    }
  }

  /// How many nodes held each version of a name at each of some valid times.
  ///
  /// One pass over what happened between the first of the times and the last, which may come in any
  /// order. A node with several such items counts as often. With `nodes`, which chooses among the nodes, or
  /// with `knownAt`, the recorded time by which it was known, it costs all that is known of the name.
  public func rollout(
    of name: String, type: TypeName = .application, at times: [Instant],
    nodes: ((NodeID) -> Bool)? = nil, knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> [RolloutStep] {
    try ask(scope, Moment(knownAt: knownAt)) { reader throws(StoreError) in
      try reader.rollout(
        of: name, type: type, at: times, nodes: nodes.map { choose in { choose($1) } })
    }
  }

  /// How many nodes held each version of each item of a type at a valid time.
  ///
  /// Reads one short row for each item, or less, whatever the number of nodes and the length of the
  /// history. With `nodes`, which chooses among the nodes, or with `knownAt`, the recorded time by which it
  /// was known, it reads the nodes' states instead.
  public func rollup(
    type: TypeName = .application, at: Instant, nodes: ((NodeID) -> Bool)? = nil,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> Rollup {
    try ask(scope, Moment(knownAt: knownAt)) { reader throws(StoreError) in
      try reader.rollup(type: type, at: at, nodes: nodes.map { choose in { choose($1) } })
    }
  }
}
