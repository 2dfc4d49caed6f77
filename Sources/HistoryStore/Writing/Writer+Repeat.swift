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
    var rows: [(Series, Place, FoundState)] = []
    var record = ReportRecord(node: node)
    var itemCount = 0
    for (index, entry) in repetition.entries.enumerated() {
      let time = repetition.captureTimes[index]
      guard time <= now.advanced(bySeconds: limits.captureTimeAheadSecondsMax),
        (2000...2099).contains(CivilTime(time).year),
        let type = scope.catalog.typeNumbers[entry.type]
      else { return nil }
      let series = Series(scope: scope.number, node: node, type: type)
      let place = Place(valid: UInt32(clamping: time.seconds), sequence: meta.nextSequence)
      guard let head = try newestEnd(series, &transaction)?.found,
        head.place.sequence == entry.sequence, head.place.valid < place.valid,
        !head.hasEnded
      else { return nil }
      rows.append((series, place, head))
      record.entries.append(
        ReportRecord.Entry(
          type: type, valid: place.valid, contentHash: entry.contentHash,
          observation: ReportRecord.Observation(
            version: head.version, base: head.place.sequence, definitions: [], changes: [])))
      itemCount += entry.itemCount
    }
    let recorded = tick()
    let sequence = try append(
      LogRecord(recorded: recorded, body: .report(record)), to: scope, &transaction)
    for (index, (series, place, head)) in rows.enumerated() {
      try repeatState(head, at: place, of: series, &transaction)
      if let contentHash = repetition.entries[index].contentHash {
        let row = HashRow(sequence: sequence, contentHash: contentHash)
        try put(row.encoded(), Key.series(series), tables.hashes, &transaction)
      }
    }
    staged.seen[Staged.SeenKey(scope: scope.number, node: node)] = recorded
    return Receipt(
      sequence: SequenceNumber(sequence), node: repetition.node, itemCount: itemCount,
      changeCount: 0, duplicateCount: 0)
  }

  /// Enters an observation that is equal to the newest one.
  private func repeatState(
    _ head: FoundState, at place: Place, of series: Series,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let entry = TimelineEntry(
      kind: .observation, place: place, version: head.version,
      changes: SlotChangeCodec.encoded([]))
    if try !appendToTimeline(entry, series, &transaction) {
      let layout = try transaction.view.layout(series, atOrBefore: head.place, tables: tables)
      try insertIntoTimeline(entry, layout, series, &transaction)
    }
    newestStates.repeatState(of: series, at: place)
  }
}
