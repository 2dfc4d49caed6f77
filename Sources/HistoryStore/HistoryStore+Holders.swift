public import Inventory
import LMDB

extension HistoryStore {
  /// Which nodes held an item of a name at a valid time.
  ///
  /// - Parameters:
  ///   - name: the value of the first attribute of the type's identity (`Name`, mostly).
  ///   - version: the value of `Version`; nil for any.
  ///
  /// Costs what is known of the name, not the size of the store. Ordered by node, then version.
  public func holders(
    of name: String, type: TypeName = .application, version: String? = nil, at: Instant,
    in scope: Scope = .local
  ) throws(StoreError) -> [Holding] {
    let valid = UInt32(clamping: at.seconds)
    return try holdings(of: name, type, version, scope) {
      $0.from <= valid && ($0.to.map { $0 > valid } ?? true)
    }
  }

  /// Which nodes held an item of a name at some valid time in `from ..< to`, and from when to when.
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
  /// One pass over what is known of the name. Times may come in any order.
  public func rollout(
    of name: String, type: TypeName = .application, at times: [Instant],
    in scope: Scope = .local
  ) throws(StoreError) -> [RolloutStep] {
    try read { snapshot throws(StoreError) in
      var counts = [[String: Int]](repeating: [:], count: times.count)
      let order = times.indices.sorted { times[$0] < times[$1] }
      if let known = snapshot.scope(scope), let number = known.typeNumbers[type] {
        let row = try known.type(number)
        for identity in try snapshot.identities(named: name, row, known) {
          try snapshot.rollout(identity, name, row, known, times, order, into: &counts)
        }
      }
      return times.indices.map { RolloutStep(at: times[$0], nodesByVersion: counts[$0]) }
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
        try snapshot.forEachPosting(of: identity.number, row, known, upTo: .max) { walk.take($0) }
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

  /// Adds the counts of one identity at each time.
  fileprivate func rollout(
    _ identity: NamedIdentity, _ name: String, _ row: TypeRow, _ scope: ScopeCatalog,
    _ times: [Instant], _ order: [Int], into counts: inout [[String: Int]]
  ) throws(StoreError) {
    var held: [ContentID: Int] = [:]
    var snapshots: [(index: Int, held: [ContentID: Int])] = []
    var next = 0
    func pass(_ valid: UInt64) {
      while next < order.count,
        UInt64(UInt32(clamping: times[order[next]].seconds)) < valid
      {
        snapshots.append((order[next], held))
        next += 1
      }
    }
    try forEachPosting(of: identity.number, row, scope, upTo: .max) { posting in
      pass(UInt64(posting.valid))
      switch posting.form {
      case .added: held[posting.a, default: 0] += 1
      case .removed: held[posting.a, default: 0] -= 1
      case .changed:
        held[posting.a, default: 0] -= 1
        held[posting.b, default: 0] += 1
      case .counts: break
      }
    }
    pass(.max)
    let contents = Set(snapshots.flatMap(\.held.keys))
    let items = contents.map { StoredItem(content: $0, occurrence: .none) }
    let pages = try self.contents(items, scope)
    var versions: [ContentID: String] = [:]
    for item in items {
      let decoded = pages.item(item, occurrenceAttribute: nil)
      if row.rule == .singleton, !decoded.holds(value: name) { continue }
      versions[item.content] = decoded["Version"] ?? ""
    }
    for (index, held) in snapshots {
      for (content, count) in held where count != 0 {
        guard let version = versions[content] else { continue }
        counts[index][version, default: 0] += count
      }
    }
  }
}
