import Inventory
import LMDB

/// A state of a series: its layout, and the observation or end that made it.
struct SeriesState: Equatable {
  var place: Place
  var hasEnded = false
  var source: SourceNumber = 0
  var version = 0
  var layout = Layout()

  init(place: Place, hasEnded: Bool, source: SourceNumber, version: Int, layout: Layout) {
    self.place = place
    self.hasEnded = hasEnded
    self.source = source
    self.version = version
    self.layout = layout
  }

  init(_ found: FoundState, layout: Layout) {
    self.init(
      place: found.place, hasEnded: found.hasEnded, source: found.source,
      version: found.version, layout: layout)
  }
}

/// The end of a timeline: what the next report is compared with.
struct NewestState {
  var state: SeriesState
  /// The place of the last entry, which may be an unchanged statement behind the state.
  var lastPlace: Place
  /// The sequence number of the observation that the state's repeats in this transaction began from.
  var repeated: UInt64 = 0
}

/// Newest states that the writer remembers; what it does not, it reads from the timeline.
///
/// Valid within a transaction and, once that is committed, for as long as nobody else writes.
/// Memory: 16 bytes a slot, ``slotsMax`` slots.
struct NewestStates {
  private var states: [Series: NewestState] = [:]
  private var slotCount = 0

  /// Slots of all states together; beyond it all are forgotten.
  static let slotsMax = 4 << 20

  subscript(series: Series) -> NewestState? { states[series] }

  mutating func set(_ newest: NewestState, of series: Series) {
    slotCount += newest.state.layout.slots.count - (states[series]?.state.layout.slots.count ?? 0)
    if slotCount > Self.slotsMax {
      states.removeAll()
      slotCount = newest.state.layout.slots.count
    }
    states[series] = newest
  }

  /// Notes a new end of a timeline whose state stays.
  mutating func extend(_ series: Series, to place: Place) {
    guard let index = states.index(forKey: series) else { return }
    states.values[index].lastPlace = max(states.values[index].lastPlace, place)
  }

  /// Notes an observation that is equal to the newest one.
  ///
  /// - Parameter first: the first sequence number of the transaction.
  mutating func repeatState(of series: Series, at place: Place, since first: UInt64) {
    guard let index = states.index(forKey: series) else { return }
    let before = states.values[index].state.place.sequence
    if before < first { states.values[index].repeated = before }
    states.values[index].state.place = place
    states.values[index].state.source = 0
    states.values[index].lastPlace = max(states.values[index].lastPlace, place)
  }

  mutating func removeAll() {
    states.removeAll()
    slotCount = 0
  }
}

extension Writer {
  /// The newest state of a series; nil where it has none.
  func newest(
    _ series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> NewestState? {
    if let known = newestStates[series] { return known }
    guard let end = try transaction.view.end(of: series, tables: tables) else { return nil }
    let layout = try transaction.view.layout(series, atOrBefore: end.found.place, tables: tables)
    let newest = NewestState(
      state: SeriesState(end.found, layout: layout), lastPlace: end.lastPlace)
    newestStates.set(newest, of: series)
    return newest
  }

  /// Remembers a state that has been entered as the newest of its series.
  func note(
    _ state: SeriesState, asNewestOf series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    // Unchanged statements can lie behind it.
    let lastPlace = try lastPlace(series, &transaction)
    newestStates.set(
      NewestState(state: state, lastPlace: max(state.place, lastPlace ?? state.place)),
      of: series)
  }

  /// The place of a series' last entry of any kind; nil where it has none.
  func lastPlace(
    _ series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Place? {
    if let known = newestStates[series] { return known.lastPlace }
    return try transaction.view.lastPlace(of: series, tables: tables)
  }

  /// The newest state of a series without its layout; nil where it has none.
  func newestEnd(
    _ series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> TimelineEnd? {
    if let known = newestStates[series] {
      return TimelineEnd(
        found: FoundState(known.state), lastPlace: known.lastPlace, repeated: known.repeated)
    }
    return try transaction.view.end(of: series, tables: tables)
  }
}

/// Where a timeline ends.
struct TimelineEnd {
  /// The newest state.
  var found: FoundState
  /// The place of the last entry of any kind.
  var lastPlace: Place
  /// As in ``NewestState``.
  var repeated: UInt64 = 0
}

extension FoundState {
  init(_ state: SeriesState) {
    self.init(
      place: state.place, hasEnded: state.hasEnded, source: state.source,
      version: state.version)
  }
}

extension TransactionView {
  /// The end of a timeline; nil where no state is in it.
  func end(of series: Series, tables: Tables) throws(StoreError) -> TimelineEnd? {
    guard
      let found = try findState(
        series, atOrBefore: .last, known: Key.sequenceMax, tables: tables),
      let last = try lastPlace(of: series, tables: tables)
    else { return nil }
    return TimelineEnd(found: found, lastPlace: last)
  }

  /// The place of a series' last entry of any kind; nil where it has none.
  func lastPlace(of series: Series, tables: Tables) throws(StoreError) -> Place? {
    if let last = try tail(series, tables: tables).entries.last { return last.place }
    return try lastChunk(series, tables: tables)?.lastPlace()
  }
}
