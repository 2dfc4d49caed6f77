import CLMDB
import Glibc
import Synchronization

/// What an environment must know of its live transactions.
///
/// LMDB moves the map when it is resized, and leaves it to its user that nothing reads the old one.
struct Gate {
  /// The number of transactions, and of calls that read the map, now live.
  var liveCount = 0

  /// The number of transactions, and of such calls, there have been.
  var admittedCount = 0

  /// Whether somebody is resizing the map, so that none may begin.
  var isClosed = false

  /// Whether a resize failed after LMDB had let the old map go, so that none may begin ever.
  var isLost = false

  var databases = OpenDatabases()
}

/// How long to sleep between two looks at the gate.
///
/// A commit takes hundreds of microseconds, a short
/// reader some tens, so that a wait costs a few looks and adds little to what it waits for.
private let pauseMicroseconds: UInt32 = 50

extension Environment {
  /// Doubles the size of the map, up to the greatest size that the options allow.
  ///
  /// Keeps new transactions from beginning, waits until those of this process have ended, and lets
  /// them begin again when the map is in place. **The caller must not hold a transaction**: it
  /// would wait for itself. Throws ``LMDBError/mapFull`` when the map has its greatest size, and
  /// `ENOMEM` when there is no address space; the map is as before then, and so is the data in all
  /// cases.
  ///
  /// Calls `mdb_env_set_mapsize`.
  public func growMap() throws(LMDBError) {
    try withClosedGate {
      var info = unsafe MDB_envinfo()
      unsafe mdb_env_info(handle, &info)
      let size = unsafe info.me_mapsize
      guard size < mapSizeMax else {
        return MDB_MAP_FULL
      }
      let doubled = size.multipliedReportingOverflow(by: 2)
      return setMapSize(
        doubled.overflow ? mapSizeMax : min(roundedToPages(doubled.partialValue), mapSizeMax))
    }
  }

  /// Gives the map the size that another process has given the file.
  func adoptMapSize() throws(LMDBError) {
    var descriptor: Int32 = -1
    try check(unsafe mdb_env_get_fd(handle, &descriptor))
    try DataFile.check(descriptor)
    try withClosedGate { setMapSize(0) }
  }

  /// Sets the size of the map, with the gate closed.
  private func setMapSize(_ size: Int) -> Int32 {
    // LMDB lets the old map go before it asks for the new one and cannot go back, so ask first
    // whether the address space is there.
    if size > 0 {
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
      guard let probe = unsafe mmap(nil, size, PROT_NONE, flags, -1, 0), unsafe probe != MAP_FAILED
      else {
        return errno
      }
      unsafe munmap(probe, size)
    }
    let code = unsafe mdb_env_set_mapsize(handle, size)
    if code != MDB_SUCCESS && code != EINVAL {
      gate.withLock { $0.isLost = true }
    }
    return code
  }

  /// Runs a call that needs every transaction of this process to have ended.
  private func withClosedGate(_ body: () -> Int32) throws(LMDBError) {
    while !gate.withLock({ $0.close() }) {
      usleep(pauseMicroseconds)
    }
    while gate.withLock({ $0.liveCount }) > 0 {
      usleep(pauseMicroseconds)
    }
    let isLost = gate.withLock { $0.isLost }
    let code = isLost ? MDB_PANIC : body()
    gate.withLock { $0.isClosed = false }
    try check(code)
  }

  /// Runs a call that reads the map outside a transaction of ours.
  func withOpenGate(_ body: () -> Int32) -> Int32 {
    guard enter() != nil else {
      return MDB_PANIC
    }
    let code = body()
    leave()
    return code
  }

  /// Waits for the gate and counts one more as live; `nil` when the map is lost.
  private func enter() -> Admission? {
    while true {
      let (isClosed, admission) = gate.withLock { gate -> (Bool, Admission?) in
        if gate.isLost { return (false, nil) }
        if gate.isClosed { return (true, nil) }
        return (false, gate.admit())
      }
      if !isClosed {
        return admission
      }
      usleep(pauseMicroseconds)
    }
  }

  private func leave() {
    gate.withLock { $0.liveCount -= 1 }
  }

  /// Begins a C transaction behind the gate.
  func begin(flags: UInt32) throws(LMDBError) -> BegunTransaction {
    try unlocked?.checkNobodyElse()
    var hasCleared = false
    while true {
      guard let admission = enter() else {
        throw .panic
      }
      var handle: OpaquePointer?
      let code = unsafe mdb_txn_begin(self.handle, nil, flags, &handle)
      if code == MDB_SUCCESS, let handle = unsafe handle {
        // A transaction knows the handles published before it began. When some were while it waited
        // for the writer, neither the old nor the new generation need be right: begin again.
        if gate.withLock({ $0.databases.generation }) == admission.generation {
          return unsafe BegunTransaction(handle: handle, admission: admission)
        }
        unsafe mdb_txn_abort(handle)
      }
      leave()
      switch code {
      case MDB_SUCCESS: continue
      case MDB_MAP_RESIZED: try adoptMapSize()
      case MDB_READERS_FULL where !hasCleared:
        hasCleared = true
        guard try clearStaleReaders() > 0 else { throw .readersFull }
      default: throw LMDBError(rawValue: code)
      }
    }
  }

  /// Commits a C transaction, which is gone afterwards whether or not that succeeds.
  func commit(_ transaction: BegunTransaction) throws(LMDBError) {
    try check(
      unsafe end(transaction, keepingDatabases: true) { unsafe mdb_txn_commit(transaction.handle) })
  }

  /// Aborts a C transaction.
  func abort(_ transaction: BegunTransaction) {
    _ = unsafe end(transaction, keepingDatabases: false) {
      unsafe mdb_txn_abort(transaction.handle)
      return MDB_SUCCESS
    }
  }

  /// Ends a C transaction by a call, and takes note of that.
  private func end(
    _ transaction: BegunTransaction, keepingDatabases: Bool, by body: () -> Int32
  ) -> Int32 {
    let admission = unsafe transaction.admission
    // LMDB publishes the handles inside the call. For a transaction that has opened some, nothing
    // may begin between that and our taking note of it.
    let codeOfOpener = gate.withLock { gate -> Int32? in
      guard gate.databases.isOpening(admission) else { return nil }
      let code = body()
      gate.databases.end(keeps: keepingDatabases && code == MDB_SUCCESS)
      gate.liveCount -= 1
      return code
    }
    if let codeOfOpener {
      return codeOfOpener
    }
    let code = body()
    leave()
    return code
  }
}

extension Gate {
  /// Closes the gate, unless somebody else has.
  fileprivate mutating func close() -> Bool {
    if isClosed { return false }
    isClosed = true
    return true
  }

  /// Counts one more as live.
  fileprivate mutating func admit() -> Admission {
    liveCount += 1
    admittedCount += 1
    return Admission(number: admittedCount, generation: databases.generation)
  }
}

/// What a transaction got at the gate.
struct Admission {
  /// Tells it from every other: C transactions are reused.
  let number: Int

  /// The generation of the open databases.
  let generation: Int
}

/// A C transaction and its admission.
@unsafe struct BegunTransaction {
  let handle: OpaquePointer
  let admission: Admission
}
