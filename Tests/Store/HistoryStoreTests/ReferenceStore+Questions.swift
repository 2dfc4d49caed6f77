import Inventory

@testable import HistoryStore

/// The items of one identity that went and came at one valid time; equal ones are left out.
struct ChangeGroup: Equatable {
  var valid: Int64
  var sequence: UInt64
  var recordedTime: Int64
  var source: Report.Source?
  var name: SeriesName
  var identity: [UInt8]
  var old: [Int]
  var new: [Int]
}

/// A holding in the reference's words.
struct ReferenceHolding: Hashable {
  var node: NodeID
  var item: [UInt8]
  var from: Int64
  var to: Int64?
}

extension ReferenceStore {
  /// The state at a valid time as known at a recorded time, and how well it is founded.
  func state(
    _ name: SeriesName, at valid: Int64, knownAt: Int64?
  ) -> (found: Recorded?, lastConfirmed: Int64?, nextObserved: Int64?) {
    let known = (series[name] ?? []).filter { $0.recordedTime <= knownAt ?? .max }
    let next = known.first {
      if case .observation = $0.kind { return $0.valid > valid }
      return false
    }
    let before = known.filter { $0.valid <= valid }
    guard let index = before.lastIndex(where: \.isState), before[index].kind != .ended else {
      return (nil, nil, next?.valid)
    }
    let confirmed = before[(index + 1)...].last?.valid
    return (before[index], confirmed, next?.valid)
  }

  /// Of each valid time the state that was recorded last.
  func timeline(_ name: SeriesName, knownAt: Int64?) -> [Recorded] {
    timeline(name) { $0.recordedTime <= knownAt ?? .max }
  }

  private func timeline(_ name: SeriesName, where isKnown: (Recorded) -> Bool) -> [Recorded] {
    var states: [Recorded] = []
    for one in series[name] ?? [] where one.isState && isKnown(one) {
      if states.last?.valid == one.valid { states.removeLast() }
      states.append(one)
    }
    return states
  }

  /// The differences of neighbours in `from ..< to`.
  func changes(
    _ name: SeriesName, from: Int64, to: Int64, knownAt: Int64?
  ) -> [ChangeGroup] {
    changes(name, timeline(name, knownAt: knownAt), from: from, to: to)
  }

  /// What a record changed at its valid time, as known when it was recorded.
  func changes(ofRecord sequence: UInt64) -> [ChangeGroup] {
    var groups: [ChangeGroup] = []
    for (name, valid) in records[sequence] ?? [] {
      let states = timeline(name) { $0.sequence <= sequence }
      groups += changes(name, states, from: valid, to: valid + 1).filter {
        $0.sequence == sequence
      }
    }
    return groups
  }

  private func changes(
    _ name: SeriesName, _ states: [Recorded], from: Int64, to: Int64
  ) -> [ChangeGroup] {
    var groups: [ChangeGroup] = []
    var before: [Int] = []
    for state in states {
      if (from..<to).contains(state.valid) {
        for (identity, pair) in difference(before, state.content, name) {
          groups.append(
            ChangeGroup(
              valid: state.valid, sequence: state.sequence, recordedTime: state.recordedTime,
              source: state.source, name: name, identity: identity, old: pair.old,
              new: pair.new))
        }
      }
      before = state.content
    }
    return groups
  }

  /// What differs between two contents, by identity.
  func difference(
    _ left: [Int], _ right: [Int], _ name: SeriesName
  ) -> [[UInt8]: (old: [Int], new: [Int])] {
    var result: [[UInt8]: (old: [Int], new: [Int])] = [:]
    for item in subtract(right, from: left) {
      result[identity(of: items[item], name), default: ([], [])].old.append(item)
    }
    for item in subtract(left, from: right) {
      result[identity(of: items[item], name), default: ([], [])].new.append(item)
    }
    return result
  }

  /// The items of one sorted multiset without those of the other.
  private func subtract(_ other: [Int], from list: [Int]) -> [Int] {
    var rest: [Int] = []
    var index = 0
    for item in list {
      while index < other.count && other[index] < item { index += 1 }
      if index < other.count && other[index] == item { index += 1 } else { rest.append(item) }
    }
    return rest
  }

  func rule(_ name: SeriesName) -> TypeRow.Rule { rules[name.scope]?[name.type] ?? .undecided }

  /// What two items of one type share if and only if they are matched.
  func identity(of item: Item, _ name: SeriesName) -> [UInt8] {
    switch rule(name) {
    case .attributes(let names):
      names.flatMap { wanted in
        let value = item.attributes.first { Array($0.name.utf8) == Array(wanted.utf8) }?.value
        return Array((value ?? "").utf8) + [0]
      }
    case .singleton: []
    case .undecided, .wholeItem: itemBytes(item.attributes)
    }
  }

  /// The identity as attributes.
  func identityItem(of item: Item, _ name: SeriesName) -> Item {
    switch rule(name) {
    case .attributes(let names):
      Item(sorted: item.attributes.filter { names.contains($0.name) })
    case .singleton: Item(sorted: [])
    case .undecided, .wholeItem: item
    }
  }

  /// The attributes that are no part of the occurrence on a node.
  func shared(_ item: Item, _ type: TypeName) -> Item {
    let occurrence = TypeDefinition.of(type).occurrenceAttributes
    return Item(
      sorted: item.attributes.filter { !occurrence.contains($0.name) || $0.value.isEmpty })
  }

  /// Whether an item is meant by a name.
  func isNamed(_ item: Item, _ wanted: String, _ name: SeriesName) -> Bool {
    let wanted = Array(wanted.utf8)
    if case .attributes(let names) = rule(name) {
      return Array((item[names[0]] ?? "").utf8) == wanted
    }
    return item.attributes.contains { Array($0.value.utf8) == wanted }
  }

  /// Who held items of a name, from when to when; what came last goes first.
  func holdings(
    of wanted: String, type: TypeName, in scope: Scope, knownAt: Int64? = nil
  ) -> [ReferenceHolding] {
    holdings(type: type, in: scope, knownAt: knownAt) { isNamed($0, wanted, $1) }
  }

  /// Who held items that are meant, from when to when; what came last goes first.
  func holdings(
    type: TypeName, in scope: Scope, knownAt: Int64? = nil,
    where isMeant: (Item, SeriesName) -> Bool
  ) -> [ReferenceHolding] {
    var result: [ReferenceHolding] = []
    for name in series.keys where name.scope == scope && name.type == type {
      var since: [[UInt8]: [Int64]] = [:]
      for state in timeline(name, knownAt: knownAt) {
        var counts: [[UInt8]: Int] = [:]
        for item in state.content.map({ items[$0] }) where isMeant(item, name) {
          counts[itemBytes(shared(item, type).attributes), default: 0] += 1
        }
        for item in Set(counts.keys).union(since.keys) {
          let count = counts[item] ?? 0
          while since[item]?.count ?? 0 < count { since[item, default: []].append(state.valid) }
          while since[item]?.count ?? 0 > count {
            guard let from = since[item]?.popLast() else { break }
            result.append(
              ReferenceHolding(node: name.node, item: item, from: from, to: state.valid))
          }
        }
      }
      for (item, times) in since {
        result += times.map { ReferenceHolding(node: name.node, item: item, from: $0, to: nil) }
      }
    }
    return result
  }

  /// How many items of each version were held at a valid time.
  func rollout(
    of wanted: String, type: TypeName, at valid: Int64, in scope: Scope, knownAt: Int64? = nil,
    nodes choose: (NodeID) -> Bool = { _ in true }
  ) -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in series.keys
    where name.scope == scope && name.type == type && choose(name.node) {
      for number in state(name, at: valid, knownAt: knownAt).found?.content ?? [] {
        let item = items[number]
        if isNamed(item, wanted, name) { counts[item["Version"] ?? "", default: 0] += 1 }
      }
    }
    return counts
  }

  /// How many items of each identity and version were held at a valid time.
  func rollup(
    type: TypeName, at valid: Int64, in scope: Scope, knownAt: Int64? = nil,
    nodes choose: (NodeID) -> Bool = { _ in true }
  ) -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in series.keys
    where name.scope == scope && name.type == type && choose(name.node) {
      for number in state(name, at: valid, knownAt: knownAt).found?.content ?? [] {
        let item = items[number]
        // What differs from node to node is no part of it, not even of an identity.
        let identity = identity(of: shared(item, type), name)
        counts["\(identity) \(item["Version"] ?? "")", default: 0] += 1
      }
    }
    return counts
  }
}
