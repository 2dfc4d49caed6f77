import Inventory

@testable import HistoryStore

extension Model {
  /// Asks both stores everything; `samples` bounds the pairs of times for each series.
  mutating func compare(samples: Int) throws {
    for name in reference.series.keys.sorted(by: { "\($0)" < "\($1)" }) {
      do {
        for (valid, known) in pairsOfTimes(name, samples) {
          try compareState(name, valid, known)
          if random.chance(25) { try compareSources(name, valid, known) }
        }
        try compareNewest(name)
        try compareHistories(name, samples: max(3, samples / 30))
        try compareDifferences(name, samples: max(3, samples / 30))
      } catch {
        throw Disagreement(description: "\(name.scope) \(name.node) \(name.type): \(error)")
      }
    }
    for scope in reference.nodes.keys.sorted() {
      try compareHolders(in: scope, samples: max(2, samples / 40))
      try compareRollup(in: scope, samples: max(2, samples / 20))
      try compareNarrowed(in: scope, samples: max(12, samples / 4))
      try compareFleet(in: scope)
      try compareGrouped(in: scope, samples: max(4, samples / 20))
      try compareNamed(in: scope, samples: max(6, samples / 10))
    }
    try compareFeed()
    try compareSummaries()
  }

  /// All valid times and a second beside them, with all recorded times; a sample where too many.
  private mutating func pairsOfTimes(_ name: SeriesName, _ limit: Int) -> [(Int64, Int64?)] {
    let valid = Set((reference.series[name] ?? []).map(\.valid))
    let times = Set(valid.flatMap { [$0 - 1, $0, $0 + 1] }).sorted()
    let known = reference.recordedTimes
    var pairs: [(Int64, Int64?)] = []
    if times.count * (known.count + 1) <= limit {
      for time in times { pairs += [(time, nil)] + known.map { (time, $0) } }
      return pairs
    }
    for time in times.shuffled(using: &random).prefix(limit / 2) { pairs.append((time, nil)) }
    while pairs.count < limit {
      // A recorded time, or a moment just before one.
      pairs.append((random.pick(times), random.pick(known) - Int64(random.below(2))))
    }
    return pairs
  }

  private mutating func numbers(_ list: some Sequence<Item>) -> [Int] {
    list.map { reference.items.number(of: $0) }.sorted()
  }

  private mutating func compareState(_ name: SeriesName, _ valid: Int64, _ known: Int64?) throws {
    let at = Instant(seconds: valid)
    let state = try store.state(
      of: name.node, type: name.type, at: at, knownAt: known.map { Instant(milliseconds: $0) },
      in: name.scope)
    try compare(
      state, with: reference.state(name, at: valid, knownAt: known), "\(at) \(known ?? -1)")
  }

  private mutating func compareNewest(_ name: SeriesName) throws {
    let state = try store.state(of: name.node, type: name.type, in: name.scope)
    try compare(state, with: reference.state(name, at: .max, knownAt: nil), "the newest")
  }

  private mutating func compare(
    _ state: InventoryState,
    with wanted: (found: Recorded?, lastConfirmed: Int64?, nextObserved: Int64?), _ what: String
  ) throws {
    try expectSame(
      state.knowledge, wanted.found == nil ? .unknown : .observed, "\(what): knowledge")
    try expectSame(state.observedAt?.seconds, wanted.found?.valid, "\(what): observed at")
    try expectSame(state.lastConfirmed?.seconds, wanted.lastConfirmed, "\(what): confirmed")
    try expectSame(state.nextObserved?.seconds, wanted.nextObserved, "\(what): next observed")
    try expectSame(state.sequence?.value, wanted.found?.sequence, "\(what): sequence")
    try expectSame(state.schemaVersion, wanted.found?.schemaVersion, "\(what): version")
    try expectSame(state.source, wanted.found?.source, "\(what): source")
    let items = numbers(state.items)
    if items != wanted.found?.content ?? [] {
      throw Disagreement(
        description: "\(what): items \(Array(state.items)), the reference "
          + "\((wanted.found?.content ?? []).map { reference.items[$0] })")
    }
  }

  // MARK: Changes

  private mutating func compareHistories(_ name: SeriesName, samples: Int) throws {
    try compareHistory(name, nil, nil, nil)
    let times = (reference.series[name] ?? []).map(\.valid)
    for _ in 0..<samples {
      let known = random.chance(60) ? random.pick(reference.recordedTimes) : nil
      let from = random.chance(80) ? random.pick(times) + Int64(random.below(2)) : nil
      let to = random.chance(80) ? random.pick(times) + Int64(random.below(2)) : nil
      try compareHistory(name, from, to, known)
    }
  }

  private mutating func compareHistory(
    _ name: SeriesName, _ from: Int64?, _ to: Int64?, _ known: Int64?
  ) throws {
    let changes = try store.history(
      of: name.node, type: name.type, from: from.map { Instant(seconds: $0) },
      to: to.map { Instant(seconds: $0) }, knownAt: known.map { Instant(milliseconds: $0) },
      in: name.scope)
    let (low, high) = (from ?? 0, to ?? .max)
    let wanted =
      low < high ? reference.changes(name, from: low, to: high, knownAt: known) : []
    try compare(changes, with: wanted, "history \(low) to \(high) known \(known ?? -1)")
    for (one, next) in zip(changes, changes.dropFirst()) where one.validTime > next.validTime {
      throw Disagreement(description: "the history is not in order of valid time")
    }
  }

  /// Compares changes whatever their order, and whichever items of one identity were paired.
  mutating func compare(
    _ changes: some Collection<Change>, with wanted: [ChangeGroup], _ what: String
  ) throws {
    var groups: [[AnyHashable]: ChangeGroup] = [:]
    var pairs: [[AnyHashable]: Int] = [:]
    for change in changes {
      let name = SeriesName(scope: change.scope, node: change.node, type: change.type)
      guard let item = change.new ?? change.old else {
        throw Disagreement(description: "\(what): a change without items")
      }
      let identity = reference.identity(of: item, name)
      let key: [AnyHashable] = [change.validTime, name, identity]
      try expectSame(
        change.identity, reference.identityItem(of: item, name), "\(what): the identity")
      let kind: Change.Kind =
        change.old == nil ? .added : change.new == nil ? .removed : .changed
      try expectSame(change.kind, kind, "\(what): the kind")
      var group =
        groups[key]
        ?? ChangeGroup(
          valid: change.validTime.seconds, sequence: change.sequence.value,
          recordedTime: change.recordedTime.milliseconds, source: change.source,
          name: name, identity: identity, old: [], new: [])
      if let old = change.old {
        group.old.append(reference.items.number(of: old))
        try expectSame(
          reference.identity(of: old, name), identity, "\(what): the old one's identity")
      }
      if let new = change.new { group.new.append(reference.items.number(of: new)) }
      groups[key] = group
      pairs[key, default: 0] += 1
    }
    for group in wanted {
      let key: [AnyHashable] = [Instant(seconds: group.valid), group.name, group.identity]
      guard var found = groups.removeValue(forKey: key) else {
        throw Disagreement(description: "\(what): the store lacks \(group) \(shown(group))")
      }
      found.old.sort()
      found.new.sort()
      try expectSame(found, group, "\(what): \(shown(found)) for \(shown(group))")
      try expectSame(
        pairs[key], max(group.old.count, group.new.count), "\(what): pairs in \(shown(group))")
    }
    if let extra = groups.values.first {
      throw Disagreement(description: "\(what): the reference lacks \(extra) \(shown(extra))")
    }
  }

  private func shown(_ group: ChangeGroup) -> String {
    "\(group.old.map { reference.items[$0] }) to \(group.new.map { reference.items[$0] })"
  }

  private mutating func compareDifferences(_ name: SeriesName, samples: Int) throws {
    let times = (reference.series[name] ?? []).map(\.valid)
    for _ in 0..<samples {
      let (from, to) = (random.pick(times) - Int64(random.below(2)), random.pick(times))
      let known = random.chance(50) ? random.pick(reference.recordedTimes) : nil
      let found = try store.diff(
        of: name.node, type: name.type, from: Instant(seconds: from), to: Instant(seconds: to),
        knownAt: known.map { Instant(milliseconds: $0) }, in: name.scope)
      let left = reference.state(name, at: from, knownAt: known).found?.content ?? []
      let right = reference.state(name, at: to, knownAt: known).found?.content ?? []
      try compare(found, name, left, right)
      let node = random.pick(nodes)
      let other = SeriesName(scope: name.scope, node: node, type: name.type)
      guard reference.nodes[name.scope]?[node] != nil else { continue }
      let between = try store.diff(
        name.node, node, type: name.type, at: Instant(seconds: to),
        knownAt: known.map { Instant(milliseconds: $0) }, in: name.scope)
      let theirs = reference.state(other, at: to, knownAt: known).found?.content ?? []
      try compare(between, name, right, theirs)
    }
  }

  private mutating func compare(
    _ found: [TypeDifference], _ name: SeriesName, _ left: [Int], _ right: [Int]
  ) throws {
    try expectSame(found.count, 1, "the types of a diff")
    let changes = found[0].differences.map {
      Change(
        validTime: baseTime, recordedTime: baseTime, sequence: .zero, scope: name.scope,
        node: name.node, type: name.type, kind: $0.kind, identity: $0.identity, old: $0.old,
        new: $0.new, source: nil)
    }
    let wanted = reference.difference(left, right, name).map { identity, pair in
      ChangeGroup(
        valid: baseTime.seconds, sequence: 0, recordedTime: baseTime.milliseconds,
        source: nil, name: name, identity: identity, old: pair.old, new: pair.new)
    }
    try compare(changes, with: wanted, "diff")
  }
}
