import Inventory

@testable import HistoryStore

// Changes taken together, against a plain count of the changes that are compared elsewhere.

extension Model {
  /// What a group says, and by what it is found.
  private struct Group: Hashable {
    var nodes: Set<NodeID> = []
    var count = 0
    var items = 0
    var first = Int64.max
    var last = Int64.min

    mutating func take(_ node: NodeID, _ valid: Int64, items: Int = 0) {
      nodes.insert(node)
      count += 1
      self.items += items
      first = min(first, valid)
      last = max(last, valid)
    }
  }

  /// Whether nothing was known just before a valid time.
  func isFirst(_ name: SeriesName, at valid: Int64, knownAt: Int64?) -> Bool {
    let before = reference.timeline(name, knownAt: knownAt).last { $0.valid < valid }
    return before == nil || before?.kind == .ended
  }

  private func key(_ type: TypeName, _ old: Item?, _ new: Item?) -> String {
    func text(_ item: Item?) -> String {
      item.map { "\(itemBytes(reference.shared($0, type).attributes))" } ?? "-"
    }
    return "\(type) \(text(old)) \(text(new))"
  }

  mutating func compareGrouped(in scope: Scope, samples: Int) throws {
    let times = Set(
      reference.series.filter { $0.key.scope == scope }.flatMap { $0.value.map(\.valid) }
    ).sorted()
    guard !times.isEmpty else { return }
    for _ in 0..<samples {
      let from = random.pick(times) - Int64(random.below(2))
      let to = random.chance(50) ? times[times.count - 1] + 1 : from + Int64(1 + random.below(6))
      let knownAt =
        random.chance(50) ? random.pick(reference.recordedTimes) - Int64(random.below(2)) : nil
      let chosen = Set(nodes.filter { _ in random.chance(70) })
      let isFolded = random.chance(50)
      let kind: Change.Kind? =
        random.chance(30) ? random.pick([Change.Kind.added, .changed, .removed]) : nil
      let what = "\(scope) groups from \(from) to \(to) known \(knownAt ?? -1), folded \(isFolded)"
      try store.reading(scope, Moment(knownAt: knownAt.map { Instant(milliseconds: $0) })) {
        reader in
        let range = (Instant(seconds: from), Instant(seconds: to))
        let changes = try reader.changes(
          from: range.0, to: range.1, nodes: { chosen.contains($1) }, marksFirst: true)
        let groups = try reader.groupedChanges(
          from: range.0, to: range.1, nodes: { chosen.contains($1) }, foldsFirst: isFolded
        ) { _, difference in kind.map { $0 == difference.kind } ?? true }
        try compareFirsts(changes, scope, knownAt, what)
        try compare(
          groups, with: wanted(changes, scope, knownAt, isFolded, kind), what)
      }
    }
  }

  /// What the groups of some changes are.
  private func wanted(
    _ changes: ChangeList, _ scope: Scope, _ knownAt: Int64?, _ isFolded: Bool, _ kind: Change.Kind?
  ) -> [String: Group] {
    var groups: [String: Group] = [:]
    var firsts: [SeriesName: [Int64: Int]] = [:]
    for change in changes where kind.map({ $0 == change.kind }) ?? true {
      let name = SeriesName(scope: scope, node: change.node, type: change.type)
      let valid = change.validTime.seconds
      if isFolded, isFirst(name, at: valid, knownAt: knownAt) {
        firsts[name, default: [:]][valid, default: 0] += 1
      } else {
        groups[key(change.type, change.old, change.new), default: Group()].take(change.node, valid)
      }
    }
    for (name, moments) in firsts {
      for (valid, items) in moments {
        groups["\(name.type) first", default: Group()].take(name.node, valid, items: items)
      }
    }
    return groups
  }

  private func compareFirsts(
    _ changes: ChangeList, _ scope: Scope, _ knownAt: Int64?, _ what: String
  ) throws {
    for (place, change) in changes.enumerated() {
      let name = SeriesName(scope: scope, node: change.node, type: change.type)
      let range = changes.firstObservation(at: place)
      try expectSame(
        range != nil, isFirst(name, at: change.validTime.seconds, knownAt: knownAt),
        "\(what): whether a change is of a first observation")
      guard let range else { continue }
      let moment = changes.indices.filter {
        changes[$0].validTime == change.validTime && changes[$0].node == change.node
          && changes[$0].type == change.type
      }
      try expectSame(Array(range), moment, "\(what): the changes of a first observation")
    }
  }

  private func compare(
    _ found: GroupedChanges, with wanted: [String: Group], _ what: String
  ) throws {
    var left = wanted
    for group in found {
      let name =
        group.change.map { key(group.type, $0.old, $0.new) } ?? "\(group.type) first"
      guard let one = left.removeValue(forKey: name) else {
        throw Disagreement(description: "\(what): the reference lacks \(group)")
      }
      try expectSame(group.nodes, one.nodes.count, "\(what): nodes of \(group)")
      try expectSame(group.count, one.count, "\(what): times of \(group)")
      try expectSame(group.items, one.items, "\(what): items of \(group)")
      try expectSame(group.first.seconds, one.first, "\(what): the first of \(group)")
      try expectSame(group.last.seconds, one.last, "\(what): the last of \(group)")
      try expectSame(
        group.some.count, min(one.nodes.count, GroupedChanges.someMax), "\(what): some nodes")
      try expectSame(one.nodes.isSuperset(of: group.some), true, "\(what): some nodes")
    }
    try expectSame(left.count, 0, "\(what): what the store lacks: \(left)")
    for (one, next) in zip(found, found.dropFirst()) {
      let isInOrder =
        one.nodes > next.nodes || one.nodes == next.nodes && one.first <= next.first
      try expectSame(isInOrder, true, "\(what): the order")
    }
  }
}
