import LMDB
import PackedBytes

/// The observation that answers a question, and what surrounds it.
struct FoundState: Equatable {
  var place: Place
  var hasEnded: Bool
  var source: SourceNumber
  var version: Int
  /// Valid time of the latest unchanged statement after it, within the question.
  var lastConfirmed: UInt32?
}

extension TransactionView {
  /// The newest state of a series at or before a place, among those recorded up to `known`.
  ///
  /// Reads one chunk, and further ones only where late reports or many unchanged statements push
  /// the answer out of it.
  func findState(
    _ series: Series, atOrBefore limit: Place, known: UInt64, tables: Tables
  ) throws(StoreError) -> FoundState? {
    let (inTail, confirmedInTail) = try tail(series, tables: tables)
      .state(atOrBefore: limit, known: known)
    if let inTail { return inTail }
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.timeline(series, limit)
    var isThere = try cursor.seek(atOrBefore: key.rawSpan)
    var confirmed = confirmedInTail
    while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series) {
      var found: FoundState?
      var prior: TimelineChunk.Prior?
      do throws(PackedBytesError) {
        var chunk = try TimelineChunkView(cursor.value, at: place)
        prior = chunk.prior
        var confirmedHere: UInt32?
        while let entry = try chunk.next() {
          if entry.place > limit { break }
          if entry.place.sequence > known { continue }
          if entry.kind == .confirmation {
            confirmedHere = entry.place.valid
          } else {
            confirmedHere = nil
            found = FoundState(
              place: entry.place, hasEnded: entry.kind == .ended,
              source: entry.source, version: entry.version)
          }
        }
        confirmed = confirmed ?? confirmedHere
      } catch { throw cursor.damaged(error) }
      // Without a statement here, the latest may stand behind that state in the chunk before.
      if found == nil, confirmed != nil, let prior, prior.place.sequence <= known {
        return FoundState(
          place: prior.place, hasEnded: prior.hasEnded, source: prior.source,
          version: prior.version, lastConfirmed: confirmed)
      }
      if var found {
        found.lastConfirmed = confirmed
        return found
      }
      if prior == nil { return nil }
      isThere = try cursor.previous()
    }
    return nil
  }

  /// The valid time of the first observation after a valid time, among those recorded up to `known`.
  func nextObserved(
    _ series: Series, after valid: UInt32, known: UInt64, tables: Tables
  ) throws(StoreError) -> UInt32? {
    guard valid < .max else { return nil }
    return try nextState(
      series, after: Place(valid: valid, sequence: Key.sequenceMax), known: known,
      onlyObservations: true, tables: tables)?.valid
  }

  /// The place of the first state after a place, among those recorded up to `known`.
  func nextState(
    _ series: Series, after limit: Place, known: UInt64, onlyObservations: Bool, tables: Tables
  ) throws(StoreError) -> Place? {
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.timeline(series, limit)
    var isThere = try cursor.seek(atOrBefore: key.rawSpan)
    if isThere, Key.place(inTimelineKey: cursor.key, of: series) == nil {
      isThere = try cursor.next()
    } else if !isThere {
      isThere = try cursor.first()
    }
    while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series) {
      do throws(PackedBytesError) {
        var chunk = try TimelineChunkView(cursor.value, at: place)
        while let entry = try chunk.next() {
          if entry.place > limit, entry.place.sequence <= known,
            entry.kind == .observation || (!onlyObservations && entry.kind == .ended)
          {
            return entry.place
          }
        }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    let behind = try tail(series, tables: tables).entries.first {
      $0.place > limit && $0.place.sequence <= known && $0.kind == .observation
    }
    return behind?.place
  }

  /// The layout after the last state at or before a place; empty where there is none.
  ///
  /// Starts from the keyframe at or before it, then applies what lies between.
  func layout(
    _ series: Series, atOrBefore limit: Place, tables: Tables
  ) throws(StoreError) -> Layout {
    var slots = SlotBuffer()
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.timeline(series, limit)
    if try cursor.seek(atOrBefore: key.rawSpan),
      Key.place(inTimelineKey: cursor.key, of: series) != nil
    {
      try replay(series, &cursor, upTo: limit, into: &slots, tables: tables)
    }
    return Layout(slots: slots.slots)
  }

  /// A state, the items of which are put into `slots`, and the valid time of the next observation.
  ///
  /// One walk over a chunk answers both, as a rule; what it leaves open is looked for by itself.
  func state(
    _ series: Series, atOrBefore limit: Place, known: UInt64, into slots: inout SlotBuffer,
    tables: Tables
  ) throws(StoreError) -> (found: FoundState?, nextObserved: UInt32?) {
    slots.removeAll()
    var found: FoundState?
    var next: UInt32?
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.timeline(series, limit)
    if try cursor.seek(atOrBefore: key.rawSpan),
      let place = Key.place(inTimelineKey: cursor.key, of: series)
    {
      do throws(PackedBytesError) {
        var chunk = try TimelineChunkView(cursor.value, at: place)
        while let entry = try chunk.next() {
          if entry.place.sequence > known { continue }
          if entry.place > limit {
            guard entry.kind == .observation else { continue }
            next = entry.place.valid
            break
          }
          if entry.kind == .confirmation {
            found?.lastConfirmed = entry.place.valid
          } else {
            found = FoundState(
              place: entry.place, hasEnded: entry.kind == .ended,
              source: entry.source, version: entry.version)
          }
        }
      } catch { throw cursor.damaged(error) }
      if found != nil, next == nil {
        try extend(&found, by: tail(series, tables: tables), upTo: limit, known: known)
      }
      if let found, !found.hasEnded {
        try replay(series, &cursor, upTo: found.place, into: &slots, tables: tables)
      }
    }
    if next == nil, limit.valid != .max {
      next = try nextObserved(series, after: limit.valid, known: known, tables: tables)
    }
    if found == nil {
      found = try findState(series, atOrBefore: limit, known: known, tables: tables)
      if let found, !found.hasEnded {
        try replay(series, upTo: found.place, into: &slots, tables: tables)
      }
    }
    return (found, next)
  }

  private func extend(
    _ found: inout FoundState?, by tail: TimelineTail, upTo limit: Place, known: UInt64
  ) {
    let (state, confirmed) = tail.state(atOrBefore: limit, known: known)
    if let state {
      found = state
    } else if let confirmed {
      found?.lastConfirmed = confirmed
    }
  }

  /// The tail of a series, which may be empty.
  func tail(_ series: Series, tables: Tables) throws(StoreError) -> TimelineTail {
    try row(Key.series(series), tables.tails) { bytes throws(PackedBytesError) in
      try TimelineTail(bytes)
    } ?? TimelineTail()
  }

  /// The bytes of the tail under a series' key; none where it has no tail.
  func tailBytes(_ key: [UInt8], tables: Tables) throws(StoreError) -> [UInt8] {
    try row(key, tables.tails) { [UInt8](copying: $0) } ?? []
  }

  private func replay(
    _ series: Series, upTo limit: Place, into slots: inout SlotBuffer, tables: Tables
  ) throws(StoreError) {
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.timeline(series, limit)
    guard try cursor.seek(atOrBefore: key.rawSpan) else {
      throw Self.missing("the row of a state that was found", series, tables)
    }
    try replay(series, &cursor, upTo: limit, into: &slots, tables: tables)
  }

  /// Whether a series has a timeline.
  func hasTimeline(_ series: Series, tables: Tables) throws(StoreError) -> Bool {
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.series(series)
    guard try cursor.seek(atOrAfter: key.rawSpan) else { return false }
    return Key.place(inTimelineKey: cursor.key, of: series) != nil
  }

  /// Names a series that lacks a row.
  private static func missing(
    _ what: String, _ series: Series, _ tables: Tables
  ) -> StoreError {
    StoreError(.init(table: tables.timeline.name, key: Key.series(series), expected: what))
  }

  /// Goes back from the cursor's chunk to a start, then forward again, applying.
  private func replay(
    _ series: Series, _ cursor: inout StoreCursor, upTo limit: Place, into slots: inout SlotBuffer,
    tables: Tables
  ) throws(StoreError) {
    try rewind(series, &cursor, into: &slots, tables: tables)
    var isThere = true
    while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series), place <= limit {
      do throws(PackedBytesError) {
        var chunk = try TimelineChunkView(cursor.value, at: place)
        while let entry = try chunk.next() {
          if entry.place > limit { return }
          if entry.kind != .confirmation {
            try entry.apply(to: &slots)
          }
        }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
  }

  /// Goes back from the cursor's chunk to one that knows what is before it, and puts that into the
  /// slots.
  func rewind(
    _ series: Series, _ cursor: inout StoreCursor, into slots: inout SlotBuffer, tables: Tables
  ) throws(StoreError) {
    slots.removeAll()
    walk: while let place = Key.place(inTimelineKey: cursor.key, of: series) {
      let start: TimelineChunk.Start
      do throws(PackedBytesError) {
        start = try TimelineChunkView(cursor.value, at: place).start
      } catch { throw cursor.damaged(error) }
      switch start {
      case .empty: return
      case .previous: if try !cursor.previous() { break walk }
      case .keyframe:
        let key = Key.timeline(series, place)
        guard let bytes = try storedValue(key, tables.keyframes) else {
          throw StoreError(
            .init(table: "keyframes", key: key, expected: "the state before a chunk of a timeline"))
        }
        do throws(PackedBytesError) { try slots.apply(bytes, at: place.valid) } catch {
          throw StoreError(error, in: tables.keyframes, under: key)
        }
        return
      }
    }
    throw Self.missing("a chunk that knows what is before it", series, tables)
  }
}

extension TimelineTail {
  /// What it says of the state at a place: the newest observation, or else, where there is none,
  /// the valid time of the latest unchanged statement.
  func state(atOrBefore limit: Place, known: UInt64) -> (found: FoundState?, confirmed: UInt32?) {
    var found: FoundState?
    var confirmed: UInt32?
    for entry in entries {
      if entry.place > limit { break }
      if entry.place.sequence > known { continue }
      if entry.kind == .confirmation {
        confirmed = entry.place.valid
        found?.lastConfirmed = confirmed
      } else {
        found = FoundState(
          place: entry.place, hasEnded: false, source: entry.source,
          version: entry.version)
      }
    }
    return (found, confirmed)
  }
}
