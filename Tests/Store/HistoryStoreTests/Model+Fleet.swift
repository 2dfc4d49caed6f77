import Inventory

@testable import HistoryStore

// The questions about many nodes at once.

extension Model {
  var names: [String] {
    ["bash", "kernel", ContentMaker.longName, "a", "r1", "r2", "1", "2", "x", "one", "", "nobody"]
  }

  func validTimes(in scope: Scope) -> [Int64] {
    Set(reference.series.filter { $0.key.scope == scope }.flatMap { $0.value.map(\.valid) })
      .sorted()
  }

  mutating func compareHolders(in scope: Scope, samples: Int) throws {
    let times = validTimes(in: scope)
    guard !times.isEmpty else { return }
    for type in plan.types {
      for name in names {
        let all = reference.holdings(of: name, type: type, in: scope)
        let what = "\(scope) \(type) holders of \"\(name.prefix(9))\""
        let found = try store.holders(
          of: name, type: type, from: .distantPast, to: .distantFuture, in: scope)
        try compare(found, with: all, what)
        for _ in 0..<samples {
          let at = random.pick(times) - Int64(random.below(2))
          try compareHolders(
            of: name, type, nil, at, scope,
            with: all.filter { $0.from <= at && $0.to ?? .max > at },
            "\(what) at \(at)")
          let to = at + Int64(1 + random.below(4))
          let version = random.pick(["1", "2"])
          try compareHolders(
            of: name, type, version, at, scope,
            with: all.filter {
              $0.from <= at && $0.to ?? .max > at && self.version(of: $0, type) == version
            }, "\(what) version \(version) at \(at)")
          try compare(
            store.holders(
              of: name, type: type, version: version, from: Instant(seconds: at),
              to: Instant(seconds: to), in: scope),
            with: all.filter {
              $0.from < to && $0.to ?? .max > at && self.version(of: $0, type) == version
            }, "\(what) version \(version) from \(at) to \(to)")
        }
        let at = (0..<4).map { _ in random.pick(times) - Int64(random.below(2)) }
        let steps = try store.rollout(
          of: name, type: type, at: at.map { Instant(seconds: $0) }, in: scope)
        try expectSame(
          steps.map(\.nodesByVersion),
          at.map { reference.rollout(of: name, type: type, at: $0, in: scope) },
          "\(what) rollout at \(at)")
      }
    }
  }

  /// A recorded time and some of the nodes, as questions about the fleet are narrowed by them.
  mutating func narrowing() -> (knownAt: Int64?, nodes: Set<NodeID>?) {
    let known =
      random.chance(75) ? random.pick(reference.recordedTimes) - Int64(random.below(2)) : nil
    guard known == nil || random.chance(40) else { return (known, nil) }
    return (known, Set(nodes.filter { _ in random.chance(50) }))
  }

  /// The questions about the fleet as something was known earlier, and of some nodes only.
  mutating func compareNarrowed(in scope: Scope, samples: Int) throws {
    let times = validTimes(in: scope)
    guard !times.isEmpty else { return }
    for _ in 0..<samples {
      let (type, name) = (random.pick(plan.types), random.pick(names))
      let (knownAt, nodes) = narrowing()
      let isChosen: (NodeID) -> Bool = { nodes?.contains($0) ?? true }
      let choose = nodes == nil ? nil : isChosen
      let known = knownAt.map { Instant(milliseconds: $0) }
      let at = random.pick(times) - Int64(random.below(2))
      let what =
        "\(scope) \(type) \"\(name.prefix(9))\" at \(at) known \(knownAt ?? -1) of \(nodes?.count ?? -1)"
      let all = reference.holdings(of: name, type: type, in: scope, knownAt: knownAt)
        .filter { isChosen($0.node) }
      try compare(
        store.holders(
          of: name, type: type, from: .distantPast, to: .distantFuture, nodes: choose,
          knownAt: known, in: scope), with: all, "\(what): holdings")
      let held = try store.holders(
        of: name, type: type, at: Instant(seconds: at), nodes: choose, knownAt: known, in: scope)
      try expectSame(
        held.map { "\($0.node) \(itemBytes($0.item.attributes))" }.sorted(),
        all.filter { $0.from <= at && $0.to ?? .max > at }.map { "\($0.node) \($0.item)" }.sorted(),
        "\(what): holders")
      let steps = try store.rollout(
        of: name, type: type, at: [Instant(seconds: at), Instant(seconds: times[0])],
        nodes: choose, knownAt: known, in: scope)
      try expectSame(
        steps.map(\.nodesByVersion),
        [at, times[0]].map {
          reference.rollout(
            of: name, type: type, at: $0, in: scope, knownAt: knownAt, nodes: isChosen)
        }, "\(what): roll-out")
      let lines = try store.rollup(
        type: type, at: Instant(seconds: at), nodes: choose, knownAt: known, in: scope)
      try expectSame(
        counts(lines, type, scope),
        reference.rollup(type: type, at: at, in: scope, knownAt: knownAt, nodes: isChosen),
        "\(what): roll-up")
      let to = at + Int64(1 + random.below(6))
      let changes = try store.changes(
        from: Instant(seconds: at), to: Instant(seconds: to), type: type, nodes: choose,
        knownAt: known, in: scope)
      var wanted: [ChangeGroup] = []
      for series in reference.series.keys
      where series.scope == scope && series.type == type && isChosen(series.node) {
        wanted += reference.changes(series, from: at, to: to, knownAt: knownAt)
      }
      try compare(changes, with: wanted, "\(what): changes to \(to)")
    }
  }

  private func compareHolders(
    of name: String, _ type: TypeName, _ version: String?, _ at: Int64, _ scope: Scope,
    with wanted: [ReferenceHolding], _ what: String
  ) throws {
    let found = try store.holders(
      of: name, type: type, version: version, at: Instant(seconds: at), in: scope)
    let mine = found.map { "\($0.node) \(itemBytes($0.item.attributes))" }.sorted()
    try expectSame(mine, wanted.map { "\($0.node) \($0.item)" }.sorted(), what)
    var counts: [String: Int] = [:]
    for (place, holder) in found.enumerated() {
      try expectSame(found.node(at: place), holder.node, "\(what): the node at \(place)")
      try expectSame(found.version(at: place), holder.version, "\(what): the version at \(place)")
      counts[holder.version ?? "", default: 0] += 1
    }
    try expectSame(found.countsByVersion, counts, "\(what): counts by version")
    let numbers = try found.map { try nodeNumber($0.node, scope) ?? 0 }
    try expectSame(numbers, numbers.sorted(), "\(what): the order of nodes")
  }

  private func nodeNumber(_ node: NodeID, _ scope: Scope) throws -> NodeNumber? {
    try store.read { snapshot throws(StoreError) in
      guard let known = snapshot.scope(scope) else { return nil }
      return try snapshot.nodeNumber(node, known)
    }
  }

  mutating func compareRollup(in scope: Scope, samples: Int) throws {
    let times = validTimes(in: scope)
    guard !times.isEmpty else { return }
    for type in plan.types {
      for _ in 0..<samples {
        let at = random.pick(times) - Int64(random.below(2))
        let found = try store.rollup(type: type, at: Instant(seconds: at), in: scope)
        let lines = counts(found, type, scope)
        for (place, line) in found.enumerated() {
          try expectSame(found.nodes(at: place), line.nodes, "the nodes of a line")
          try expectSame(found.value(of: "Version", at: place), line.version, "a line's version")
        }
        try expectSame(lines.count, found.count, "\(scope) \(type) lines of a roll-up at \(at)")
        try expectSame(
          lines, reference.rollup(type: type, at: at, in: scope),
          "\(scope) \(type) roll-up at \(at)")
      }
    }
  }

  private func counts(_ found: Rollup, _ type: TypeName, _ scope: Scope) -> [String: Int] {
    var lines: [String: Int] = [:]
    for line in found {
      let name = SeriesName(scope: scope, node: nodes[0], type: type)
      lines["\(reference.identity(of: line.item, name)) \(line.version ?? "")"] = line.nodes
    }
    return lines
  }

  func version(of holding: ReferenceHolding, _ type: TypeName) -> String? {
    let fields = holding.item.split(separator: 0, omittingEmptySubsequences: false)
    for index in stride(from: 0, to: fields.count - 1, by: 2)
    where Array(fields[index]) == Array("Version".utf8) {
      return String(decoding: fields[index + 1], as: UTF8.self)
    }
    return nil
  }

  func compare(
    _ found: [Holding], with wanted: [ReferenceHolding], _ what: String
  ) throws {
    let mine = found.map {
      ReferenceHolding(
        node: $0.node, item: itemBytes($0.item.attributes), from: $0.from.seconds,
        to: $0.to?.seconds)
    }
    func key(_ one: ReferenceHolding) -> String { "\(one)" }
    let (a, b) = (mine.map(key).sorted(), wanted.map(key).sorted())
    if a == b { return }
    func shown(_ list: [ReferenceHolding]) -> String {
      list.map {
        "\($0.node) \(String(decoding: $0.item.prefix(60), as: UTF8.self)) \($0.from) \($0.to ?? -1)"
      }.sorted().joined(separator: "; ")
    }
    throw Disagreement(
      description: "\(what): the store says \(shown(mine)), the reference \(shown(wanted))")
  }

  mutating func compareFleet(in scope: Scope) throws {
    let times = validTimes(in: scope)
    guard !times.isEmpty else { return }
    var ranges = [(times[0] - 1, times[times.count - 1] + 1)]
    for _ in 0..<3 {
      let from = random.pick(times)
      ranges.append((from, from + Int64(1 + random.below(6))))
    }
    for (from, to) in ranges {
      let found = try store.changes(
        from: Instant(seconds: from), to: Instant(seconds: to), in: scope)
      var wanted: [ChangeGroup] = []
      for name in reference.series.keys where name.scope == scope {
        wanted += reference.changes(name, from: from, to: to, knownAt: nil)
      }
      try compare(found, with: wanted, "\(scope) changes from \(from) to \(to)")
      for (one, next) in zip(found, found.dropFirst()) where one.validTime > next.validTime {
        throw Disagreement(description: "changes are not in order of valid time")
      }
    }
  }

  /// Follows the feed in steps; every record must be there once, with what it changed.
  mutating func compareFeed() throws {
    var feed: [Change] = []
    var after = SequenceNumber.zero
    while true {
      let part = try store.changes(after: after, limit: 1 + random.below(40))
      guard let last = part.last else { break }
      feed += part
      after = last.sequence
    }
    for (one, next) in zip(feed, feed.dropFirst()) where one.sequence > next.sequence {
      throw Disagreement(description: "the feed is not in the order of the log")
    }
    // Two records can change one thing at one valid time, so each is compared for itself.
    var bySequence: [UInt64: [Change]] = [:]
    for change in feed { bySequence[change.sequence.value, default: []].append(change) }
    for sequence in 0..<(reference.lastSequence + 2) {
      try compare(
        bySequence[sequence] ?? [], with: reference.changes(ofRecord: sequence),
        "the feed at \(sequence)")
    }
  }

  func compareSummaries() throws {
    try expectSame(store.scopes(), reference.nodes.keys.sorted(), "the scopes")
    var nodes = 0
    for (scope, known) in reference.nodes {
      nodes += known.count
      for summary in try store.nodes(in: scope) {
        guard let node = known[summary.node] else {
          throw Disagreement(description: "\(summary.node) is not known")
        }
        try expectSame(summary.status, node.status, "\(summary.node) status")
        try expectSame(summary.statusTime?.seconds, node.statusTime, "\(summary.node) status time")
        try expectSame(
          summary.firstRecorded.milliseconds, node.firstRecorded, "\(summary.node) first recorded")
        try expectSame(summary.lastSeen?.milliseconds, node.lastSeen, "\(summary.node) last seen")
        try compareLastObserved(summary)
      }
      for summary in try store.schemas(in: scope) {
        try compare(summary)
      }
    }
    try expectSame(store.nodes().count, nodes, "the number of nodes")
    var events = 0
    for name in reference.series.keys {
      for group in reference.changes(name, from: 0, to: .max, knownAt: nil) {
        events += max(group.old.count, group.new.count)
      }
    }
    try expectSame(store.statistics().changeEvents, events, "the number of changes")
  }

  /// The newest of what any of a node's types rests on at any time.
  private func compareLastObserved(_ summary: NodeSummary) throws {
    let names = reference.series.keys.filter {
      $0.scope == summary.scope && $0.node == summary.node && $0.type != Tags.type
    }
    for knownAt in [nil, reference.recordedTimes[reference.recordedTimes.count / 2]] {
      let times = names.flatMap { name in
        (reference.series[name] ?? []).compactMap { one in
          let state = reference.state(name, at: one.valid, knownAt: knownAt)
          return state.found.map { state.lastConfirmed ?? $0.valid }
        }
      }
      let moment = Moment(knownAt: knownAt.map { Instant(milliseconds: $0) })
      let found = try store.reading(summary.scope, moment) {
        try $0.lastObserved(of: summary.node, in: summary.scope)
      }
      try expectSame(found?.seconds, times.max(), "\(summary.node) last observed")
      let series = SeriesName(
        scope: summary.scope, node: summary.node, type: .instanceInformation)
      let item = try store.reading(summary.scope) {
        try $0.information(of: summary.node, in: summary.scope)
      }
      let content = reference.state(series, at: .max, knownAt: nil).found?.content ?? []
      try expectSame(item == nil, content.isEmpty, "\(summary.node) information")
      let numbers = content.map { reference.items[$0] }
      try expectSame(
        item.map { numbers.contains($0) } ?? true, true, "\(summary.node) information")
    }
  }

  private func compare(_ summary: TypeSummary) throws {
    let what = "\(summary.scope) \(summary.type)"
    let names = reference.series.filter {
      $0.key.scope == summary.scope && $0.key.type == summary.type
    }
    let count = names.values.count { $0.contains { $0.isState } }
    try expectSame(summary.nodeCount, count, "\(what): nodes")
    let versions = reference.versions[summary.scope]?[summary.type] ?? []
    try expectSame(summary.versions, versions, "\(what): versions")
    let deleted = reference.deletions[summary.scope]?[summary.type]
    try expectSame(summary.deleted?.seconds, deleted, "\(what): deleted")
    var identity: [String] = []
    if case .attributes(let names) = reference.rules[summary.scope]?[summary.type] {
      identity = names
    }
    try expectSame(summary.identity, identity, "\(what): identity")
    let isDeclared = reference.declared[summary.scope]?.contains(summary.type) ?? false
    try expectSame(summary.isDeclared, isDeclared, "\(what): declared")
  }
}
