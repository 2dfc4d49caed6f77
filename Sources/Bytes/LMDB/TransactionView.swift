import CLMDB

/// The data of a transaction of either kind, borrowed from it.
///
/// Code that only reads takes a view, and then serves read and write transactions alike. Safe
/// because the view, and what it returns, cannot outlive the borrow of the transaction that it came
/// from.
@safe public struct TransactionView: ~Escapable {
  private let handle: OpaquePointer?
  private let environmentNumber: Int

  /// The caller narrows the lifetime to its own.
  @_lifetime(immortal)
  init(_ handle: OpaquePointer?, environmentNumber: Int) {
    unsafe self.handle = handle
    self.environmentNumber = environmentNumber
  }

  /// The value of a key; `nil` when there is none.
  ///
  /// The bytes lie in the map and are valid while the transaction is borrowed. Throws
  /// ``LMDBError/badValueSize`` when the key is empty, ``LMDBError/badDatabase`` when the database
  /// is another environment's, and `EINVAL` when it was opened after the transaction began.
  ///
  /// - Complexity: O(log *n*) pages.
  ///
  /// Calls `mdb_get`.
  @_lifetime(copy self)
  public func value(for key: RawSpan, in database: Database) throws(LMDBError) -> RawSpan? {
    try checkOwnership(of: database)
    var value = unsafe MDB_val()
    let code = unsafe key.withUnsafeBytes { bytes in
      var key = unsafe MDB_val(bytes)
      return unsafe mdb_get(handle, database.dbi, &key, &value)
    }
    if code == MDB_NOTFOUND {
      return nil
    }
    try check(code)
    return unsafe _overrideLifetime(value.span, copying: self)
  }

  /// A cursor over a database, on no entry yet.
  ///
  /// Throws what ``value(for:in:)`` throws for a database.
  ///
  /// Calls `mdb_cursor_open`.
  @_lifetime(copy self)
  public func cursor(in database: Database) throws(LMDBError) -> Cursor {
    try checkOwnership(of: database)
    var cursor: OpaquePointer?
    try check(unsafe mdb_cursor_open(handle, database.dbi, &cursor))
    guard let cursor = unsafe cursor else { throw .badTransaction }
    return unsafe _overrideLifetime(Cursor(cursor), copying: self)
  }

  /// The shape of the tree of a database.
  ///
  /// Throws what ``value(for:in:)`` throws for a database.
  ///
  /// - Complexity: O(1); nothing is counted.
  ///
  /// Calls `mdb_stat`.
  public func statistics(of database: Database) throws(LMDBError) -> DatabaseStatistics {
    try checkOwnership(of: database)
    var statistics = MDB_stat()
    try check(unsafe mdb_stat(handle, database.dbi, &statistics))
    return DatabaseStatistics(
      pageByteCount: Int(statistics.ms_psize),
      depth: Int(statistics.ms_depth),
      branchPages: statistics.ms_branch_pages,
      leafPages: statistics.ms_leaf_pages,
      overflowPages: statistics.ms_overflow_pages,
      entries: statistics.ms_entries)
  }

  /// How many pages have been freed since a snapshot, which cannot be used again while it is read.
  ///
  /// Counts at most `transactionsMax` transactions: the cost is a step of a cursor for each.
  ///
  /// Calls `mdb_cursor_get` on the list of free pages, which only a read transaction may do.
  public func pagesFreed(since snapshot: Int, transactionsMax: Int) throws(LMDBError) -> Int {
    var handle: OpaquePointer?
    // LMDB numbers the list of free pages 0.
    try check(unsafe mdb_cursor_open(self.handle, 0, &handle))
    guard let handle = unsafe handle else { throw .badTransaction }
    var cursor = unsafe Cursor(handle)
    var first = snapshot + 1
    var pages = 0
    var count = 0
    var isThere = try unsafe withUnsafeBytes(of: &first) { bytes throws(LMDBError) in
      try cursor.seek(atOrAfter: unsafe RawSpan(_unsafeBytes: bytes))
    }
    while isThere, count < transactionsMax {
      // A list of page numbers begins with their count.
      if cursor.value.byteCount >= 8 {
        pages += unsafe cursor.value.unsafeLoadUnaligned(as: Int.self)
      }
      count += 1
      isThere = try cursor.next()
    }
    return pages
  }

  private func checkOwnership(of database: Database) throws(LMDBError) {
    guard database.environmentNumber == environmentNumber else { throw .badDatabase }
  }
}

extension MDB_val {
  /// Bytes that C only reads.
  init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.init(
      mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
  }

  /// The bytes, with a lifetime that the caller must narrow to that of the transaction.
  var span: RawSpan {
    @_lifetime(immortal)
    get {
      let bytes = unsafe UnsafeRawBufferPointer(start: mv_data, count: mv_size)
      return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), copying: ())
    }
  }
}
