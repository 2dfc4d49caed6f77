import CLMDB
import Glibc
import Synchronization

/// One LMDB data file, opened.
///
/// Reading goes through ``beginRead()``, writing through ``beginWrite()``. Any number of readers,
/// each on the snapshot it began with, run beside one writer. A transaction keeps its environment
/// open.
///
/// 1. A thread holds **one transaction at a time**. A second one, begun while another thread is in
///    ``growMap()``, would wait for that thread, which waits for the first one: neither continues.
/// 2. A write transaction **ends on the thread that began it**: the lock behind it belongs to a
///    thread.
/// 3. A reader is **short**: pages that its snapshot can see are not used again, and the file
///    grows.
/// 4. A process that has an environment open **does not use it after `fork`**.
///
/// Safe because the C environment is private to the module, lives as long as this object, and its
/// transactions hold this object.
@safe public final class Environment: Sendable {
  /// The path of the data file, as given.
  public let path: String

  /// Whether the environment was opened for reading only.
  public let isReadOnly: Bool

  let mapSizeMax: Int
  let number: Int
  let gate = Mutex(Gate())

  /// The C environment, which LMDB lets every thread use.
  ///
  /// Only resizing the map and closing need more: the first has the gate, the second is the deinit.
  nonisolated(unsafe) let handle: OpaquePointer

  private let file: FileIdentity

  /// Set where the file is read without its lock file, so that every transaction looks first.
  let unlocked: LockFile?

  /// Opens a data file, and creates it unless the options say read-only.
  ///
  /// The lock file lies beside the data file and has its name with `-lock` behind it. Throws
  /// ``LMDBError/alreadyOpen`` when this process has the same file open, under whatever path;
  /// ``LMDBError/noSuchFile`` when there is no such file (read-only) or directory;
  /// ``LMDBError/invalid`` when the file is something else; ``LMDBError/cutOff`` when it ends before
  /// its pages do; ``LMDBError/lockHeld`` when another process does not let go of the lock file; and
  /// other errors of the system. A file that existed before is unchanged after an error.
  ///
  /// A read-only environment goes without a lock file that it may not write, as long as no other
  /// process has the file open; if one has, this and each beginning of a transaction throw
  /// ``LMDBError/lockUnavailable``. Frees the places of readers that died.
  ///
  /// Calls `mdb_env_create` and `mdb_env_open`.
  public init(path: String, options: Options) throws(LMDBError) {
    var created: OpaquePointer?
    try check(unsafe mdb_env_create(&created))
    guard let handle = unsafe created else {
      throw LMDBError(rawValue: ENOMEM)
    }
    do throws(LMDBError) {
      try check(unsafe mdb_env_set_mapsize(handle, roundedToPages(options.mapSize)))
      try check(unsafe mdb_env_set_maxdbs(handle, UInt32(options.maxDatabases)))
      try check(unsafe mdb_env_set_maxreaders(handle, UInt32(options.maxReaders)))
      let opened = try unsafe openOnce(handle, path: path, options)
      self.file = opened.identity
      self.unlocked = opened.unlocked
    } catch {
      unsafe mdb_env_close(handle)
      throw error
    }
    unsafe self.handle = handle
    self.path = path
    self.isReadOnly = options.isReadOnly
    self.mapSizeMax = options.mapSizeMax
    self.number = environmentsOpened.add(1, ordering: .relaxed).newValue
    // What it could not free, the next one will.
    _ = try? clearStaleReaders()
  }

  deinit {
    // Under the lock of the registry, so that no second environment can take the file's locks
    // before this one has let them go.
    openFiles.withLock { files in
      unsafe mdb_env_close(handle)
      files.remove(file)
    }
  }

  /// Writes everything that is committed to the disk.
  ///
  /// Of use only when the environment was opened with ``Options/syncs`` off; commits do it
  /// otherwise.
  ///
  /// Calls `mdb_env_sync`.
  public func sync() throws(LMDBError) {
    try check(unsafe mdb_env_sync(handle, 1))
  }

  /// Frees the places in the reader table of processes that no longer live, and returns their
  /// number.
  ///
  /// A process that dies inside a read transaction leaves its place taken, and its snapshot's pages
  /// unusable, until somebody calls this.
  ///
  /// Calls `mdb_reader_check`.
  public func clearStaleReaders() throws(LMDBError) -> Int {
    var count: Int32 = 0
    try check(unsafe mdb_reader_check(handle, &count))
    return Int(count)
  }

  /// Writes the newest snapshot to a new file, which must not exist.
  ///
  /// A compacting copy leaves out the free pages and takes more processor time. Waits while the map
  /// is being resized; the caller must not hold a transaction. When it returns, the copy is on the
  /// disk; after an error, and when the process is killed, there is no file of the name, but there may
  /// be one with `.part` behind it, which the next copy takes over. Throws ``LMDBError/fileExists``
  /// when the file exists, or another copy of the name is under way.
  ///
  /// Calls `mdb_env_copyfd2`.
  public func copy(to path: String, compacting: Bool) throws(LMDBError) {
    try unlocked?.checkNobodyElse()
    let flags = compacting ? UInt32(MDB_CP_COMPACT) : 0
    try writeNewFile(at: path) { descriptor in
      withOpenGate { unsafe mdb_env_copyfd2(handle, descriptor, flags) }
    }
  }
}

extension Environment {
  /// How an environment is opened.
  public struct Options: Sendable {
    /// The size of the map in bytes: what the file can grow to before ``Environment/growMap()``.
    ///
    /// It takes address space, not memory and not disk. Rounded up to whole pages; a file that
    /// holds more than this is mapped as far as it needs.
    public var mapSize = 1 << 30

    /// The size in bytes beyond which ``Environment/growMap()`` refuses to grow the map.
    public var mapSizeMax = 1 << 40

    /// How many named databases can be open.
    public var maxDatabases = 32

    /// How many read transactions can be live, in all processes together.
    ///
    /// The first process that opens the file decides.
    public var maxReaders = 510

    /// Whether the file is opened for reading only.
    ///
    /// The C constant is `MDB_RDONLY`.
    public var isReadOnly = false

    /// Whether there is a lock file; without one the caller must keep writers and readers apart.
    ///
    /// The C constant, for `false`, is `MDB_NOLOCK`.
    public var usesLocking = true

    /// Whether a commit returns only when its data is on the disk.
    ///
    /// Without it, a crash of the system (not of the process) can damage the file.
    ///
    /// The C constant, for `false`, is `MDB_NOSYNC`.
    public var syncs = true

    /// The permissions of the files, if they are created.
    public var fileMode: UInt32 = 0o600

    /// Creates the default options.
    public init() {}

    /// Reader places are bound to transactions, not threads (`MDB_NOTLS`), since a thread of
    /// Swift's pool must be free to run another reader; the path names a file (`MDB_NOSUBDIR`).
    var flags: UInt32 {
      var flags = UInt32(MDB_NOSUBDIR) | UInt32(MDB_NOTLS)
      if isReadOnly { flags |= UInt32(MDB_RDONLY) }
      if !usesLocking { flags |= UInt32(MDB_NOLOCK) }
      if !syncs { flags |= UInt32(MDB_NOSYNC) }
      return flags
    }
  }

  /// Facts about an open environment.
  public struct Information: Sendable, Hashable {
    /// The size of the map in bytes.
    public let mapSize: Int

    /// The number of the last page in use.
    public let lastPageNumber: Int

    /// The number of the last committed transaction.
    public let lastTransactionID: Int

    /// The number of places in the reader table.
    public let maxReaders: Int

    /// The number of places in the reader table that have been taken at some time.
    public let readersInUse: Int

    /// The size of one page in bytes.
    public let pageByteCount: Int
  }

  /// What is true of the environment now.
  ///
  /// Waits while the map is being resized; the caller must not hold a transaction then.
  ///
  /// Calls `mdb_env_info` and `mdb_env_stat`.
  public var information: Information {
    var info = unsafe MDB_envinfo()
    var statistics = MDB_stat()
    // Both calls can only fail for a missing argument; a lost map leaves everything zero.
    _ = withOpenGate {
      unsafe mdb_env_info(handle, &info)
      return unsafe mdb_env_stat(handle, &statistics)
    }
    return Information(
      mapSize: unsafe info.me_mapsize,
      lastPageNumber: unsafe info.me_last_pgno,
      lastTransactionID: unsafe info.me_last_txnid,
      maxReaders: unsafe Int(info.me_maxreaders),
      readersInUse: unsafe Int(info.me_numreaders),
      pageByteCount: Int(statistics.ms_psize))
  }
}
