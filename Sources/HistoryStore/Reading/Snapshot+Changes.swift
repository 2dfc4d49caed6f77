import Inventory
import LMDB
import PackedBytes

/// The net change at one valid time of a series: slot by slot, what was and what is.
private struct NetChange {
  var place: Place
  var isImported: Bool
  var removed: [StoredItem]
  var added: [StoredItem]
}

extension Snapshot {
  /// The changes of a series with `from <= valid < to`, among what was recorded up to `known`.
  ///
  /// Neighbours are the states that held at some valid time: of one valid time only the one
  /// recorded last. An entry that is not known is applied all the same, and what it did is
  /// reported with the next known one, which is then that one's neighbour.
  func changes(
    _ node: NodeID, _ series: Series, _ row: TypeRow, from: UInt32, to: UInt64, known: UInt64,
    _ scope: ScopeCatalog, into changes: inout [Change]
  ) throws(StoreError) {
    let nets = try netChanges(series, from: from, to: to, known: known)
    guard !nets.isEmpty else { return }
    var decoder = ChangeDecoder(
      row: row, contents: try contents([], scope),
      occurrenceAttribute: try scope.occurrenceAttribute(series.type))
    for net in nets {
      try extend(&decoder.contents, with: net.removed, scope)
      try extend(&decoder.contents, with: net.added, scope)
      let recorded = try recorded(net.place.sequence, scope)
      for difference in try decoder.differences(removed: net.removed, added: net.added) {
        changes.append(
          Change(
            validTime: net.place.instant, recordedTime: recorded,
            sequence: SequenceNumber(net.place.sequence), scope: scope.scope, node: node,
            type: row.name, kind: difference.kind, identity: difference.identity,
            old: difference.old, new: difference.new, isImported: net.isImported))
      }
    }
  }

  private func netChanges(
    _ series: Series, from: UInt32, to: UInt64, known: UInt64
  ) throws(StoreError) -> [NetChange] {
    var walk = NetWalk(from: from, to: to, known: known)
    // What holds just before the range, known or not, and then what of it was not known.
    if from > 0 {
      let before = Place(valid: from - 1, sequence: Key.sequenceMax)
      walk.slots = try view.layout(series, atOrBefore: before, tables: tables).slots
      if known != Key.sequenceMax {
        let found = try view.findState(series, atOrBefore: before, known: known, tables: tables)
        let base = try found.map { found throws(StoreError) in
          try view.layout(series, atOrBefore: found.place, tables: tables)
        }
        walk.noteUnknown(known: base ?? Layout())
      }
    }
    do throws(LMDBError) {
      var cursor = try view.cursor(in: tables.timeline)
      let key = Key.timeline(series, Place(valid: from, sequence: 0))
      var isThere = try cursor.seek(atOrBefore: key.span.bytes)
      if !isThere || Key.place(inTimelineKey: cursor.key, of: series) == nil {
        isThere = try cursor.seek(atOrAfter: key.span.bytes)
      }
      while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series),
        UInt64(place.valid) < to
      {
        do throws(PackedBytesError) {
          var chunk = try TimelineChunkView(cursor.value, at: place)
          while let entry = try chunk.next() {
            guard entry.kind != .confirmation, entry.place.valid >= from else { continue }
            try walk.take(entry)
          }
        } catch {
          throw LMDBError.corrupted
        }
        isThere = try cursor.next()
      }
    } catch { throw StoreError(error) }
    walk.emit()
    return walk.changes
  }

  /// The changes of one log record's entry, as they are seen now in valid time.
  func changes(
    at place: Place, _ node: NodeID, _ series: Series, _ row: TypeRow, _ scope: ScopeCatalog,
    into changes: inout [Change]
  ) throws(StoreError) {
    try self.changes(
      node, series, row, from: place.valid, to: UInt64(place.valid) + 1,
      known: place.sequence, scope, into: &changes)
  }
}

/// Walks a timeline's states forward and gathers what changed from one known state to the next.
private struct NetWalk {
  let from: UInt32
  let to: UInt64
  let known: UInt64
  var slots: [StoredItem] = []
  private(set) var changes: [NetChange] = []
  /// What slots held at the last known state, where they have been written since.
  private var before: [UInt32: StoredItem] = [:]
  private var order: [UInt32] = []
  /// The known state whose changes are gathered but not handed over.
  private var pending: (place: Place, isImported: Bool)?

  init(from: UInt32, to: UInt64, known: UInt64) {
    self.from = from
    self.to = to
    self.known = known
  }

  /// Notes that the slots hold something else than what was known.
  mutating func noteUnknown(known: Layout) {
    while slots.count < known.slots.count { slots.append(.free) }
    for index in slots.indices {
      let old = index < known.slots.count ? known.slots[index] : .free
      let new = slots[index]
      if old != new {
        before[UInt32(index)] = old
        order.append(UInt32(index))
      }
    }
  }

  mutating func take(_ entry: borrowing TimelineChunkView.Entry) throws(PackedBytesError) {
    guard UInt64(entry.place.valid) < to else { return }
    let isKnown = entry.place.sequence <= known
    if let waiting = pending, waiting.place.valid != entry.place.valid || !isKnown { emit() }
    var reader = ByteReader(entry.changes)
    try SlotChangeCodec.decode(&reader) { change in
      let slot = Int(change.slot)
      while slot >= slots.count { slots.append(.free) }
      if before[change.slot] == nil {
        before[change.slot] = slots[slot]
        order.append(change.slot)
      }
      slots[slot] = change.item
    }
    if isKnown { pending = (entry.place, entry.isImported) }
  }

  /// Hands over what is gathered.
  mutating func emit() {
    guard let waiting = pending else { return }
    pending = nil
    var removed: [StoredItem] = []
    var added: [StoredItem] = []
    for slot in order {
      guard let old = before[slot] else { continue }
      let new = slots[Int(slot)]
      if old == new { continue }
      if old.content != 0 { removed.append(old) }
      if new.content != 0 { added.append(new) }
    }
    before.removeAll(keepingCapacity: true)
    order.removeAll(keepingCapacity: true)
    if !removed.isEmpty || !added.isEmpty {
      changes.append(
        NetChange(
          place: waiting.place, isImported: waiting.isImported, removed: removed, added: added))
    }
  }
}
