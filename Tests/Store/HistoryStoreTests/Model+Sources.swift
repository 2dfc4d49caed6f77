import Inventory

@testable import HistoryStore

/// What a source says of a state, in the reference's words.
private struct ReferenceClaim {
  var newest: Recorded
  var next: Recorded?
}

extension ReferenceStore {
  /// Of each source its newest observation at or before a valid time, since the inventory ended last,
  /// and its next one.
  fileprivate func claims(
    _ name: SeriesName, at valid: Int64, knownAt: Int64?
  ) -> [Report.Source?: ReferenceClaim] {
    let states = (series[name] ?? []).filter { $0.isState && $0.recordedTime <= knownAt ?? .max }
    let before = states.filter { $0.valid <= valid }
    let start = before.lastIndex { $0.kind == .ended }.map { $0 + 1 } ?? 0
    let after = states.filter { $0.valid > valid }.prefix { $0.kind != .ended }
    var claims: [Report.Source?: ReferenceClaim] = [:]
    for one in before[start...] {
      claims[one.source] = ReferenceClaim(
        newest: one, next: after.first { $0.source == one.source })
    }
    return claims
  }

  /// Whether an attribute that both have differs, one of an occurrence aside; nil where the items
  /// cannot be paired by looking at them.
  fileprivate func isDifference(
    _ pair: (old: [Int], new: [Int]), _ type: TypeName
  ) -> Bool? {
    guard !pair.old.isEmpty, !pair.new.isEmpty else { return true }
    guard pair.old.count == 1, pair.new.count == 1 else { return nil }
    let (old, new) = (items[pair.old[0]], items[pair.new[0]])
    let passedOver = TypeDefinition.of(type).occurrenceAttributes
    return old.attributes.contains { attribute in
      !passedOver.contains(attribute.name)
        && (new[attribute.name].map { $0 != attribute.value } ?? false)
    }
  }
}

extension Model {
  /// Holds what the store says of the sources of a state against the reference.
  mutating func compareSources(_ name: SeriesName, _ valid: Int64, _ known: Int64?) throws {
    let what = "sources at \(valid) known \(known ?? -1)"
    let found = try store.sources(
      of: name.node, type: name.type, at: Instant(seconds: valid),
      knownAt: known.map { Instant(milliseconds: $0) }, in: name.scope)
    guard let answer = reference.state(name, at: valid, knownAt: known).found else {
      return try expectSame(found.count, 0, "\(what): nothing is known")
    }
    let wanted = reference.claims(name, at: valid, knownAt: known)
    try expectSame(Set(found.map(\.source)), Set(wanted.keys), "\(what): which")
    try expectSame(found.first?.standing, .answers, "\(what): the first")
    for claim in found {
      guard let theirs = wanted[claim.source] else { continue }
      try compare(claim, theirs, answer, name, "\(what), \(claim.source?.name ?? "reported")")
    }
  }

  private func compare(
    _ claim: SourceClaim, _ wanted: ReferenceClaim, _ answer: Recorded, _ name: SeriesName,
    _ what: String
  ) throws {
    try expectSame(claim.sequence.value, wanted.newest.sequence, "\(what): sequence")
    try expectSame(claim.observedAt.seconds, wanted.newest.valid, "\(what): observed")
    try expectSame(claim.nextObserved?.seconds, wanted.next?.valid, "\(what): next")
    try expectSame(claim.itemCount, wanted.newest.content.count, "\(what): items")
    let isAnswer = wanted.newest.sequence == answer.sequence
    try expectSame(claim.standing == .answers, isAnswer, "\(what): whether it is the answer")
    guard !isAnswer else { return }
    let pairs = reference.difference(answer.content, wanted.newest.content, name).values
    let verdicts = pairs.map { reference.isDifference($0, name.type) }
    guard !verdicts.contains(nil) else { return }
    let differs = verdicts.contains(true)
    let counted = zip(pairs, verdicts).reduce(0) {
      $0 + ($1.1 == true ? max($1.0.old.count, $1.0.new.count) : 0)
    }
    try expectSame(claim.differences.count, counted, "\(what): differences")
    let goesOn = wanted.newest.source?.tellsEveryChange == true && wanted.next != nil
    let isOfOneTime = wanted.newest.valid == answer.valid
    try expectSame(
      claim.standing, differs ? (goesOn || isOfOneTime ? .contradicts : .older) : .agrees,
      "\(what): standing")
  }
}
