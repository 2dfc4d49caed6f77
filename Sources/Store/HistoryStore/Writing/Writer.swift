import Digests
import Glibc
import Inventory
import LMDB
import PackedBytes

/// The one writer of a store in this process: what it must remember between transactions.
///
/// Everything here can be read again from the environment; when a transaction fails, or when
/// another process has written in between, it is. LMDB numbers the transactions that were
/// committed, so that each can tell whether the one before it was this writer's.
///
/// Unchecked: it is only ever touched under `HistoryStore.writerLock`.
final class Writer: @unchecked Sendable {
  let environment: Environment
  let tables: Tables
  let hash: KeyedHash
  let sha = SHA256()
  private let clock: @Sendable () -> Int64
  let makeID: @Sendable () -> StoreID

  var meta = MetaRow(id: nil)
  private var sums = RowSums()
  var scopes: [ScopeNumber: ScopeState] = [:]
  var scopeNumbers: [Scope: ScopeNumber] = [:]
  var staged = Staged()
  var newestStates = NewestStates()
  /// The contents of the items that were read rather than known, in order of the reports.
  var readContents: [ContentID] = []
  /// The first sequence number of the transaction.
  private(set) var firstSequence: UInt64 = 0
  /// When places of dead readers were freed last, in seconds of the monotonic clock.
  private var readersClearedAt = HistoryStore.monotonicSeconds()
  /// How many transactions have failed: what was numbered in them means nothing.
  private var failureCount: UInt64 = 0
  private var isLoaded = false
  /// The number of the transaction that this writer committed last.
  private var committedID = 0

  init(
    environment: Environment, tables: Tables, hash: KeyedHash,
    clock: @escaping @Sendable () -> Int64,
    makeID: @escaping @Sendable () -> StoreID = StoreID.random
  ) {
    self.environment = environment
    self.tables = tables
    self.hash = hash
    self.clock = clock
    self.makeID = makeID
  }

  /// Runs `body` in one write transaction and makes it durable.
  ///
  /// Grows the map and runs `body` again where it was too small. After an error nothing of it is
  /// visible or remembered.
  ///
  /// - Parameter mends: `body` makes every projection anew, and is run even where those that are there
  ///   cannot be read.
  @available(*, noasync)
  func transact<R>(
    mends: Bool = false,
    _ body: (inout WriteTransaction) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    clearDeadReaders()
    var hasClearedReaders = false
    while true {
      do throws(StoreError) {
        var transaction = WriteTransaction(try environment.beginStoreWrite(), sums: sums)
        try load(&transaction, mends: mends)
        firstSequence = meta.nextSequence
        let result = try body(&transaction)
        try flush(&transaction)
        sums = transaction.sums
        committedID = transaction.id
        do throws(LMDBError) { try transaction.commit() } catch {
          throw StoreError(committing: error, to: environment.path)
        }
        return result
      } catch {
        isLoaded = false
        failureCount += 1
        staged = Staged()
        newestStates.removeAll()
        guard error.code == .mapFull else { throw error }
        // What dead readers keep from being used again may be room enough.
        if !hasClearedReaders, (try? environment.clearStaleReaders()) ?? 0 > 0 {
          hasClearedReaders = true
          continue
        }
        do throws(LMDBError) { try environment.growMap() } catch { throw StoreError(error) }
      }
    }
  }

  /// Frees the places of readers that died, at most once a minute.
  ///
  /// While a dead reader has a place, no page that it could have read is used again.
  private func clearDeadReaders() {
    let now = HistoryStore.monotonicSeconds()
    guard now - readersClearedAt >= HistoryStore.secondsBetweenReaderChecks else { return }
    readersClearedAt = now
    // What could not be freed is tried again next time, and told by the server's metrics.
    _ = try? environment.clearStaleReaders()
  }

  /// Changes whenever content numbers may stand for something else than before.
  var contentGeneration: UInt64 { meta.erasureGeneration &+ failureCount << 32 }

  /// Reads again what another process may have changed.
  private func load(_ transaction: inout WriteTransaction, mends: Bool) throws(StoreError) {
    if isLoaded && !mends && transaction.id == committedID + 1 { return }
    // Somebody else has written since: control rows change the sums and nothing else of `meta`.
    sums = try transaction.view.rowSums(tables)
    transaction.adopt(sums)
    let stored = mends ? try mendedMeta(transaction) : try storedMeta(transaction.view)
    if isLoaded && !mends && stored == meta { return }
    meta = stored
    scopes = [:]
    scopeNumbers = [:]
    staged = Staged()
    newestStates.removeAll()
    isLoaded = true
    if mends { return }
    let catalog = try transaction.view.catalog(tables, meta: meta)
    for (number, row) in try transaction.view.scopeRows(tables) {
      guard let known = catalog.scopes[number] else { continue }
      scopes[number] = ScopeState(catalog: known, row: row)
      scopeNumbers[row.scope] = number
    }
  }

  /// The store's own facts, which nothing is written on top of unless they are as they were written:
  /// a wrong sequence number would overwrite the log.
  private func storedMeta(_ view: TransactionView) throws(StoreError) -> MetaRow {
    if let stored = try view.meta(tables) {
      let row = try view.bytes(MetaRow.key, tables.meta) ?? []
      let key = MetaRow.key
      guard MetaRow.isIntact(row.rawSpan, under: key.rawSpan) else {
        throw .damaged("the row \"store\" of table meta does not have its checksum")
      }
      return stored
    }
    guard try view.rowCount(of: tables.log) == 0 else {
      throw .damaged("the row \"store\" of table meta is missing")
    }
    return MetaRow(id: makeID())
  }

  /// The recorded time of the next record: the clock's, and never before the last.
  func tick() -> Int64 {
    meta.lastRecorded = max(meta.lastRecorded, clock())
    return meta.lastRecorded
  }

  /// The state of a scope; opened by a record of its own where it is new.
  func scope(
    _ scope: Scope, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> ScopeState {
    if let number = scopeNumbers[scope], let state = scopes[number] { return state }
    guard let number = ScopeNumber(exactly: scopes.count + 1) else {
      throw StoreError(.invalidQuestion, "a store holds at most 65,535 accounts and Regions")
    }
    let record = LogRecord(recorded: tick(), body: .scopeOpened(scope))
    let state = openScope(number, scope)
    try append(record, to: state, &transaction)
    return state
  }

  /// Makes a scope's empty state.
  func openScope(_ number: ScopeNumber, _ scope: Scope) -> ScopeState {
    let state = ScopeState(
      catalog: ScopeCatalog(number: number, scope: scope), row: ScopeRow(scope: scope))
    state.hasLoadedContents = true
    scopes[number] = state
    scopeNumbers[scope] = number
    meta.catalogGeneration += 1
    return state
  }

  /// Appends a record to the log and to its scope's hash chain; returns its sequence number.
  @discardableResult
  func append(
    _ record: LogRecord, to scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt64 {
    let sequence = meta.nextSequence
    guard sequence < Key.sequenceMax else {
      throw StoreError(.invalidQuestion, "the log is full: it holds 2^48 records")
    }
    meta.nextSequence += 1
    let key = Key.log(scope.number, sequence)
    let bytes = record.encoded(sequence: sequence)
    do throws(LMDBError) {
      try transaction.putNew(bytes.rawSpan, for: key.rawSpan, in: tables.log)
    } catch { throw StoreError(error) }
    try link(
      digest: sha.digest(key.rawSpan, bytes.rawSpan), sequence: sequence, scope: scope,
      &transaction)
    return sequence
  }

  /// How many records lie between two rows of the chain table.
  static let chainInterval: UInt64 = 128

  /// Adds a record's digest to its scope's chain.
  func link(
    digest: SHA256Digest, sequence: UInt64, scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let head = scope.row.head
    scope.row.head = sha.digest(head.bytes.rawSpan, digest.bytes.rawSpan)
    scope.row.recordCount += 1
    scope.row.lastSequence = sequence
    scope.isRowDirty = true
    guard scope.row.recordCount % Self.chainInterval == 0 else { return }
    try put(scope.row.head.bytes, Key.log(scope.number, sequence), tables.chain, &transaction)
  }

  /// Writes one row.
  func put(
    _ value: [UInt8], _ key: [UInt8], _ table: Database, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    try transaction.store(value, key, in: table)
  }

  /// Writes one row in place of one that is known; of none, where that is empty.
  func put(
    _ value: [UInt8], replacing old: [UInt8], _ key: [UInt8], _ table: Database,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    do throws(LMDBError) {
      if old.isEmpty {
        try transaction.putNew(value.rawSpan, for: key.rawSpan, in: table)
      } else {
        try transaction.put(
          value.rawSpan, replacing: old.rawSpan, for: key.rawSpan, in: table)
      }
    } catch { throw StoreError(error) }
  }

  /// Removes one row, if it is there.
  func delete(
    _ key: [UInt8], _ table: Database, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    do throws(LMDBError) { _ = try transaction.delete(key.rawSpan, in: table) } catch {
      throw StoreError(error)
    }
  }
}

/// What the writer remembers of one scope.
final class ScopeState {
  let number: ScopeNumber
  var row: ScopeRow
  var isRowDirty = false
  var catalog: ScopeCatalog
  var shapeNumbers: [[[UInt8]]: UInt32] = [:]
  var dirtyTypes: Set<TypeNumber> = []
  var nodeNumbers: [String: NodeNumber] = [:]
  var dictionary = ContentDictionary()
  var hasLoadedContents = false

  /// Node ids remembered; beyond it they are looked up again.
  static let nodeNumbersMax = 1 << 20

  init(catalog: ScopeCatalog, row: ScopeRow) {
    number = catalog.number
    self.row = row
    self.catalog = catalog
    for (index, names) in catalog.shapes.enumerated() {
      shapeNumbers[names] = UInt32(index + 1)
    }
  }
}

/// Changes to projections that are gathered during a transaction and written in order of their keys.
struct Staged {
  var postings: [StagedPosting] = []
  var seen: [SeenKey: Int64] = [:]

  struct SeenKey: Hashable {
    var scope: ScopeNumber
    var node: NodeNumber
  }
}

extension Writer {
  /// Writes everything staged, and the store's own facts.
  func flush(_ transaction: inout WriteTransaction) throws(StoreError) {
    try flushPostings(&transaction)
    for (key, recorded) in staged.seen {
      let place = Key.number(key.scope, key.node)
      try put(SeenRow(recorded: recorded).encoded(under: place), place, tables.seen, &transaction)
    }
    staged.seen.removeAll(keepingCapacity: true)
    for scope in scopes.values {
      for type in scope.dirtyTypes {
        let row = try scope.catalog.type(type)
        try put(row.encoded(), Key.type(scope.number, type), tables.schemas, &transaction)
      }
      if !scope.dirtyTypes.isEmpty { meta.catalogGeneration += 1 }
      scope.dirtyTypes.removeAll()
      if scope.isRowDirty {
        try put(scope.row.encoded(), Key.scope(scope.number), tables.scopes, &transaction)
        scope.isRowDirty = false
      }
    }
    try put(meta.encoded(), MetaRow.key, tables.meta, &transaction)
    // Sums that were damaged stay so until a rebuild adds them up anew.
    guard transaction.sums.areKnown else { return }
    try put(transaction.sums.encoded(tables), RowSums.key, tables.meta, &transaction)
  }
}
