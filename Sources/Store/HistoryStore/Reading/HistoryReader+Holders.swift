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
    let row = try scope.type(number)
    let chosen = try snapshot.nodes(of: scope, where: choose)
    let valid = UInt32(clamping: at.seconds)
    var set = HolderSet()
    if isInTables(chosen) {
      for identity in try snapshot.identities(named: name, row, scope) {
        try snapshot.takeHolders(of: identity.number, row, scope, at: valid, into: &set)
      }
    } else {
      for posting in try snapshot.postings(named: name, row, scope, known: known, chosen)
      where posting.valid <= valid { set.take(posting) }
    }
    return try snapshot.list(set, at: at, name, row, version, scope)
  }

  /// Which nodes held an item of a name at some valid time in `from ..< to`, by scope, node, time and
  /// version; see ``HistoryStore/holders(of:type:version:from:to:nodes:knownAt:in:)``.
  package func holders(
    of name: String, type: TypeName, version: String?, from: Instant, to: Instant,
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
      let chosen = try snapshot.nodes(of: scope, where: choose)
      var walks: [HoldingWalk] = []
      if isInTables(chosen) {
        for identity in try snapshot.identities(named: name, row, scope) {
          var walk = HoldingWalk()
          try snapshot.forEachPosting(of: identity.number, row, scope) { walk.take($0) }
          walks.append(walk)
        }
      } else {
        var walk = HoldingWalk()
        try snapshot.postings(named: name, row, scope, known: known, chosen).forEach {
          walk.take($0)
        }
        walks.append(walk)
      }
      for var walk in walks {
        walk.settle()
        let wanted = (walk.ended + walk.open).filter {
          UInt64($0.from) < range.to && ($0.to.map { $0 > range.from } ?? true)
        }.sorted {
          ($0.node, $0.from, $0.content) < ($1.node, $1.from, $1.content)
        }
        result += try snapshot.named(wanted, name, row, version, scope)
      }
    }
    return result.sorted {
      ($0.scope, $0.node, $0.from, $0.version ?? "")
        < ($1.scope, $1.node, $1.from, $1.version ?? "")
    }
  }

  /// How many nodes held each version of a name at each of some valid times, in the first scope.
  package func rollout(
    of name: String, type: TypeName, at times: [Instant], nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> [RolloutStep] {
    let order = times.indices.sorted { times[$0] < times[$1] }
    let sorted = order.map { UInt32(clamping: times[$0].seconds) }
    var versions = VersionCounts(timeCount: times.count)
    if let scope = scopes.first, let number = scope.typeNumbers[type] {
      let row = try scope.type(number)
      let chosen = try snapshot.nodes(of: scope, where: choose)
      if isInTables(chosen) {
        for identity in try snapshot.identities(named: name, row, scope) {
          try snapshot.rollout(identity, name, row, scope, sorted, into: &versions)
        }
      } else {
        let postings = try snapshot.postings(named: name, row, scope, known: known, chosen)
        try snapshot.rollout(postings, name, row, scope, sorted, into: &versions)
      }
    }
    var steps = times.map { RolloutStep(at: $0, versions: versions.versions, counts: []) }
    for (place, index) in order.enumerated() { steps[index].counts = versions.counts[place] }
    return steps
  }

  /// How many nodes held each version of each item of a type at a valid time, in the first scope.
  package func rollup(
    type: TypeName, at: Instant, nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> Rollup {
    guard let scope = scopes.first, let number = scope.typeNumbers[type] else {
      return Rollup(at: at, lines: [], pages: ContentPages())
    }
    let row = try scope.type(number)
    let valid = UInt32(clamping: at.seconds)
    let chosen = try snapshot.nodes(of: scope, where: choose)
    let found =
      isInTables(chosen)
      ? try snapshot.rollup(row, scope, at: valid)
      : try snapshot.rollup(row, scope, at: valid, known: known, chosen)
    return Rollup(at: at, lines: found.lines, pages: found.pages)
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
