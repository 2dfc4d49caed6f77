import Glibc
public import Inventory
import LMDB
import PackedBytes

extension HistoryStore {
  /// What log records after a sequence number changed, in the order of the log.
  ///
  /// Each record's changes are those it made when it was recorded: the feed to follow. Records are
  /// given whole, so that the last change's sequence number is where to go on; therefore there may
  /// be more changes than `limit`, by those of one record.
  public func changes(
    after sequence: SequenceNumber, limit: Int, in scope: Scope? = nil
  ) throws(StoreError) -> ChangeList {
    try read { snapshot throws(StoreError) in
      var gathering = ChangeGathering()
      var next = sequence.value + 1
      while next < snapshot.meta.nextSequence, gathering.changes.count < limit {
        try checkCancellation()
        for known in snapshot.catalog.scopes.values where scope == nil || known.scope == scope {
          try snapshot.gatherChanges(ofRecord: next, known, into: &gathering)
        }
        next += 1
      }
      return gathering.changes
    }
  }

  /// Every item change in the fleet with `from <= validTime < to`, oldest first.
  ///
  /// Found through the activity table: costs what changed in the range, not the size of the store.
  public func changes(
    from: Instant, to: Instant, in scope: Scope = .local
  ) throws(StoreError) -> ChangeList {
    guard from < to else {
      throw StoreError(.invalidQuestion, "the range from \(from) to \(to) is empty")
    }
    return try read { snapshot throws(StoreError) in
      guard let known = snapshot.scope(scope) else { return ChangeList() }
      let range = Self.range(from, to)
      let active = try snapshot.activeSeries(from: range.from, to: range.to, known)
      let ids = try snapshot.nodeIDs(known, atLeast: active.map(\.node).max() ?? 0)
      var gathering = ChangeGathering()
      var cursor = try snapshot.view.storeCursor(in: snapshot.tables.timeline)
      for row in known.types {
        var pairing = try snapshot.pairing(row, known)
        for series in active where series.type == row.number {
          guard Int(series.node) < ids.count, let node = ids[Int(series.node)] else {
            throw .damaged("node number \(series.node) is not known")
          }
          try snapshot.gatherChanges(
            node, series, from: range.from, to: range.to, known: Key.sequenceMax, &pairing,
            known, &cursor, into: &gathering)
        }
      }
      var changes = gathering.changes
      let origins = changes.origins
      changes.sort { a, b in
        if a.place.valid != b.place.valid { return a.place.valid < b.place.valid }
        let (x, y) = (origins[a.origin], origins[b.origin])
        return (x.node, x.items.type, a.place.sequence) < (y.node, y.items.type, b.place.sequence)
      }
      return changes
    }
  }

  /// The sequence number of the newest log record.
  public var lastSequence: SequenceNumber {
    get throws(StoreError) {
      try read { snapshot throws(StoreError) in
        SequenceNumber(snapshot.meta.nextSequence - 1)
      }
    }
  }

  /// The scopes in which anything was reported, in order.
  public func scopes() throws(StoreError) -> [Scope] {
    try read { snapshot throws(StoreError) in snapshot.catalog.numbers.keys.sorted() }
  }

  /// The Region of an account where none is named: `us-east-1`, but `local` where the account's history
  /// began there, as it did before there was another default.
  ///
  /// Later reports change nothing about it: the older of the two scopes counts.
  package func homeRegion(of account: String) throws(StoreError) -> String {
    try read { snapshot throws(StoreError) in
      func number(_ region: String) -> ScopeNumber? {
        (try? Scope(account: account, region: region)).flatMap { snapshot.catalog.numbers[$0] }
      }
      guard let old = number(Scope.local.region) else { return Scope.standard.region }
      guard let new = number(Scope.standard.region) else { return Scope.local.region }
      return old < new ? Scope.local.region : Scope.standard.region
    }
  }

  /// What is known of each node as a whole, by scope and id; nil for all scopes.
  public func nodes(in scope: Scope? = nil) throws(StoreError) -> [NodeSummary] {
    try read { snapshot throws(StoreError) in
      var result: [NodeSummary] = []
      for known in snapshot.catalog.scopes.values where scope == nil || known.scope == scope {
        result += try snapshot.nodes(known)
      }
      return result.sorted { ($0.scope, $0.node) < ($1.scope, $1.node) }
    }
  }

  /// What is known of each inventory type, by scope and name; nil for all scopes.
  public func schemas(in scope: Scope? = nil) throws(StoreError) -> [TypeSummary] {
    try read { snapshot throws(StoreError) in
      var result: [TypeSummary] = []
      for known in snapshot.catalog.scopes.values where scope == nil || known.scope == scope {
        let counts = try snapshot.nodeCounts(known)
        for row in known.types {
          result.append(try snapshot.summary(row, known, nodeCount: counts[row.number] ?? 0))
        }
      }
      return result.sorted { ($0.scope, $0.type) < ($1.scope, $1.type) }
    }
  }

  /// How large the store is; costs a walk of the activity table.
  public func statistics() throws(StoreError) -> Statistics {
    try read { snapshot throws(StoreError) in
      var statistics = Statistics(
        records: 0, changeEvents: 0, nodes: 0, types: 0, contents: 0, liveByteCount: 0,
        fileByteCount: 0, tables: [])
      for table in tables.all {
        let size = try snapshot.view.storedStatistics(of: table)
        statistics.tables.append(
          Statistics.Table(
            name: table.name, rows: size.entries,
            byteCount: size.pageByteCount
              * (size.branchPages + size.leafPages + size.overflowPages)))
      }
      for (number, row) in try snapshot.view.scopeRows(tables) {
        statistics.records += Int(row.recordCount)
        statistics.nodes += Int(row.nextNode) - 1
        statistics.types += Int(row.nextType) - 1
        statistics.contents += Int(row.nextContent) - 1
        try snapshot.forEachPosting(
          in: tables.activity, list: Key.scope(number), from: 0, upTo: .max
        ) { statistics.changeEvents += Int($0.b) + Int($0.c) + Int($0.d) }
      }
      // Two meta pages and the free list come on top of the tables.
      statistics.liveByteCount = statistics.tables.reduce(0) { $0 + $1.byteCount }
      var status = stat()
      if stat(environment.path, &status) == 0 { statistics.fileByteCount = Int(status.st_size) }
      return statistics
    }
  }
}

extension Snapshot {
  /// The series with changes in a range of valid time, in order.
  fileprivate func activeSeries(
    from: UInt32, to: UInt64, _ scope: ScopeCatalog
  ) throws(StoreError) -> [Series] {
    var numbers: [UInt64] = []
    try forEachPosting(
      in: tables.activity, list: Key.scope(scope.number), from: from, upTo: to - 1
    ) { numbers.append(UInt64($0.node) << 16 | UInt64($0.a) & 0xffff) }
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
  fileprivate func gatherChanges(
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

  fileprivate func nodes(_ scope: ScopeCatalog) throws(StoreError) -> [NodeSummary] {
    var result: [NodeSummary] = []
    var numbers: [NodeNumber] = []
    var cursor = try view.storeCursor(in: tables.nodes)
    let key = Key.number(scope.number, 0)
    var isThere = try cursor.seek(atOrAfter: key.span.bytes)
    while isThere, cursor.key.extracting(0..<2).isEqual(to: key.span.bytes.extracting(0..<2)) {
      try checkCancellation()
      do throws(PackedBytesError) {
        let row = try NodeRow(cursor.value)
        let summary = NodeSummary(
          node: NodeID(stored: row.id), scope: scope.scope, status: row.status,
          statusTime: row.statusValid == 0 ? nil : Instant(seconds: Int64(row.statusValid)),
          tags: row.tags, firstRecorded: Instant(milliseconds: row.firstRecorded))
        var reader = ByteReader(cursor.key)
        _ = try reader.bigEndian(ScopeNumber.self)
        numbers.append(try reader.bigEndian())
        result.append(summary)
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    for index in result.indices {
      let key = Key.number(scope.number, numbers[index])
      let seen = try view.row(key, tables.seen) { bytes throws(PackedBytesError) in
        try SeenRow(bytes)
      }
      result[index].lastSeen = seen.map { Instant(milliseconds: $0.recorded) }
    }
    return result
  }

  fileprivate func nodeCounts(_ scope: ScopeCatalog) throws(StoreError) -> [TypeNumber: Int] {
    var counts: [TypeNumber: Int] = [:]
    var cursor = try view.storeCursor(in: tables.timeline)
    let key = Key.scope(scope.number)
    var isThere = try cursor.seek(atOrAfter: key.span.bytes)
    while isThere, cursor.key.extracting(0..<2).isEqual(to: key.span.bytes) {
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
      isThere = try cursor.seek(atOrAfter: last.span.bytes)
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
