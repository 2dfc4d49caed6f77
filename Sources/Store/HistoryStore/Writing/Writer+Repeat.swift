import Inventory
import LMDB
import PackedBytes

extension Writer {
  /// Accepts a body that repeats the node's last one, without its content.
  ///
  /// Nil, and nothing done, where the newest observations are not those of that body any more, or
  /// the capture times do not lie behind them: then the body has to be read.
  func accept(
    _ repetition: RepeatedBodies.Repetition, in scope: ScopeState, now: Instant,
    limits: ReportLimits, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Receipt? {
    guard let node = try nodeNumber(repetition.node, scope, &transaction) else { return nil }
    var steps: [RepeatedEntry] = []
    var record = ReportRecord(node: node)
    var itemCount = 0
    for (index, entry) in repetition.entries.enumerated() {
      let time = repetition.captureTimes[index]
      guard time <= now.advanced(bySeconds: limits.captureTimeAheadSecondsMax),
        (2000...2099).contains(CivilTime(time).year),
        let type = scope.catalog.typeNumbers[entry.type]
      else { return nil }
      let step = RepeatedEntry(
        series: Series(scope: scope.number, node: node, type: type),
        place: Place(valid: UInt32(clamping: time.seconds), sequence: meta.nextSequence),
        entry: entry)
      let worded: ReportRecord.Entry?
      do throws(StoreError) { worded = try word(step, &transaction) } catch {
        // What cannot be read is told when the body is read.
        guard error.code == .damaged else { throw error }
        return nil
      }
      guard let logged = worded else { return nil }
      steps.append(step)
      record.entries.append(logged)
      itemCount += entry.itemCount
    }
    let recorded = tick()
    let sequence = try append(
      LogRecord(recorded: recorded, body: .report(record)), to: scope, &transaction)
    for (index, step) in steps.enumerated() {
      try project(step, record.entries[index], &transaction)
    }
    staged.seen[Staged.SeenKey(scope: scope.number, node: node)] = recorded
    return Receipt(
      sequence: SequenceNumber(sequence), node: repetition.node, itemCount: itemCount,
      changeCount: 0, duplicateCount: 0)
  }

  /// Words an entry for the log; nil where the newest state is not the one that it repeats, or does
  /// not lie before it.
  private func word(
    _ step: RepeatedEntry, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> ReportRecord.Entry? {
    let (entry, place) = (step.entry, step.place)
    guard let end = try newestEnd(step.series, &transaction) else { return nil }
    let head = end.found
    var logged = ReportRecord.Entry(
      type: step.series.type, valid: place.valid, contentHash: entry.contentHash)
    if entry.isUnchangedStatement {
      guard end.lastPlace.valid < place.valid,
        try isNewestHash(entry.contentHash, of: head.place, step.series, &transaction)
      else { return nil }
      return logged
    }
    // A node's second report in a transaction was read when the first was not stored yet.
    guard head.place.sequence == entry.sequence || end.repeated == entry.sequence,
      head.place.valid < place.valid, !head.hasEnded
    else { return nil }
    logged.observation = ReportRecord.Observation(
      version: head.version, base: head.place.sequence, definitions: [], changes: [])
    return logged
  }

  /// Enters what repeats the newest state.
  private func project(
    _ step: RepeatedEntry, _ logged: ReportRecord.Entry, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let (series, place) = (step.series, step.place)
    guard let observation = logged.observation else {
      try enter(TimelineEntry(kind: .confirmation, place: place), series, &transaction)
      newestStates.extend(series, to: place)
      return
    }
    try enter(
      TimelineEntry(
        kind: .observation, place: place, version: observation.version,
        changes: PackedChanges.none), series, &transaction)
    newestStates.repeatState(of: series, at: place, since: firstSequence)
    guard let contentHash = logged.contentHash else { return }
    let row = HashRow(sequence: place.sequence, contentHash: contentHash)
    try put(row.encoded(), Key.series(series), tables.hashes, &transaction)
  }

  private func enter(
    _ entry: TimelineEntry, _ series: Series, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard try !appendToTimeline(entry, series, &transaction) else { return }
    var layout: Layout?
    if entry.isState {
      layout = try transaction.view.layout(series, atOrBefore: entry.place, tables: tables)
    }
    try insertIntoTimeline(entry, layout, series, &transaction)
  }
}

/// One type of a repeated body.
private struct RepeatedEntry {
  var series: Series
  var place: Place
  var entry: RepeatedBodies.Entry
}
