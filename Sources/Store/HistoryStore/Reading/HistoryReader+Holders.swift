package import Inventory
import LMDB

extension HistoryReader {
  /// Whether the tables of holders answer: they are kept as all is known now, and of all nodes.
  private func isInTables(_ chosen: ChosenNodes) -> Bool {
    chosen.isAll && known >= snapshot.meta.nextSequence - 1
  }

  /// Which nodes held an item of a name at a valid time, in the first scope.
  package func holders(
    of name: String, type: TypeName, version: String?, at: Instant,
    nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> HolderList {
    guard let scope = scopes.first, let number = scope.typeNumbers[type] else {
      return HolderList(at: at, holders: [], contents: [], pages: ContentPages(), ids: [])
    }
    let names = ItemNames(name)
    let row = try scope.type(number)
    let chosen = try snapshot.nodes(of: scope, where: choose)
    let valid = UInt32(clamping: at.seconds)
    var set = HolderSet()
    if isInTables(chosen) {
      for identity in try snapshot.identities(named: names, row, scope) {
        try snapshot.takeHolders(of: identity.number, row, scope, at: valid, into: &set)
      }
    } else {
      for posting in try snapshot.postings(named: names, row, scope, known: known, chosen)
      where posting.valid <= valid { set.take(posting) }
    }
    return try snapshot.list(set, at: at, names, row, version, scope)
  }

  /// Which nodes held an item with one of some names at some valid time in `from ..< to`, by scope, node, time
  /// and version; see ``HistoryStore/holders(of:type:version:from:to:nodes:knownAt:in:)``.
  package func holders(
    of names: ItemNames, type: TypeName, version: String?, from: Instant, to: Instant,
    nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> [Holding] {
    guard from < to else {
      throw StoreError(.invalidQuestion, "the range from \(from) to \(to) is empty")
    }
    let range = HistoryStore.range(from, to)
    var result: [Holding] = []
    for scope in scopes {
      guard let number = scope.typeNumbers[type] else { continue }
      let row = try scope.type(number)
      try forEachHoldings(of: names, row, scope, choose) { holdings throws(StoreError) in
        let wanted = holdings.filter {
          UInt64($0.from) < range.to && ($0.to.map { $0 > range.from } ?? true)
        }.sorted {
          ($0.node, $0.from, $0.content) < ($1.node, $1.from, $1.content)
        }
        result += try snapshot.named(wanted, names, row, version, scope)
      }
    }
    return result.sorted {
      ($0.scope, $0.node, $0.from, $0.version ?? "")
        < ($1.scope, $1.node, $1.from, $1.version ?? "")
    }
  }

  /// Hands over all holdings of items with some names among some nodes, those of one identity after the
  /// other's, or all at once.
  ///
  /// Of items that have one identity in common there are some with other names among them.
  private func forEachHoldings(
    of names: ItemNames, _ row: TypeRow, _ scope: ScopeCatalog, _ choose: NodeChoice?,
    _ body: ([StoredHolding]) throws(StoreError) -> Void
  ) throws(StoreError) {
    let chosen = try snapshot.nodes(of: scope, where: choose)
    guard isInTables(chosen) else {
      var walk = HoldingWalk()
      try snapshot.postings(named: names, row, scope, known: known, chosen).forEach {
        walk.take($0)
      }
      walk.settle()
      return try body(walk.ended + walk.open)
    }
    for identity in try snapshot.identities(named: names, row, scope) {
      var walk = HoldingWalk()
      try snapshot.forEachPosting(of: identity.number, row, scope) { walk.take($0) }
      walk.settle()
      try body(walk.ended + walk.open)
    }
  }

  /// When each version of items with some names was first there, by scope, name, time and version.
  ///
  /// Costs all that is known of the names, and a look at a timeline for each version.
  package func appearances(
    of names: ItemNames, type: TypeName, nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> [Appearance] {
    var result: [Appearance] = []
    for scope in scopes {
      guard let number = scope.typeNumbers[type] else { continue }
      let row = try scope.type(number)
      var gathering = AppearanceGathering()
      try forEachHoldings(of: names, row, scope, choose) { holdings throws(StoreError) in
        let items = Set(holdings.map(\.content)).map {
          StoredItem(content: $0, occurrence: .none)
        }
        let pages = try snapshot.contents(items, scope)
        let ids = try snapshot.nodeIDs(scope, atLeast: holdings.map(\.node).max() ?? 0)
        for holding in holdings
        where snapshot.isNamed(holding.content, names, row, pages) {
          try checkCancellation()
          let node = try Self.id(holding.node, ids)
          gathering.take(holding, node, names, row.rule, pages)
        }
      }
      for (found, node, valid) in gathering.found {
        var appearance = found
        let series = Series(scope: scope.number, node: node, type: row.number)
        appearance.scope = scope.scope
        appearance.isFromStart = try snapshot.isUnknown(series, before: valid, known: known)
        result.append(appearance)
      }
    }
    return result.sorted {
      ($0.scope, $0.name, $0.first, $0.version ?? "")
        < ($1.scope, $1.name, $1.first, $1.version ?? "")
    }
  }

  /// The latest time before another at which a node said that what it held was there: by an observation or an
  /// unchanged statement.
  package func lastConfirmed(
    _ holding: Holding, before end: Instant
  ) throws(StoreError) -> Instant? {
    guard let scope = scopes.first(where: { $0.scope == holding.scope }),
      let type = scope.typeNumbers[holding.type],
      let node = try snapshot.nodeNumber(holding.node, scope)
    else { return nil }
    let limit = UInt32(clamping: min(holding.to ?? end, end).seconds)
    guard limit > 0 else { return nil }
    let found = try snapshot.view.findState(
      Series(scope: scope.number, node: node, type: type),
      atOrBefore: Place(valid: limit - 1, sequence: Key.sequenceMax), known: known,
      tables: snapshot.tables)
    guard let found, !found.hasEnded else { return nil }
    return Instant(seconds: Int64(found.lastConfirmed ?? found.place.valid))
  }

  /// How many nodes held each version of a name at each of some valid times, in the first scope.
  package func rollout(
    of name: String, type: TypeName, at times: [Instant], nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> [RolloutStep] {
    let order = times.indices.sorted { times[$0] < times[$1] }
    let sorted = order.map { UInt32(clamping: times[$0].seconds) }
    var versions = VersionCounts(timeCount: times.count)
    let names = ItemNames(name)
    if let scope = scopes.first, let number = scope.typeNumbers[type] {
      let row = try scope.type(number)
      let chosen = try snapshot.nodes(of: scope, where: choose)
      if isInTables(chosen) {
        for identity in try snapshot.identities(named: names, row, scope) {
          try snapshot.rollout(identity, names, row, scope, sorted, into: &versions)
        }
      } else {
        let postings = try snapshot.postings(named: names, row, scope, known: known, chosen)
        try snapshot.rollout(postings, names, row, scope, sorted, into: &versions)
      }
    }
    var steps = times.map { RolloutStep(at: $0, versions: versions.versions, counts: []) }
    for (place, index) in order.enumerated() { steps[index].counts = versions.counts[place] }
    return steps
  }

  /// How many nodes held each version of each item of a type at a valid time, in the first scope.
  ///
  /// - Parameter someMax: nodes of a line that ``nodes(of:type:at:limit:)`` may be asked for.
  package func rollup(
    type: TypeName, at: Instant, nodes choose: NodeChoice? = nil, someMax: Int = 0
  ) throws(StoreError) -> Rollup {
    guard let scope = scopes.first, let number = scope.typeNumbers[type] else {
      return Rollup(at: at, lines: [], pages: ContentPages())
    }
    let row = try scope.type(number)
    let valid = UInt32(clamping: at.seconds)
    let chosen = try snapshot.nodes(of: scope, where: choose)
    guard isInTables(chosen) else {
      let found = try snapshot.rollup(
        (row, scope), at: valid, known: known, chosen, someMax: someMax)
      return Rollup(at: at, lines: found.lines, pages: found.pages, some: found.some)
    }
    let found = try snapshot.rollup(row, scope, at: valid)
    return Rollup(at: at, lines: found.lines, pages: found.pages)
  }

  /// Nodes of one line of a roll-up that this reader gave, the first ones heard of.
  ///
  /// Costs the holders of the item where it is a roll-up of all nodes.
  package func nodes(
    of rollup: Rollup, type: TypeName, at position: Int, limit: Int
  ) throws(StoreError) -> [NodeID] {
    guard let scope = scopes.first, let number = scope.typeNumbers[type] else { return [] }
    let nodes: [NodeNumber]
    if let some = rollup.some {
      nodes = Array(some[position].prefix(limit))
    } else {
      nodes = try snapshot.holders(
        like: rollup.lines[position].content, try scope.type(number), scope,
        at: UInt32(clamping: rollup.at.seconds), limit: limit)
    }
    let ids = try snapshot.nodeIDs(scope, atLeast: nodes.max() ?? 0)
    var names: [NodeID] = []
    for node in nodes { names.append(try Self.id(node, ids)) }
    return names
  }
}

extension Snapshot {
  /// Looks up names and versions; drops other versions than the one asked for.
  fileprivate func named(
    _ holdings: [StoredHolding], _ names: ItemNames, _ row: TypeRow, _ version: String?,
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
      if row.rule == .singleton, !names.contains(item, row.rule) { continue }
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
