public import Inventory
import LMDB

extension HistoryStore {
  /// Which nodes held an item of a name at a valid time.
  ///
  /// In the order in which the store first heard of the nodes. Costs the holders: what was known
  /// before and what came after does not count, nor does the size of the store.
  ///
  /// - Parameters:
  ///   - name: the value of the first attribute of the type's identity (`Name`, mostly).
  ///   - version: the value of `Version`; nil for any.
  public func holders(
    of name: String, type: TypeName = .application, version: String? = nil, at: Instant,
    in scope: Scope = .local
  ) throws(StoreError) -> HolderList {
    try read { snapshot throws(StoreError) in
      guard let known = snapshot.scope(scope), let number = known.typeNumbers[type] else {
        return HolderList(at: at, holders: [], contents: [], pages: ContentPages(), ids: [])
      }
      let row = try known.type(number)
      var set = HolderSet()
      for identity in try snapshot.identities(named: name, row, known) {
        try snapshot.takeHolders(
          of: identity.number, row, known, at: UInt32(clamping: at.seconds), into: &set)
      }
      return try snapshot.list(set, at: at, name, row, version, known)
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
    guard from < to else {
      throw StoreError(.invalidQuestion, "the range from \(from) to \(to) is empty")
    }
    let range = Self.range(from, to)
    return try holdings(of: name, type, version, scope) {
      UInt64($0.from) < range.to && ($0.to.map { $0 > range.from } ?? true)
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
    try read { snapshot throws(StoreError) in
      let order = times.indices.sorted { times[$0] < times[$1] }
      let sorted = order.map { UInt32(clamping: times[$0].seconds) }
      var versions = VersionCounts(timeCount: times.count)
      if let known = snapshot.scope(scope), let number = known.typeNumbers[type] {
        let row = try known.type(number)
        for identity in try snapshot.identities(named: name, row, known) {
          try snapshot.rollout(identity, name, row, known, sorted, into: &versions)
        }
      }
      var steps = times.map { RolloutStep(at: $0, versions: versions.versions, counts: []) }
      for (place, index) in order.enumerated() { steps[index].counts = versions.counts[place] }
      return steps
    }
  }

  /// How many nodes held each version of each item of a type at a valid time.
  ///
  /// Reads one short row for each item, or less, whatever the number of nodes and the length of the
  /// history.
  public func rollup(
    type: TypeName = .application, at: Instant, in scope: Scope = .local
  ) throws(StoreError) -> Rollup {
    try read { snapshot throws(StoreError) in
      guard let known = snapshot.scope(scope), let number = known.typeNumbers[type] else {
        return Rollup(at: at, lines: [], pages: ContentPages())
      }
      let found = try snapshot.rollup(
        try known.type(number), known, at: UInt32(clamping: at.seconds))
      return Rollup(at: at, lines: found.lines, pages: found.pages)
    }
  }

  private func holdings(
    of name: String, _ type: TypeName, _ version: String?, _ scope: Scope,
    isWanted: (StoredHolding) -> Bool
  ) throws(StoreError) -> [Holding] {
    try read { snapshot throws(StoreError) in
      guard let known = snapshot.scope(scope), let number = known.typeNumbers[type] else {
        return []
      }
      let row = try known.type(number)
      var result: [Holding] = []
      for identity in try snapshot.identities(named: name, row, known) {
        var walk = HoldingWalk()
        try snapshot.forEachPosting(of: identity.number, row, known) { walk.take($0) }
        walk.settle()
        let wanted = (walk.ended + walk.open).filter(isWanted).sorted {
          ($0.node, $0.from, $0.content) < ($1.node, $1.from, $1.content)
        }
        result += try snapshot.named(wanted, name, row, version, known)
      }
      return result.sorted {
        ($0.node, $0.from, $0.version ?? "") < ($1.node, $1.from, $1.version ?? "")
      }
    }
  }
}

extension Snapshot {
  /// Looks up names and versions; drops other versions than the one asked for.
  fileprivate func named(
    _ holdings: [StoredHolding], _ name: String, _ row: TypeRow, _ version: String?,
    _ scope: ScopeCatalog
  ) throws(StoreError) -> [Holding] {
    guard !holdings.isEmpty else { return [] }
    let stored = holdings.map { StoredItem(content: $0.content, occurrence: .none) }
    let pages = try contents(stored, scope)
    var items: [ContentID: Item] = [:]
    for item in stored where items[item.content] == nil {
      items[item.content] = pages.item(item, occurrenceAttribute: nil)
    }
    let ids = try nodeIDs(scope, atLeast: holdings.map(\.node).max() ?? 0)
    var result: [Holding] = []
    for holding in holdings {
      try checkCancellation()
      guard let item = items[holding.content] else { continue }
      if row.rule == .singleton, !item.holds(value: name) { continue }
      if let version, item["Version"] != version { continue }
      guard Int(holding.node) < ids.count, let node = ids[Int(holding.node)] else {
        throw .damaged("node number \(holding.node) is not known")
      }
      result.append(
        Holding(
          node: node, scope: scope.scope, type: row.name, item: item, version: item["Version"],
          from: Instant(seconds: Int64(holding.from)),
          to: holding.to.map { Instant(seconds: Int64($0)) }))
    }
    return result
  }
}
