public import Inventory

/// What one source says of a state: the node itself, or something that was imported.
public struct SourceClaim: Sendable {
  /// How it stands to the answer.
  public enum Standing: String, Sendable, Hashable {
    /// It is the answer.
    case answers
    /// It says the same.
    case agrees
    /// It says something else of an earlier time, and nothing of this one.
    case older
    /// It says something else of this very time.
    ///
    /// Either it tells of every change and goes on after the time that was asked for, or its
    /// observation has the valid time of the answer.
    case contradicts
  }

  /// The source; nil for the node's own reports.
  public var source: Report.Source?
  /// The valid time of its newest observation at or before the time that was asked for.
  public var observedAt: Instant
  /// The valid time of its next observation.
  public var nextObserved: Instant?
  /// The log record of the observation.
  public var sequence: SequenceNumber
  /// The number of items.
  public var itemCount: Int
  /// How it stands to the answer.
  public var standing: Standing
  /// What makes the answer's items into its own.
  ///
  /// An attribute that one of the two leaves out is no difference, nor is one that belongs to the
  /// occurrence of an item, such as InstalledTime: sources know different things, and clocks differ.
  public var differences: [Difference]
}

extension HistoryStore {
  /// What each source says of a state, the answer's first, then by time of observation, newest first.
  ///
  /// Of each source its newest observation at or before `at` counts. Empty where nothing is known.
  /// Reads the whole timeline of the node and type once, some 0.1 µs an observation, and one state for
  /// each source. Throws ``StoreError`` as ``state(of:type:at:knownAt:in:)`` does.
  public func sources(
    of node: NodeID, type: TypeName, at: Instant? = nil, knownAt: Instant? = nil,
    in scope: Scope = .local
  ) throws(StoreError) -> [SourceClaim] {
    try ask(scope, Moment(at: at, knownAt: knownAt)) { reader throws(StoreError) in
      try reader.sources(of: node, type: type)
    }
  }
}

extension HistoryReader {
  /// What each source says of a state; see ``HistoryStore/sources(of:type:at:knownAt:in:)``.
  package func sources(of node: NodeID, type: TypeName) throws(StoreError) -> [SourceClaim] {
    try snapshot.sources(try requireNode(node), type, moment, known: known)
  }
}

/// Where a source speaks last, and where next.
private struct SourcePlaces {
  var last: Place
  var next: Place?
}

extension Snapshot {
  fileprivate func sources(
    _ node: KnownNode, _ type: TypeName, _ moment: Moment, known: UInt64
  ) throws(StoreError) -> [SourceClaim] {
    let scope = node.scope
    guard let typeNumber = scope.typeNumbers[type] else { return [] }
    let answer = try state(node, type, moment, known: known)
    guard let answered = answer.sequence else { return [] }
    let series = Series(scope: scope.number, node: node.number, type: typeNumber)
    let valid = moment.at.map { UInt32(clamping: $0.seconds) } ?? .max
    let places = try sourcePlaces(series, valid: valid, known: known)
    let row = try scope.type(typeNumber)
    var claims: [SourceClaim] = []
    for (source, place) in places.sorted(by: { $0.value.last > $1.value.last }) {
      claims.append(
        try claim(
          of: scope.source(source), place, against: answer, answered, series, row, scope))
    }
    let first = claims.firstIndex { $0.standing == .answers }
    if let first { claims.insert(claims.remove(at: first), at: 0) }
    return claims
  }

  /// Where each source spoke last at or before a valid time, since the inventory last ended.
  private func sourcePlaces(
    _ series: Series, valid: UInt32, known: UInt64
  ) throws(StoreError) -> [SourceNumber: SourcePlaces] {
    var places: [SourceNumber: SourcePlaces] = [:]
    try view.walkStates(
      series, from: Place(valid: 0, sequence: 0), tables: tables
    ) { state in
      guard state.place.sequence <= known else { return true }
      let isAfter = state.place.valid > valid
      if state.hasEnded {
        if isAfter { return false }
        places = [:]
      } else if isAfter {
        if places[state.source]?.next == nil { places[state.source]?.next = state.place }
      } else {
        places[state.source] = SourcePlaces(last: state.place)
      }
      return true
    }
    return places
  }

  private func claim(
    of source: Report.Source?, _ places: SourcePlaces, against answer: InventoryState,
    _ answered: SequenceNumber, _ series: Series, _ row: TypeRow, _ scope: ScopeCatalog
  ) throws(StoreError) -> SourceClaim {
    let items = try view.layout(series, atOrBefore: places.last, tables: tables).items
    var claim = SourceClaim(
      source: source, observedAt: places.last.instant, nextObserved: places.next?.instant,
      sequence: SequenceNumber(places.last.sequence), itemCount: items.count,
      standing: .answers, differences: [])
    guard claim.sequence != answered else { return claim }
    let difference = try difference(
      answer, answer, removed: answer.items.items, added: items, row, scope)
    let occurrence = Set(TypeDefinition.of(row.name).occurrenceAttributes)
    claim.differences = difference.differences.filter { $0.isOfBoth(but: occurrence) }
    let goesOn = source?.tellsEveryChange == true && places.next != nil
    claim.standing =
      claim.differences.isEmpty
      ? .agrees : goesOn || claim.observedAt == answer.observedAt ? .contradicts : .older
    return claim
  }
}

extension Difference {
  /// Whether it is more than an attribute that only one side tells.
  fileprivate func isOfBoth(but passedOver: Set<String>) -> Bool {
    guard let old, let new else { return true }
    return old.attributes.contains { attribute in
      guard !passedOver.contains(attribute.name), let other = new[attribute.name] else {
        return false
      }
      return other != attribute.value
    }
  }
}
