import Digests
import Inventory
import LMDB
import PackedBytes

// Rebuild: every projection is dropped and made again from the log, by the same code that makes
// them when a report is accepted.

extension Writer {
  /// Staged postings that are written at once during a rebuild; bounds memory at some 50 MB.
  private static let rebuildBatch = 1 << 20

  /// Drops and rebuilds every projection in one transaction; returns the records replayed.
  func rebuild(
    _ transaction: inout WriteTransaction, progress: ((Int, Int) -> Void)?
  ) throws(StoreError) -> Int {
    do throws(LMDBError) {
      for table in tables.projections { try transaction.clear(table) }
    } catch { throw StoreError(error) }
    return try replay(from: nil, &transaction, progress: progress)
  }

  /// Replays a log into projections that are empty.
  ///
  /// - Parameter source: an environment to read the log from; nil for the transaction's own.
  func replay(
    from source: LogSource?, _ transaction: inout WriteTransaction,
    progress: ((Int, Int) -> Void)?
  ) throws(StoreError) -> Int {
    scopes = [:]
    scopeNumbers = [:]
    staged = Staged()
    newestStates.removeAll()
    let declared = try declaredIdentities(source, &transaction)
    let total: Int
    if let source {
      total = try source.recordCount()
    } else {
      total = try transaction.view.rowCount(of: tables.log)
    }
    var count = 0
    var key = Key.log(0, 0)
    while let record = try next(after: key, source, &transaction) {
      key = record.key
      try replay(record, declared: declared, &transaction)
      count += 1
      if staged.postings.count >= Self.rebuildBatch { try flushPostings(&transaction) }
      if count % 4096 == 0 { progress?(count, total) }
    }
    try flush(&transaction)
    progress?(count, total)
    return count
  }

  /// One record as it lies in the log.
  struct StoredRecord {
    var key: [UInt8]
    var scope: ScopeNumber
    var sequence: UInt64
    var bytes: [UInt8]

    /// What it says; names it where it does not decode.
    func decoded(in log: Database) throws(StoreError) -> LogRecord {
      do throws(PackedBytesError) {
        return try LogRecord(bytes.rawSpan, sequence: sequence)
      } catch { throw StoreError(error, in: log, under: key) }
    }
  }

  private func next(
    after key: [UInt8], _ source: LogSource?, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> StoredRecord? {
    if let source { return try source.next(after: key) }
    return try transaction.view.nextRecord(after: key, tables: tables)
  }

  private func replay(
    _ stored: StoredRecord, declared: [ScopeNumber: [TypeName: [String]]],
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let record = try stored.decoded(in: tables.log)
    let state: ScopeState
    if case .scopeOpened(let scope) = record.body {
      guard scopes[stored.scope] == nil else { throw .damaged("a scope is opened twice") }
      state = openScope(stored.scope, scope)
    } else {
      guard let known = scopes[stored.scope] else {
        throw .damaged("log record \(stored.sequence) comes before its scope")
      }
      state = known
    }
    let digest = record.originalDigest ?? sha.digest(stored.key.rawSpan, stored.bytes.rawSpan)
    try link(digest: digest, sequence: stored.sequence, scope: state, &transaction)
    if record.originalDigest != nil { state.row.rewrittenCount += 1 }
    switch record.body {
    case .scopeOpened:
      break
    case .report(let report):
      try replay(report, record, stored, declared: declared, state, &transaction)
    case .nodeEvent(let event):
      try project(
        event, sequence: stored.sequence, recorded: record.recorded, state, &transaction)
    case .typeDeletion(let type, let valid):
      if state.catalog.typeNumbers[type] != nil {
        try project(
          deletionOf: type, valid: valid, sequence: stored.sequence, state, &transaction)
      }
    case .identityDeclaration(let type, _):
      if state.catalog.typeNumbers[type] == nil {
        applyDeclared(declared[stored.scope], to: addType(type, state), state)
      }
    case .erasure(let act):
      let row = ErasureRow(
        node: act.node, before: act.before, recorded: record.recorded, reason: act.reason)
      try put(row.encoded(), stored.key, tables.erasures, &transaction)
    }
  }

  private func applyDeclared(
    _ declared: [TypeName: [String]]?, to type: TypeNumber, _ scope: ScopeState
  ) {
    let index = Int(type) - 1
    guard let attributes = declared?[scope.catalog.types[index].name] else { return }
    scope.catalog.types[index].rule = .attributes(attributes)
    scope.catalog.types[index].isDeclared = true
    scope.dirtyTypes.insert(type)
  }

  private func replay(
    _ report: ReportRecord, _ record: LogRecord, _ stored: StoredRecord,
    declared: [ScopeNumber: [TypeName: [String]]], _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    if let id = report.newNode {
      try addNode(id, recorded: record.recorded, scope, &transaction)
    }
    if let source = report.newSource { addSource(source, to: scope) }
    for names in report.shapes {
      _ = try addShape(names.map { Array($0.utf8) }, scope, &transaction)
    }
    for entry in report.entries {
      if let name = entry.newType {
        let type = TypeName(stored: name)
        if scope.catalog.typeNumbers[type] == nil {
          applyDeclared(declared[stored.scope], to: addType(type, scope), scope)
        }
      }
      for definition in entry.observation?.definitions ?? [] where definition.kind != .erased {
        try use(shape: definition.shape, in: entry.type, scope)
      }
      if let version = entry.observation?.newVersion {
        _ = try self.version(version, of: entry.type, scope)
      }
    }
    try define(report, in: scope)
    try noteDefinitions(report, sequence: stored.sequence, scope, &transaction)
    for entry in report.entries where !entry.isErased {
      let series = Series(scope: stored.scope, node: report.node, type: entry.type)
      let place = Place(valid: entry.valid, sequence: stored.sequence)
      var placement = Placement(kind: .confirmation, place: place)
      if let observation = entry.observation {
        placement.kind = .observation
        placement.source = report.source
        placement.version = observation.version
        (placement.prior, placement.isNewest) = try prior(series, of: place, &transaction)
        placement.changes = try changes(
          of: observation, relativeTo: placement.prior, stored.sequence)
      }
      try project(placement, of: series, scope, &transaction)
      try noteHash(entry, series: series, place: place, &transaction)
    }
  }

  /// The slot changes of an observation relative to the state before it in valid time.
  private func changes(
    of observation: ReportRecord.Observation, relativeTo prior: SeriesState?, _ sequence: UInt64
  ) throws(StoreError) -> [SlotChange] {
    if observation.base != 0 {
      guard prior?.place.sequence == observation.base, prior?.hasEnded == false else {
        throw .damaged("the base of log record \(sequence) is not the state before it")
      }
      return observation.changes
    }
    guard let prior, !prior.hasEnded else { return observation.changes }
    // An erasure took the base away and left the whole content instead.
    var layout = Layout()
    layout.apply(observation.changes)
    return prior.layout.changes(to: layout)
  }

  /// The identity declared last for each type, which holds for all of its history.
  private func declaredIdentities(
    _ source: LogSource?, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> [ScopeNumber: [TypeName: [String]]] {
    var declared: [ScopeNumber: [TypeName: [String]]] = [:]
    var key = Key.log(0, 0)
    while let stored = try next(after: key, source, &transaction) {
      key = stored.key
      guard let first = stored.bytes.first, first & 0x3f == LogRecord.declarationTag else {
        continue
      }
      let record = try stored.decoded(in: tables.log)
      if case .identityDeclaration(let type, let attributes) = record.body {
        declared[stored.scope, default: [:]][type] = attributes
      }
    }
    return declared
  }
}

extension TransactionView {
  /// The record behind a key, in order of scopes, then sequence numbers.
  func nextRecord(
    after key: [UInt8], tables: Tables
  ) throws(StoreError) -> Writer.StoredRecord? {
    var cursor = try storeCursor(in: tables.log)
    guard try cursor.seek(atOrAfter: key.rawSpan) else { return nil }
    if cursor.key.isEqual(to: key.rawSpan) {
      guard try cursor.next() else { return nil }
    }
    do throws(PackedBytesError) {
      var reader = ByteReader(cursor.key)
      let number: UInt64 = try reader.bigEndian()
      return Writer.StoredRecord(
        key: [UInt8](copying: cursor.key), scope: ScopeNumber(number >> 48),
        sequence: number & Key.sequenceMax, bytes: [UInt8](copying: cursor.value))
    } catch { throw cursor.damaged(error) }
  }
}

/// A log in another environment, read while projections are made here.
struct LogSource {
  let environment: Environment
  let tables: Tables
  /// The newest record that is read.
  let last: UInt64

  @available(*, noasync)
  func next(after key: [UInt8]) throws(StoreError) -> Writer.StoredRecord? {
    let transaction = try environment.beginStoreRead()
    let record = try transaction.view.nextRecord(after: key, tables: tables)
    guard let record, record.sequence > last else { return record }
    return try next(after: record.key)
  }

  @available(*, noasync)
  func recordCount() throws(StoreError) -> Int {
    let transaction = try environment.beginStoreRead()
    return try transaction.view.rowCount(of: tables.log)
  }
}
