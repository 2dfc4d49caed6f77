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
    var rows: [(Series, Place, CurrentHead)] = []
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
      guard staged.current[series] == nil,
        let bytes = try transaction.view.bytes(Key.series(series), tables.current)
      else { return nil }
      let head = try decoding("current") { () throws(PackedBytesError) in
        try CurrentHead(bytes)
      }
      guard head.place.sequence == entry.sequence, head.place.valid < place.valid, !head.hasEnded
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
    _ head: CurrentHead, at place: Place, of series: Series,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let entry = TimelineEntry(
      kind: .observation, place: place, version: head.version,
      changes: SlotChangeCodec.encoded([]))
    if try !appendToTimeline(entry, series, prior: nil, &transaction) {
      let layout = try transaction.view.layout(series, atOrBefore: head.place, tables: tables)
      try insertIntoTimeline(entry, layout, series, &transaction)
    }
    try put(head.bytes(at: place), Key.series(series), tables.current, &transaction)
  }
}

/// A row of the table `current` of which only the place is to change.
struct CurrentHead {
  let place: Place
  let hasEnded: Bool
  let version: Int
  /// The packed layout, as it lies in the row.
  private let layout: [UInt8]

  init(_ bytes: [UInt8]) throws(PackedBytesError) {
    var reader = ByteReader(bytes.span.bytes)
    let valid = try reader.varint32()
    place = Place(valid: valid, sequence: try reader.varint())
    let head = try reader.count(limit: 1 << 24)
    version = head >> 2
    hasEnded = head & 1 != 0
    layout = Array(bytes[reader.position...])
  }

  /// The row at another place; what is repeated was reported, not imported.
  func bytes(at place: Place) -> [UInt8] {
    var writer = ByteWriter(capacity: layout.count + 16)
    CurrentRow.encodeHead(
      place: place, version: version, isImported: false, hasEnded: false, into: &writer)
    writer.append(layout)
    return writer.bytes
  }
}
