import Digests
import Glibc
public import Inventory
import LMDB
import PackedBytes
import Synchronization

/// A history of inventories: every report that was accepted, and any state at any time.
///
/// One directory holds one store. Any number of threads and processes may read it while one writes;
/// readers never wait for the writer, nor it for them. Several processes may write in turns, by
/// LMDB's own lock.
///
/// Reading is synchronous and short (microseconds), so it may be called from asynchronous code.
/// Writing waits for the disk: from asynchronous code use ``record(json:in:)->Receipt`` or
/// ``record(_:in:)->Receipt``, which share one flush among all that wait.
///
/// ```swift
/// let store = try HistoryStore(path: "inventory")
/// let state = try store.state(of: node, type: .application, at: march3)
/// for item in state.items { print(item["Name"] ?? "", item["Version"] ?? "") }
/// ```
public final class HistoryStore: Sendable {
  /// How a store is opened.
  public struct Configuration: Sendable {
    /// Only read; works on a read-only file system too.
    public var isReadOnly = false
    /// Make the directory and the store where there is none.
    public var createsIfMissing = true
    /// What reports are held to.
    public var limits = ReportLimits.default
    /// Bytes of address space the store starts with; it grows by itself.
    public var mapSize = 1 << 30
    /// Bytes the store may grow to.
    public var mapSizeMax = 1 << 40
    /// Asynchronous reports that share one flush at most, at least 1; twice as many are read at a time.
    public var groupCommitMax = 256
    /// The clock for recorded times, in milliseconds since 1970; for tests.
    package var clock: @Sendable () -> Int64 = HistoryStore.systemClock
    /// Whether opening carries over the tags that programs of before wrote; for tests.
    package var carriesOldTags = true
    /// What makes the id of a new store; for tests.
    package var makeID: @Sendable () -> StoreID = StoreID.random

    /// The defaults.
    public init() {}
  }

  let environment: Environment
  let tables: Tables
  let configuration: Configuration
  let hash = KeyedHash()
  let contents = ContentCache()
  let catalogs = Mutex(Catalog())
  let directory = NodeDirectory()
  let recordedTimes = RecordedTimes()
  let repeatedBodies = RepeatedBodies()
  /// Held for the whole of a write transaction.
  let writerLock = Mutex(())
  let writer: Writer
  let reader: BodyReader
  let committer: GroupCommitter

  /// The name of the data file in a store's directory.
  static let fileName = "stocktake.lmdb"

  /// Opens the store in a directory.
  ///
  /// Throws ``StoreError`` with `notFound`, `alreadyOpen` (this process has it open), `newerFormat`,
  /// `notAStore`, `damaged` (the file is cut off), `readOnly`, `permissionDenied`, `inUse` or `diskFull`;
  /// then nothing was changed. Frees the places of readers that died.
  public init(path: String, configuration: Configuration = Configuration()) throws(StoreError) {
    self.configuration = configuration
    try Self.check(configuration.limits)
    let file = path + "/" + Self.fileName
    let exists = unsafe access(file, F_OK) == 0
    if !exists {
      guard errno != EACCES else {
        throw StoreError(.permissionDenied, "no permission to look into \(path)")
      }
      guard configuration.createsIfMissing, !configuration.isReadOnly else {
        throw StoreError(.notFound, "there is no store in \(path)")
      }
      try Self.makeDirectory(path)
    }
    var status = stat()
    if configuration.isReadOnly, unsafe stat(file, &status) == 0, status.st_size == 0 {
      // Left by a writer that died before its first write; LMDB itself stumbles over it.
      throw StoreError(.notFound, "there is no store in \(path): its file is empty")
    }
    environment = try Self.openEnvironment(file, configuration)
    let environment = environment
    tables = try Self.openTables(environment, isReadOnly: configuration.isReadOnly)
    let tables = tables
    let hash = hash
    let clock = configuration.clock
    writer = Writer(
      environment: environment, tables: tables, hash: hash, clock: clock,
      makeID: configuration.makeID)
    reader = BodyReader(
      limits: configuration.limits, hash: hash, repeatedBodies: repeatedBodies)
    committer = GroupCommitter(groupMax: configuration.groupCommitMax)
    guard !configuration.isReadOnly, configuration.carriesOldTags else { return }
    // What cannot be carried over, for damage or a full disk, is read where it lies until the next opening.
    try? OldTags(self).carry()
  }

  /// Holds limits to what the format can keep, so that whatever is accepted can be read.
  private static func check(_ limits: ReportLimits) throws(StoreError) {
    for (name, value, max) in [
      ("bodyBytesMax", limits.bodyBytesMax, ReportLimits.bodyBytesCeiling),
      ("nodeIDBytesMax", limits.nodeIDBytesMax, Key.identityBytesMax),
      ("entriesMax", limits.entriesMax, ReportLimits.entriesCeiling),
      ("itemsMax", limits.itemsMax, SlotChangeCodec.slotsMax),
    ] where !(1...max).contains(value) {
      throw StoreError(.invalidQuestion, "\(name) is 1 to \(max), not \(value)")
    }
    let lengths = [
      limits.attributesMax, limits.attributeNameLengthMax, limits.attributeValueLengthMax,
    ]
    // A character takes up to four bytes.
    let characters = ReportLimits.itemBytesCeiling / 4
    guard lengths.allSatisfy({ (0...characters).contains($0) }),
      limits.attributesMax * (limits.attributeNameLengthMax + limits.attributeValueLengthMax)
        <= characters
    else {
      throw StoreError(
        .invalidQuestion,
        "attributesMax times attributeNameLengthMax and attributeValueLengthMax is at most "
          + "\(characters)")
    }
  }

  private static func openEnvironment(
    _ file: String, _ configuration: Configuration
  ) throws(StoreError) -> Environment {
    var options = Environment.Options()
    options.mapSize = configuration.mapSize
    options.mapSizeMax = max(configuration.mapSizeMax, configuration.mapSize)
    options.maxDatabases = Tables.count + 2
    options.isReadOnly = configuration.isReadOnly
    do throws(LMDBError) { return try Environment(path: file, options: options) } catch {
      throw StoreError(opening: file, error)
    }
  }

  static func openTables(
    _ environment: Environment, isReadOnly: Bool
  ) throws(StoreError) -> Tables {
    if isReadOnly {
      let transaction = try environment.beginStoreRead()
      let tables = try openTables(transaction)
      do throws(LMDBError) { try transaction.finish() } catch { throw StoreError(error) }
      return tables
    }
    var transaction = try environment.beginStoreWrite()
    let tables = try openTables(&transaction)
    do throws(LMDBError) { try transaction.commit() } catch { throw StoreError(error) }
    return tables
  }

  private static func openTables(
    _ transaction: borrowing ReadTransaction
  ) throws(StoreError) -> Tables {
    var opened: [String: Database] = [:]
    for name in Tables.names {
      do throws(LMDBError) { opened[name] = try transaction.openDatabase(named: name) } catch {
        throw StoreError(error)
      }
    }
    let found = opened
    let tables = try Tables { name throws(StoreError) in
      guard let table = found[name] else {
        throw StoreError(.notAStore, "the file has no table \(name): it is not a store")
      }
      return table
    }
    _ = try transaction.view.meta(tables)
    return tables
  }

  private static func openTables(
    _ transaction: inout LMDB.WriteTransaction
  ) throws(StoreError) -> Tables {
    var names: [String: Database] = [:]
    let probe: Database?
    do throws(LMDBError) {
      probe = try transaction.openDatabase(named: "meta", create: false)
    } catch { throw StoreError(error) }
    // The first transaction makes every table: a file with another one before is somebody else's.
    guard probe != nil || transaction.id <= 1 else {
      throw StoreError(.notAStore, "the LMDB file was made by another program: it is not a store")
    }
    if let probe {
      let row = try transaction.view.row(MetaRow.key, probe) { bytes throws(PackedBytesError) in
        try MetaRow(bytes)
      }
      try checkFormat(row)
    }
    for name in Tables.names {
      do throws(LMDBError) {
        names[name] = try transaction.openDatabase(named: name, create: true)
      } catch { throw StoreError(error) }
    }
    let opened = names
    return try Tables { name throws(StoreError) in
      guard let table = opened[name] else { throw .damaged("table \(name) did not open") }
      return table
    }
  }

  static func checkFormat(_ meta: MetaRow?) throws(StoreError) {
    guard let meta, meta.format > MetaRow.formatVersion else { return }
    throw StoreError(
      .newerFormat,
      "the store has format \(meta.format); this Stocktake reads up to "
        + "\(MetaRow.formatVersion): use a newer one")
  }

  /// Makes a store's directory, for its owner alone, and those above it, as the umask has them.
  static func makeDirectory(_ path: String) throws(StoreError) {
    var partial = path.hasPrefix("/") ? "" : "."
    let parts = path.split(separator: "/")
    for (index, part) in parts.enumerated() {
      partial += "/" + part
      if unsafe mkdir(partial, index == parts.count - 1 ? 0o700 : 0o777) == 0 { continue }
      let code = LMDBError(rawValue: errno)
      // One that is there may refuse with another error, where it lies on a read-only file system.
      var status = stat()
      if unsafe stat(partial, &status) == 0 {
        if status.st_mode & S_IFMT == S_IFDIR { continue }
        throw StoreError(.system, "\(partial) is no directory")
      }
      var error = StoreError(code)
      if error.code == .notFound { error.code = .system }
      error.message = "cannot make the directory \(partial)"
      throw error
    }
  }

  /// Seconds by a clock that never goes back and stands still for nobody.
  @Sendable package static func monotonicSeconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec)
  }

  /// Milliseconds since 1970 by the system's clock.
  @Sendable package static func systemClock() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
