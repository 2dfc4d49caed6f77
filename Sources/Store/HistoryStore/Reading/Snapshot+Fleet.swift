import Inventory
import LMDB
import PackedBytes

extension Snapshot {
  /// The series with changes in a range of valid time, as known through a log record, in order.
  ///
  /// Activity is kept as all is known now: what later records are about may have changed then as well.
  func activeSeries(
    from: UInt32, to: UInt64, _ scope: ScopeCatalog, known: UInt64
  ) throws(StoreError) -> [Series] {
    var numbers: [UInt64] = []
    func note(_ node: NodeNumber, _ type: TypeNumber) {
      numbers.append(UInt64(node) << 16 | UInt64(type))
    }
    try forEachPosting(
      in: tables.activity, list: Key.scope(scope.number), from: from, upTo: to - 1
    ) { note($0.node, TypeNumber(truncatingIfNeeded: $0.a)) }
    if known < meta.nextSequence - 1 {
      for (type, nodes) in try changed(in: scope, since: known) {
        for node in nodes { note(node, type) }
      }
    }
    numbers.sort()
    var active: [Series] = []
    for (index, number) in numbers.enumerated() where index == 0 || numbers[index - 1] != number {
      active.append(
        Series(
          scope: scope.number, node: NodeNumber(truncatingIfNeeded: number >> 16),
          type: TypeNumber(truncatingIfNeeded: number)))
    }
    return active
  }

  /// What one log record changed when it was recorded.
  func gatherChanges(
    ofRecord sequence: UInt64, _ scope: ScopeCatalog, into gathering: inout ChangeGathering
  ) throws(StoreError) {
    let key = Key.log(scope.number, sequence)
    let stored = try view.row(key, tables.log) { bytes throws(PackedBytesError) in
      try LogRecord(bytes, sequence: sequence)
    }
    guard let stored else { return }
    var affected: [(NodeNumber, TypeRow, UInt32)] = []
    switch stored.body {
    case .report(let report):
      for entry in report.entries where entry.observation != nil && !entry.isErased {
        affected.append((report.node, try scope.type(entry.type), entry.valid))
      }
    case .nodeEvent(let event) where event.kind.endsInventory:
      for row in scope.types { affected.append((event.node, row, event.valid)) }
    case .typeDeletion(let type, let valid):
      guard let number = scope.typeNumbers[type] else { return }
      let row = try scope.type(number)
      for node in 1..<NodeNumber(max(1, try nodeIDs(scope, atLeast: .max).count)) {
        affected.append((node, row, valid))
      }
    default: return
    }
    let ids = try nodeIDs(scope, atLeast: affected.map(\.0).max() ?? 0)
    var cursor = try view.storeCursor(in: tables.timeline)
    for (number, row, valid) in affected {
      guard Int(number) < ids.count, let node = ids[Int(number)] else { continue }
      var pairing = try pairing(row, scope)
      // As it was seen then: what was recorded later is not known. An act touches only some of the
      // series that it could have touched, so what others did at that time is left out.
      try gatherChanges(
        node, Series(scope: scope.number, node: number, type: row.number), from: valid,
        to: UInt64(valid) + 1, known: sequence, only: sequence, &pairing, scope, &cursor,
        into: &gathering)
    }
  }

  /// Hands over the rows of a scope's nodes, in order of their numbers.
  func forEachNode(
    of scope: ScopeCatalog, _ body: (NodeNumber, NodeRow) throws(StoreError) -> Void
  ) throws(StoreError) {
    var cursor = try view.storeCursor(in: tables.nodes)
    let key = Key.number(scope.number, 0)
    var isThere = try cursor.seek(atOrAfter: key.rawSpan)
    while isThere, cursor.key.extracting(0..<2).isEqual(to: key.rawSpan.extracting(0..<2)) {
      try checkCancellation()
      let number: NodeNumber
      let row: NodeRow
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.key)
        _ = try reader.bigEndian(ScopeNumber.self)
        number = try reader.bigEndian()
        row = try NodeRow(cursor.value)
      } catch { throw cursor.damaged(error) }
      try body(number, row)
      isThere = try cursor.next()
    }
  }

  /// When a node was heard of last, changes or not.
  func lastSeen(_ node: NodeNumber, _ scope: ScopeCatalog) throws(StoreError) -> Instant? {
    let seen = try view.row(Key.number(scope.number, node), tables.seen) {
      bytes throws(PackedBytesError) in try SeenRow(bytes)
    }
    return seen.map { Instant(milliseconds: $0.recorded) }
  }

  func nodeCounts(_ scope: ScopeCatalog) throws(StoreError) -> [TypeNumber: Int] {
    var counts: [TypeNumber: Int] = [:]
    var cursor = try view.storeCursor(in: tables.timeline)
    let key = Key.scope(scope.number)
    var isThere = try cursor.seek(atOrAfter: key.rawSpan)
    while isThere, cursor.key.extracting(0..<2).isEqual(to: key.rawSpan) {
      try checkCancellation()
      let series: Series
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.key)
        series = Series(
          scope: try reader.bigEndian(), node: try reader.bigEndian(),
          type: try reader.bigEndian())
      } catch { throw cursor.damaged(error) }
      counts[series.type, default: 0] += 1
      // One look for each series, not for each of its chunks.
      let last = Key.timeline(series, .last)
      isThere = try cursor.seek(atOrAfter: last.rawSpan)
    }
    return counts
  }

  func summary(
    _ row: TypeRow, _ scope: ScopeCatalog, nodeCount: Int
  ) throws(StoreError) -> TypeSummary {
    var attributes: [String] = []
    for number in row.shapes {
      for name in try scope.shape(number) {
        let text = String(decoding: name, as: UTF8.self)
        if !attributes.contains(text) { attributes.append(text) }
      }
    }
    // A time beside an item is no part of any shape.
    for name in TypeDefinition.of(row.name).occurrenceAttributes.prefix(1)
    where !attributes.contains(name) && !row.shapes.isEmpty {
      attributes.append(name)
    }
    var identity: [String] = []
    if case .attributes(let names) = row.rule { identity = names }
    return TypeSummary(
      type: row.name, scope: scope.scope, versions: row.versions, attributes: attributes,
      identity: identity, isDeclared: row.isDeclared, nodeCount: nodeCount,
      deleted: row.deleted == 0 ? nil : Instant(seconds: Int64(row.deleted)))
  }
}

extension NodeSummary {
  /// What the row of a node says; its tags, and when it was heard of last, stand elsewhere.
  init(_ row: NodeRow, _ scope: ScopeCatalog) {
    self.init(
      node: NodeID(stored: row.id), scope: scope.scope, status: row.status,
      statusTime: row.statusValid == 0 ? nil : Instant(seconds: Int64(row.statusValid)),
      tags: [], firstRecorded: Instant(milliseconds: row.firstRecorded))
  }
}
