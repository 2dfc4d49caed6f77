import Inventory

@testable import HistoryStore

// Questions about several names at once, about first times, and about who is behind a number.

extension Model {
  /// Some names that begin alike, and whether an item of a series has one of them.
  private mutating func someNames() -> (names: ItemNames, isMeant: (String) -> Bool, text: String) {
    let name = random.pick(names)
    guard random.chance(70) else { return (ItemNames(name), { $0 == name }, name) }
    let beginning = Array(name.utf8.prefix(random.pick([0, 1, 2, 380])))
    let isEven = random.chance(50)
    let isMeant = { (other: String) in
      other.utf8.starts(with: beginning) && (other.utf8.count % 2 == 0) == isEven
    }
    let text = String(decoding: beginning, as: UTF8.self)
    return (ItemNames(beginning: text, where: isMeant), isMeant, "\(text.prefix(9))* \(isEven)")
  }

  /// The name by which an item is meant; nil for one that is not.
  private func name(of item: Item, _ name: SeriesName, _ isMeant: (String) -> Bool) -> String? {
    if case .attributes(let names) = reference.rule(name) {
      return [item[names[0]] ?? ""].first(where: isMeant)
    }
    return item.attributes.map(\.value).first(where: isMeant)
  }

  mutating func compareNamed(in scope: Scope, samples: Int) throws {
    let times = validTimes(in: scope)
    guard !times.isEmpty else { return }
    for _ in 0..<samples {
      let type = random.pick(plan.types)
      let (names, isMeant, text) = someNames()
      let (knownAt, chosen) = narrowing()
      let isChosen: (NodeID) -> Bool = { chosen?.contains($0) ?? true }
      let what = "\(scope) \(type) \(text) known \(knownAt ?? -1) of \(chosen?.count ?? -1)"
      let all = reference.holdings(type: type, in: scope, knownAt: knownAt) {
        name(of: $0, $1, isMeant) != nil
      }.filter { isChosen($0.node) }
      let at = random.pick(times) - Int64(random.below(2))
      let moment = Moment(knownAt: knownAt.map { Instant(milliseconds: $0) })
      try store.reading(scope, moment) { reader in
        let choose: NodeChoice? = chosen == nil ? nil : { isChosen($1) }
        let found = try reader.holders(
          of: names, type: type, version: nil, from: .distantPast, to: .distantFuture,
          nodes: choose)
        try compare(found, with: all, "\(what): holdings")
        for holding in found where holding.from.seconds <= at {
          let confirmed = try reader.lastConfirmed(holding, before: Instant(seconds: at + 1))
          let last = min(at, (holding.to?.seconds ?? .max) - 1)
          let series = SeriesName(scope: scope, node: holding.node, type: type)
          let state = reference.state(series, at: last, knownAt: knownAt)
          try expectSame(
            confirmed?.seconds, state.lastConfirmed ?? state.found?.valid,
            "\(what): when \(holding) was confirmed")
        }
        let appearances = try reader.appearances(of: names, type: type, nodes: choose)
        try compare(
          appearances, with: all, type, scope, knownAt, isMeant, "\(what): first times")
        try compareSome(reader, type, at, knownAt, choose, isChosen, what)
      }
    }
  }

  private func compare(
    _ found: [Appearance], with all: [ReferenceHolding], _ type: TypeName, _ scope: Scope,
    _ knownAt: Int64?, _ isMeant: (String) -> Bool, _ what: String
  ) throws {
    var wanted: [String: [ReferenceHolding]] = [:]
    for holding in all {
      let series = SeriesName(scope: scope, node: holding.node, type: type)
      let name = name(of: attributes(holding.item), series, isMeant) ?? ""
      wanted["\(name) \(version(of: holding, type) ?? "-")", default: []].append(holding)
    }
    for one in found {
      guard let holdings = wanted.removeValue(forKey: "\(one.name) \(one.version ?? "-")"),
        let first = holdings.map(\.from).min(),
        let node = holdings.filter({ $0.from == first }).map(\.node).min()
      else { throw Disagreement(description: "\(what): the reference lacks \(one)") }
      try expectSame(one.first.seconds, first, "\(what): the first time of \(one)")
      try expectSame(one.node, node, "\(what): the first node of \(one)")
      let open = holdings.filter { $0.to == nil }
      try expectSame(
        one.last?.seconds, open.isEmpty ? holdings.compactMap(\.to).max() : nil,
        "\(what): the end of \(one)")
      try expectSame(one.nodes, Set(holdings.map(\.node)).count, "\(what): nodes of \(one)")
      try expectSame(one.still, Set(open.map(\.node)).count, "\(what): who has \(one)")
      try expectSame(
        one.isFromStart,
        isFirst(SeriesName(scope: scope, node: node, type: type), at: first, knownAt: knownAt),
        "\(what): whether \(one) is known from the start")
    }
    try expectSame(wanted.count, 0, "\(what): what the store lacks: \(wanted)")
  }

  /// The attributes of what ``itemBytes(_:)`` made.
  private func attributes(_ bytes: [UInt8]) -> Item {
    let fields = bytes.split(separator: 0, omittingEmptySubsequences: false)
    return Item(
      stride(from: 0, to: fields.count - 1, by: 2).map {
        (
          key: String(decoding: fields[$0], as: UTF8.self),
          value: String(decoding: fields[$0 + 1], as: UTF8.self)
        )
      })
  }

  /// The nodes behind the numbers of a roll-up.
  private func compareSome(
    _ reader: borrowing HistoryReader, _ type: TypeName, _ at: Int64, _ knownAt: Int64?,
    _ choose: NodeChoice?, _ isChosen: (NodeID) -> Bool, _ what: String
  ) throws {
    guard let scope = reader.scopes.first?.scope else { return }
    var wanted: [String: Set<NodeID>] = [:]
    for series in reference.series.keys
    where series.scope == scope && series.type == type && isChosen(series.node) {
      let content = reference.state(series, at: at, knownAt: knownAt).found?.content ?? []
      for item in content.map({ reference.items[$0] }) {
        let identity = reference.identity(of: reference.shared(item, type), series)
        wanted["\(identity) \(item["Version"] ?? "")", default: []].insert(series.node)
      }
    }
    for limit in [1, 2] {
      let lines = try reader.rollup(
        type: type, at: Instant(seconds: at), nodes: choose, someMax: limit)
      for (place, line) in lines.enumerated() {
        let some = try reader.nodes(of: lines, type: type, at: place, limit: limit)
        let series = SeriesName(scope: scope, node: nodes[0], type: type)
        let nodes =
          wanted["\(reference.identity(of: line.item, series)) \(line.version ?? "")"] ?? []
        try expectSame(
          some.count, min(limit, nodes.count), "\(what): named nodes of \(line) at \(at)")
        try expectSame(
          nodes.isSuperset(of: some) && Set(some).count == some.count, true,
          "\(what): \(some) of \(nodes) for \(line) at \(at)")
      }
    }
  }
}
