import LMDB
import PackedBytes

// Late reports: a state whose valid time is not the newest takes its place in the past. The log
// only grows; of the projections, the successor's changes are worked out anew, because each entry
// of a timeline is kept relative to the one before it.

extension Writer {
  /// Enters a state among older and newer ones; returns how many items it changed.
  func projectLate(
    _ entry: TimelineEntry, prior: SeriesState?, layout: Layout, _ series: Series,
    _ scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Int {
    let place = entry.place
    let before = prior?.layout ?? Layout()
    // The state before the first one of the same valid time: what was superseded never held.
    var groupStart = before
    if let prior, prior.place.valid == place.valid {
      groupStart = try transaction.view.layout(
        series, atOrBefore: Place(valid: place.valid - 1, sequence: Key.sequenceMax),
        tables: tables)
    }
    let next = try transaction.view.nextState(
      series, after: place, known: Key.sequenceMax, onlyObservations: false, tables: tables)
    var nextFinal = Layout()
    if let next {
      nextFinal = try transaction.view.layout(
        series, atOrBefore: Place(valid: next.valid, sequence: Key.sequenceMax), tables: tables)
    }
    try insertIntoTimeline(entry, layout, series, &transaction)
    if let prior, prior.place.valid == place.valid {
      try stage(from: groupStart, to: before, at: place.valid, series, scope, true, &transaction)
    }
    let count = try stage(
      from: groupStart, to: layout, at: place.valid, series, scope, false, &transaction)
    if let next {
      try stage(from: before, to: nextFinal, at: next.valid, series, scope, true, &transaction)
      try stage(from: layout, to: nextFinal, at: next.valid, series, scope, false, &transaction)
    } else {
      // It shares its valid time with the newest, which it supersedes.
      try note(
        SeriesState(
          place: place, hasEnded: entry.kind == .ended, source: entry.source,
          version: entry.version, layout: layout), asNewestOf: series, &transaction)
    }
    return count
  }

  /// Stages the difference of two layouts as postings at a valid time.
  @discardableResult
  private func stage(
    from old: Layout, to new: Layout, at valid: UInt32, _ series: Series, _ scope: ScopeState,
    _ isDeletion: Bool, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Int {
    let (removed, added) = old.difference(old.changes(to: new))
    return try stage(
      removed: removed, added: added, at: valid, series, scope, isDeletion: isDeletion,
      &transaction)
  }

  /// Puts an entry into the chunk that its place falls into.
  ///
  /// - Parameter layout: the layout after the entry; nil for an unchanged statement.
  func insertIntoTimeline(
    _ entry: TimelineEntry, _ layout: Layout?, _ series: Series,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    try foldTail(of: series, &transaction)
    guard
      var chunk = try transaction.view.chunk(series, holding: entry.place, tables: tables)
    else { throw .damaged("a timeline has no chunk") }
    let oldKey = Key.timeline(series, chunk.place)
    let index = chunk.entries.firstIndex { $0.place > entry.place } ?? chunk.entries.count
    let successor = chunk.entries[index...].firstIndex { $0.isState }
    if let layout {
      // Worked out before anything is rewritten: the successor's own layout stays as it is.
      if let successor {
        let next = try transaction.view.layout(
          series, atOrBefore: chunk.entries[successor].place, tables: tables)
        chunk.entries[successor].changes = PackedChanges.encoded(
          layout.changes(to: next), at: chunk.entries[successor].place.valid)
      } else {
        try relink(entry, layout, behind: chunk.place, series, &transaction)
      }
    }
    chunk.entries.insert(entry, at: index)
    if chunk.start == .keyframe && index == 0 {
      throw .damaged("an entry precedes the keyframe of its chunk")
    }
    let newKey = Key.timeline(series, chunk.place)
    if newKey != oldKey { try delete(oldKey, tables.timeline, &transaction) }
    let bytes = chunk.encoded()
    guard bytes.count > TimelineChunk.byteCountMax, chunk.entries.count > 1 else {
      try put(bytes, newKey, tables.timeline, &transaction)
      return
    }
    try split(chunk, series, &transaction)
  }

  /// Makes the first state behind a chunk relative to the state that is now before it.
  private func relink(
    _ entry: TimelineEntry, _ layout: Layout, behind first: Place, _ series: Series,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    var place = first
    while var chunk = try transaction.view.chunk(series, after: place, tables: tables) {
      let successor = chunk.entries.firstIndex { $0.isState }
      if let successor {
        let next = try transaction.view.layout(
          series, atOrBefore: chunk.entries[successor].place, tables: tables)
        chunk.entries[successor].changes = PackedChanges.encoded(
          layout.changes(to: next), at: chunk.entries[successor].place.valid)
      }
      chunk.prior = TimelineChunk.Prior(
        place: entry.place, hasEnded: entry.kind == .ended, source: entry.source,
        version: entry.version)
      if chunk.start == .keyframe {
        try put(
          PackedChanges.encoded(layout, at: chunk.place.valid), Key.timeline(series, chunk.place),
          tables.keyframes,
          &transaction)
      }
      try put(chunk.encoded(), Key.timeline(series, chunk.place), tables.timeline, &transaction)
      if successor != nil { return }
      place = chunk.place
    }
  }

  /// Writes a chunk that has grown too large as two.
  private func split(
    _ chunk: TimelineChunk, _ series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    var first = chunk
    let half = chunk.entries.reduce(0) { $0 + $1.changes.count + 8 } / 2
    var size = 0
    var index = 0
    while index < chunk.entries.count - 1 && size < half {
      size += chunk.entries[index].changes.count + 8
      index += 1
    }
    index = max(index, 1)
    first.entries = Array(chunk.entries[..<index])
    let bytes = first.encoded()
    try put(bytes, Key.timeline(series, first.place), tables.timeline, &transaction)
    var second = TimelineChunk(
      start: .previous, bytesSinceKeyframe: first.bytesSinceKeyframe + bytes.count,
      prior: first.entries.last { $0.isState }.map {
        TimelineChunk.Prior(
          place: $0.place, hasEnded: $0.kind == .ended, source: $0.source,
          version: $0.version)
      } ?? first.prior, entries: Array(chunk.entries[index...]))
    let before = try transaction.view.layout(
      series, atOrBefore: first.entries[first.entries.count - 1].place, tables: tables)
    try decideKeyframe(of: &second, before: before, series, &transaction)
    try put(second.encoded(), Key.timeline(series, second.place), tables.timeline, &transaction)
  }
}
