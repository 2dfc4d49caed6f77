import Inventory
import LMDB
import PackedBytes

/// What a walk over timelines keeps from one to the next: its memory, and what is found.
struct ChangeGathering: ~Copyable {
  var changes = ChangeList()
  fileprivate var walk = NetWalk()
  fileprivate var pairs: [ItemPair] = []
  /// Whether it is noted of changes that nothing was known before them; costs a look at the timeline for
  /// each time at which items only came.
  fileprivate let marksFirst: Bool

  init(marksFirst: Bool = false) { self.marksFirst = marksFirst }
}

extension Snapshot {
  /// Gathers the changes of a series with `from <= valid < to`, among what was recorded up to
  /// `known`.
  ///
  /// Neighbours are the states that held at some valid time: of one valid time only the one
  /// recorded last. An entry that is not known is applied all the same, and what it did is
  /// reported with the next known one, which is then that one's neighbour.
  ///
  /// - Parameters:
  ///   - cursor: on the timelines; wherever it is.
  ///   - sequence: only changes of this record; nil for all.
  func gatherChanges(
    _ node: NodeID, _ series: Series, from: UInt32, to: UInt64, known: UInt64,
    only sequence: UInt64? = nil, _ pairing: inout ItemPairing, _ scope: ScopeCatalog,
    _ cursor: inout StoreCursor, into gathering: inout ChangeGathering
  ) throws(StoreError) {
    try checkCancellation()
    try walk(series, from: from, to: to, known: known, &cursor, &gathering.walk)
    guard !gathering.walk.nets.isEmpty else { return }
    try prepare(&pairing, for: gathering.walk.removed, gathering.walk.added, scope)
    gathering.changes.append(
      ChangeList.Origin(
        scope: scope.scope, node: node,
        items: pairing.decoder,
        sources: scope.sources))
    for net in gathering.walk.nets where sequence == nil || sequence == net.place.sequence {
      gathering.pairs.removeAll(keepingCapacity: true)
      try pairing.pair(
        removed: gathering.walk.removed[net.removed], added: gathering.walk.added[net.added],
        into: &gathering.pairs)
      guard !gathering.pairs.isEmpty else { continue }
      var isFirst = gathering.marksFirst && net.removed.isEmpty
      if isFirst { isFirst = try isUnknown(series, before: net.place.valid, known: known) }
      gathering.changes.append(
        at: net.place, source: net.source,
        recorded: try recorded(net.place.sequence, scope), isFirst: isFirst, gathering.pairs)
    }
  }

  /// Takes the changes of a series in a range together with the same ones of others.
  func group(
    _ series: Series, _ range: (from: UInt32, to: UInt64), known: UInt64,
    _ pairing: inout ItemPairing, _ scope: ScopeCatalog, _ cursor: inout StoreCursor,
    _ gathering: inout ChangeGathering, into groups: inout ChangeGrouping
  ) throws(StoreError) {
    try checkCancellation()
    try walk(
      series, from: range.from, to: range.to, known: known, &cursor, &gathering.walk)
    guard !gathering.walk.nets.isEmpty else { return }
    try prepare(&pairing, for: gathering.walk.removed, gathering.walk.added, scope)
    for net in gathering.walk.nets {
      gathering.pairs.removeAll(keepingCapacity: true)
      try pairing.pair(
        removed: gathering.walk.removed[net.removed], added: gathering.walk.added[net.added],
        into: &gathering.pairs)
      var isFirst = groups.foldsFirst && net.removed.isEmpty
      if isFirst { isFirst = try isUnknown(series, before: net.place.valid, known: known) }
      try groups.take(
        gathering.pairs, of: series.node, at: net.place.valid, isFirst: isFirst, pairing.decoder)
    }
  }

  /// Whether nothing was known of a series just before a valid time: not observed yet, or ended.
  func isUnknown(
    _ series: Series, before valid: UInt32, known: UInt64
  ) throws(StoreError) -> Bool {
    guard valid > 0 else { return true }
    let limit = Place(valid: valid - 1, sequence: Key.sequenceMax)
    let found = try view.findState(series, atOrBefore: limit, known: known, tables: tables)
    return found?.hasEnded ?? true
  }

  /// Hands over what the known states of a series lost and gained, one valid time after another, from its
  /// beginning on.
  func forEachStep(
    of series: Series, to: UInt64, known: UInt64, _ cursor: inout StoreCursor,
    _ gathering: inout ChangeGathering,
    _ body: (UInt32, _ lost: ArraySlice<StoredItem>, _ gained: ArraySlice<StoredItem>)
      throws(StoreError) -> Void
  ) throws(StoreError) {
    try checkCancellation()
    try walk(series, from: 0, to: to, known: known, &cursor, &gathering.walk)
    for net in gathering.walk.nets {
      try body(
        net.place.valid, gathering.walk.removed[net.removed], gathering.walk.added[net.added])
    }
  }

  /// What pairs the items of a type.
  func pairing(_ row: TypeRow, _ scope: ScopeCatalog) throws(StoreError) -> ItemPairing {
    ItemPairing(
      row: row, contents: try contents([], scope),
      occurrenceAttribute: try scope.occurrenceAttribute(row.number), hash: store.hash)
  }

  /// Loads what pairing some items needs.
  func prepare(
    _ pairing: inout ItemPairing, for removed: [StoredItem], _ added: [StoredItem],
    _ scope: ScopeCatalog
  ) throws(StoreError) {
    var pages = pairing.contents
    guard pages.missing(in: removed) != nil || pages.missing(in: added) != nil else { return }
    try extend(&pages, with: removed, scope)
    try extend(&pages, with: added, scope)
    pairing.update(pages)
  }

  private func walk(
    _ series: Series, from: UInt32, to: UInt64, known: UInt64, _ cursor: inout StoreCursor,
    _ walk: inout NetWalk
  ) throws(StoreError) {
    walk.begin(to: to, known: known)
    let key = Key.timeline(series, Place(valid: from, sequence: 0))
    var isThere = try cursor.seek(atOrBefore: key.rawSpan)
    if isThere, Key.place(inTimelineKey: cursor.key, of: series) != nil {
      // What holds just before the range, known or not.
      if from > 0 { try view.rewind(series, &cursor, into: &walk.slots, tables: tables) }
    } else {
      isThere = try cursor.seek(atOrAfter: key.rawSpan)
    }
    var isBefore = from > 0
    let knownBefore =
      isBefore && known != Key.sequenceMax ? try self.known(series, before: from, known) : nil
    while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series),
      UInt64(place.valid) < to
    {
      do throws(PackedBytesError) {
        var chunk = try TimelineChunkView(cursor.value, at: place)
        while let entry = try chunk.next(), UInt64(entry.place.valid) < to {
          guard entry.kind != .confirmation else { continue }
          if isBefore {
            if entry.place.valid < from {
              try entry.apply(to: &walk.slots)
              continue
            }
            isBefore = false
            if let knownBefore { walk.noteUnknown(known: knownBefore) }
          }
          try walk.take(entry)
        }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    walk.emit()
  }

  /// The layout of the newest known state before a valid time.
  private func known(
    _ series: Series, before valid: UInt32, _ known: UInt64
  ) throws(StoreError) -> Layout {
    let limit = Place(valid: valid - 1, sequence: Key.sequenceMax)
    guard
      let found = try view.findState(series, atOrBefore: limit, known: known, tables: tables)
    else { return Layout() }
    return try view.layout(series, atOrBefore: found.place, tables: tables)
  }
}

/// The net change at one valid time of a series: what went and what came.
private struct NetChange {
  var place: Place
  var source: SourceNumber
  /// Among all items that went, and that came.
  var removed: Range<Int>
  var added: Range<Int>
}

/// Walks a timeline's states forward and gathers what changed from one known state to the next.
private struct NetWalk: ~Copyable {
  var slots = SlotBuffer()
  private(set) var nets: [NetChange] = []
  private(set) var removed: [StoredItem] = []
  private(set) var added: [StoredItem] = []
  private var to: UInt64 = 0
  private var known: UInt64 = 0
  /// What slots held at the last known state, where they have been written since.
  private var before: [(slot: Int, item: StoredItem)] = []
  /// For each slot the round in which it was written last.
  private var written: [UInt32] = []
  private var round: UInt32 = 0
  /// The known state whose changes are gathered but not handed over.
  private var pending: (place: Place, source: SourceNumber)?

  /// Forgets everything, for the next series.
  mutating func begin(to: UInt64, known: UInt64) {
    self.to = to
    self.known = known
    slots.removeAll()
    nets.removeAll(keepingCapacity: true)
    removed.removeAll(keepingCapacity: true)
    added.removeAll(keepingCapacity: true)
    pending = nil
    startRound()
  }

  private mutating func startRound() {
    before.removeAll(keepingCapacity: true)
    if round == .max {
      written.removeAll(keepingCapacity: true)
      round = 0
    }
    round += 1
  }

  /// Notes that the slots hold something else than what was known.
  mutating func noteUnknown(known: Layout) {
    for slot in 0..<max(slots.count, known.slots.count) {
      let old = slot < known.slots.count ? known.slots[slot] : .free
      if old != slots[slot] { note(slot, old) }
    }
  }

  /// Notes what a slot held, if it is the first that is said of it since the last known state.
  @inline(__always)
  private mutating func note(_ slot: Int, _ old: StoredItem) {
    if slot >= written.count {
      written.append(contentsOf: repeatElement(0, count: slot + 1 - written.count))
    }
    if written[slot] != round {
      written[slot] = round
      before.append((slot, old))
    }
  }

  mutating func take(_ entry: borrowing TimelineChunkView.Entry) throws(PackedBytesError) {
    let isKnown = entry.place.sequence <= known
    if let waiting = pending, waiting.place.valid != entry.place.valid || !isKnown { emit() }
    do throws(PackedBytesError) {
      try PackedChanges.decode(entry.changes, at: entry.place.valid) { change in
        let slot = Int(change.slot)
        note(slot, slots[slot])
        slots.put(change.item, slot)
      }
    } catch { throw entry.placed(error) }
    if isKnown { pending = (entry.place, entry.source) }
  }

  /// Hands over what is gathered.
  mutating func emit() {
    guard let waiting = pending else { return }
    pending = nil
    let (removedStart, addedStart) = (removed.count, added.count)
    for (slot, old) in before {
      let new = slots[slot]
      if old == new { continue }
      if old.content != 0 { removed.append(old) }
      if new.content != 0 { added.append(new) }
    }
    startRound()
    guard removed.count > removedStart || added.count > addedStart else { return }
    nets.append(
      NetChange(
        place: waiting.place, source: waiting.source,
        removed: removedStart..<removed.count, added: addedStart..<added.count))
  }
}
