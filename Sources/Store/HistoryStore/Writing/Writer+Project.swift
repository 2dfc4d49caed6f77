import LMDB
import PackedBytes

// Projecting one state or statement into timeline, current, holders and activity. The same code
// serves an accepted report and a rebuild, so that both come to the same bytes.

extension Writer {
  /// Enters a placement; returns how many items it added, changed or removed.
  @discardableResult
  func project(
    _ placement: Placement, of series: Series, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Int {
    let entry = TimelineEntry(
      kind: placement.kind, source: placement.source, place: placement.place,
      version: placement.version,
      changes: placement.kind == .confirmation
        ? [] : PackedChanges.encoded(placement.changes, at: placement.place.valid))
    guard placement.kind != .confirmation else {
      if try !appendToTimeline(entry, series, &transaction) {
        try insertIntoTimeline(entry, nil, series, &transaction)
      }
      newestStates.extend(series, to: entry.place)
      return 0
    }
    let prior = placement.prior?.layout ?? Layout()
    var layout = prior
    layout.apply(placement.changes)
    if placement.kind == .observation {
      try decideIdentity(of: series.type, from: layout, scope)
    }
    guard placement.isNewest else {
      return try projectLate(
        entry, prior: placement.prior, layout: layout, series, scope, &transaction)
    }
    if try !appendToTimeline(entry, series, &transaction) {
      // Only unchanged statements can lie behind the newest state.
      try insertIntoTimeline(entry, layout, series, &transaction)
    }
    try note(
      SeriesState(
        place: placement.place, hasEnded: placement.kind == .ended,
        source: placement.source, version: placement.version, layout: layout),
      asNewestOf: series, &transaction)
    let (removed, added) = prior.difference(placement.changes)
    return try stage(
      removed: removed, added: added, at: placement.place.valid, series, scope, isDeletion: false,
      &transaction)
  }

  /// Appends an entry behind all others of its series; false where it does not belong there.
  func appendToTimeline(
    _ entry: TimelineEntry, _ series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    guard let last = try lastPlace(series, &transaction) else {
      let chunk = TimelineChunk(start: .empty, bytesSinceKeyframe: 0, prior: nil, entries: [entry])
      try put(
        chunk.encoded(), Key.timeline(series, chunk.place), tables.timeline, &transaction)
      return true
    }
    guard last < entry.place else { return false }
    let key = Key.series(series)
    let tail = try transaction.view.tailBytes(key, tables: tables)
    if TimelineTail.takes(entry) {
      let end = tail.isEmpty ? Place(valid: 0, sequence: 0) : last
      var bytes = ByteWriter(capacity: TimelineTail.byteCountMax)
      bytes.append(tail)
      TimelineTail.encode(entry, after: end, into: &bytes)
      if bytes.count <= TimelineTail.byteCountMax {
        try put(bytes.bytes, replacing: tail, key, tables.tails, &transaction)
        return true
      }
    }
    try append(
      try TimelineTail(stored: tail, key, in: tables.tails).entries + [entry], series, &transaction)
    if !tail.isEmpty { try delete(key, tables.tails, &transaction) }
    return true
  }

  /// Moves what is in a series' tail into its timeline.
  func foldTail(
    of series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let key = Key.series(series)
    let tail = try transaction.view.tailBytes(key, tables: tables)
    guard !tail.isEmpty else { return }
    try append(try TimelineTail(stored: tail, key, in: tables.tails).entries, series, &transaction)
    try delete(key, tables.tails, &transaction)
  }

  /// Appends entries to the last row of a timeline, or in a new one behind it.
  private func append(
    _ entries: [TimelineEntry], _ series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard let tail = try transaction.view.lastChunk(series, tables: tables) else {
      throw .damaged("a timeline has no chunk")
    }
    var bytes = ByteWriter(capacity: tail.bytes.count + 64)
    bytes.append(tail.bytes)
    var last = try tail.lastPlace()
    for entry in entries {
      TimelineChunk.encode(entry, after: last, into: &bytes)
      last = entry.place
    }
    if bytes.count <= TimelineChunk.byteCountMax {
      try put(
        bytes.bytes, replacing: tail.bytes, Key.timeline(series, tail.place), tables.timeline,
        &transaction)
      return
    }
    var chunk = TimelineChunk(
      start: .previous, bytesSinceKeyframe: tail.bytesSinceKeyframe + tail.bytes.count,
      prior: try tail.lastState(), entries: entries)
    let layout = try newest(series, &transaction)?.state.layout ?? Layout()
    try decideKeyframe(of: &chunk, before: layout, series, &transaction)
    try put(chunk.encoded(), Key.timeline(series, chunk.place), tables.timeline, &transaction)
  }

  /// Gives a chunk a keyframe where the bytes since the last have become four times its size.
  ///
  /// So the keyframes of a timeline take at most a quarter of what its changes take, and a state is
  /// rebuilt from at most five times its own packed size.
  func decideKeyframe(
    of chunk: inout TimelineChunk, before layout: Layout, _ series: Series,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let keyframe = PackedChanges.encoded(layout, at: chunk.place.valid)
    guard chunk.bytesSinceKeyframe >= 4 * keyframe.count else { return }
    chunk.start = .keyframe
    chunk.bytesSinceKeyframe = 0
    try put(keyframe, Key.timeline(series, chunk.place), tables.keyframes, &transaction)
  }

  /// Settles how items of a custom type are matched, when it first shows any.
  private func decideIdentity(
    of type: TypeNumber, from layout: Layout, _ scope: ScopeState
  ) throws(StoreError) {
    guard try scope.catalog.type(type).rule == .undecided, layout.itemCount > 0 else { return }
    let dictionary = scope.dictionary
    var rule = TypeRow.Rule.wholeItem
    for name in ["Name", "Id"] {
      let probe = TypeRow.Rule.attributes([name])
      var row = try scope.catalog.type(type)
      row.rule = probe
      var seen: Set<[UInt8]> = []
      let isUnique = layout.items.allSatisfy { item in
        let identity = row.identity(of: dictionary.bytes(of: item.content))
        // One zero byte alone: the item lacks the attribute.
        return identity != [0] && seen.insert(identity).inserted
      }
      if isUnique {
        rule = probe
        break
      }
    }
    scope.catalog.types[Int(type) - 1].rule = rule
    scope.dirtyTypes.insert(type)
  }
}

extension TimelineChunk.Prior {
  init(_ state: SeriesState) {
    self.init(
      place: state.place, hasEnded: state.hasEnded, source: state.source,
      version: state.version)
  }
}

/// The last row of a timeline, as it stands.
struct LastChunk {
  var table: Database
  var series: Series
  var place: Place
  var bytesSinceKeyframe: Int
  var bytes: [UInt8]

  /// Names the row where it does not decode.
  private func decoding<R>(_ body: () throws(PackedBytesError) -> R) throws(StoreError) -> R {
    do throws(PackedBytesError) { return try body() } catch {
      throw StoreError(error, in: table, under: Key.timeline(series, place))
    }
  }

  /// The place of its last entry.
  func lastPlace() throws(StoreError) -> Place {
    try decoding { () throws(PackedBytesError) in
      let bytes = bytes
      var chunk = try TimelineChunkView(bytes.rawSpan, at: place)
      var last = place
      while let entry = try chunk.next() { last = entry.place }
      return last
    }
  }

  /// The newest state in it or before it; nil where there is none.
  func lastState() throws(StoreError) -> TimelineChunk.Prior? {
    try decoding { () throws(PackedBytesError) in
      let bytes = bytes
      var chunk = try TimelineChunkView(bytes.rawSpan, at: place)
      var last = chunk.prior
      while let entry = try chunk.next() {
        guard entry.kind != .confirmation else { continue }
        last = TimelineChunk.Prior(
          place: entry.place, hasEnded: entry.kind == .ended, source: entry.source,
          version: entry.version)
      }
      return last
    }
  }
}

extension TransactionView {
  /// The last chunk of a series; nil where it has none.
  func lastChunk(_ series: Series, tables: Tables) throws(StoreError) -> LastChunk? {
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.timeline(series, .last)
    guard try cursor.seek(atOrBefore: key.rawSpan),
      let place = Key.place(inTimelineKey: cursor.key, of: series)
    else { return nil }
    do throws(PackedBytesError) {
      let chunk = try TimelineChunkView(cursor.value, at: place)
      return LastChunk(
        table: tables.timeline, series: series, place: place,
        bytesSinceKeyframe: chunk.bytesSinceKeyframe,
        bytes: [UInt8](copying: cursor.value))
    } catch { throw cursor.damaged(error) }
  }

  /// The chunk that a place falls into, or the series' first; nil where it has none.
  func chunk(
    _ series: Series, holding place: Place, tables: Tables
  ) throws(StoreError) -> TimelineChunk? {
    try chunk(series, tables: tables) { (cursor: inout StoreCursor) throws(StoreError) in
      let key = Key.timeline(series, place)
      if try cursor.seek(atOrBefore: key.rawSpan),
        Key.place(inTimelineKey: cursor.key, of: series) != nil
      {
        return true
      }
      let first = Key.timeline(series, Place(valid: 0, sequence: 0))
      return try cursor.seek(atOrAfter: first.rawSpan)
    }
  }

  /// The chunk behind the one that starts at a place.
  func chunk(
    _ series: Series, after place: Place, tables: Tables
  ) throws(StoreError) -> TimelineChunk? {
    try chunk(series, tables: tables) { (cursor: inout StoreCursor) throws(StoreError) in
      let key = Key.timeline(series, place)
      guard try cursor.seek(atOrAfter: key.rawSpan) else { return false }
      return try cursor.next()
    }
  }

  private func chunk(
    _ series: Series, tables: Tables, seek: (inout StoreCursor) throws(StoreError) -> Bool
  ) throws(StoreError) -> TimelineChunk? {
    var cursor = try storeCursor(in: tables.timeline)
    guard try seek(&cursor), let place = Key.place(inTimelineKey: cursor.key, of: series) else {
      return nil
    }
    do throws(PackedBytesError) { return try TimelineChunk(cursor.value, at: place) } catch {
      throw cursor.damaged(error)
    }
  }
}
