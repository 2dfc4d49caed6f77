import CLMDB

extension Environment {
  /// Begins the write transaction, and waits until the one before it has ended.
  ///
  /// Waits also while the map is being resized, and adopts the size that another process has given
  /// the file; the caller must not hold another transaction. Throws ``LMDBError/permissionDenied``
  /// when the environment is read-only, and ``LMDBError/panic`` when it must be reopened.
  ///
  /// Calls `mdb_txn_begin`.
  @available(*, noasync)
  public func beginWrite() throws(LMDBError) -> WriteTransaction {
    let begun = try unsafe begin(flags: 0)
    return unsafe WriteTransaction(begun, of: self)
  }
}

/// The one transaction that may change the environment.
///
/// Nothing of it is visible to others before ``commit()``; dropping it drops all of it. It ends on
/// the thread that began it. Safe because the handle is private, is `nil` once committed, and
/// everything that points into the map borrows the transaction, which changing it forbids.
@safe public struct WriteTransaction: ~Copyable {
  private var begun: BegunTransaction?
  private let environment: Environment

  init(_ begun: BegunTransaction, of environment: Environment) {
    unsafe self.begun = begun
    self.environment = environment
  }

  deinit {
    if let begun = unsafe begun {
      unsafe environment.abort(begun)
    }
  }

  /// The data as this transaction sees it, with what it has changed so far.
  public var view: TransactionView {
    @_lifetime(borrow self)
    get {
      let view = unsafe TransactionView(begun?.handle, environmentNumber: environment.number)
      return unsafe _overrideLifetime(view, borrowing: self)
    }
  }

  /// The number that the transaction commits under.
  ///
  /// Calls `mdb_txn_id`.
  public var id: Int {
    unsafe mdb_txn_id(begun?.handle)
  }

  /// Opens a database, and creates it if asked; `nil` when there is none of the name otherwise.
  ///
  /// The result serves this transaction, and later ones once ``commit()`` has returned. A database
  /// that is open already can be opened again at any time. Opening one for the first time throws
  /// ``LMDBError/badTransaction`` while another transaction is doing so, or when one has since this
  /// one began: open all databases in one transaction before anything else. Throws
  /// ``LMDBError/databasesFull`` when too many are open.
  ///
  /// Calls `mdb_dbi_open`.
  public mutating func openDatabase(
    named name: String, create: Bool
  ) throws(LMDBError) -> Database? {
    guard let begun = unsafe begun else { throw .badTransaction }
    return try unsafe environment.openDatabase(
      named: name, create: create, in: begun)
  }

  /// Stores a value under a key, in place of one that is there.
  ///
  /// Throws ``LMDBError/badValueSize`` when the key is empty or longer than 511 bytes; the
  /// transaction is as before then. Throws ``LMDBError/mapFull``, ``LMDBError/transactionFull`` or
  /// an error of the system; the transaction can only be dropped then, and what is committed stays
  /// as it is.
  ///
  /// Calls `mdb_put`.
  public mutating func put(
    _ value: RawSpan, for key: RawSpan, in database: Database
  ) throws(LMDBError) {
    try put(value, for: key, in: database, flags: 0)
  }

  /// Stores a value under a key that is behind every other: faster, and fills pages whole.
  ///
  /// Throws ``LMDBError/keyExists`` when the key is not behind the last one; the transaction is as
  /// before then. Other errors are those of ``put(_:for:in:)``.
  ///
  /// Calls `mdb_put` with `MDB_APPEND`.
  public mutating func append(
    _ value: RawSpan, for key: RawSpan, in database: Database
  ) throws(LMDBError) {
    try put(value, for: key, in: database, flags: UInt32(MDB_APPEND))
  }

  /// Removes the entry of a key; `false` when there is none.
  ///
  /// Throws ``LMDBError/badValueSize`` when the key is empty; the transaction is as before then.
  /// After other errors it can only be dropped.
  ///
  /// Calls `mdb_del`.
  public mutating func delete(_ key: RawSpan, in database: Database) throws(LMDBError) -> Bool {
    try checkOwnership(of: database)
    let code = unsafe key.withUnsafeBytes { bytes in
      var key = unsafe MDB_val(bytes)
      return unsafe mdb_del(begun?.handle, database.dbi, &key, nil)
    }
    if code == MDB_NOTFOUND {
      return false
    }
    try check(code)
    return true
  }

  /// Removes all entries of a database, and keeps the database.
  ///
  /// After an error the transaction can only be dropped.
  ///
  /// Calls `mdb_drop`.
  public mutating func clear(_ database: Database) throws(LMDBError) {
    try checkOwnership(of: database)
    try check(unsafe mdb_drop(begun?.handle, database.dbi, 0))
  }

  /// Makes the changes durable, then visible.
  ///
  /// After any error nothing of the transaction is visible, now or after reopening, and the file is
  /// whole. Throws ``LMDBError/noSpace``, or ``LMDBError/ioError`` after a short write, when the
  /// disk is full, and ``LMDBError/badTransaction`` when an earlier call failed; the environment
  /// can be used further. If the very last write, that of the page which names the new state,
  /// fails, LMDB writes the old page back, and every later begin throws ``LMDBError/panic`` until
  /// the environment is reopened.
  ///
  /// Calls `mdb_txn_commit`.
  public consuming func commit() throws(LMDBError) {
    guard let begun = unsafe begun else { return }
    // LMDB frees the transaction even when committing fails, so it must not be aborted as well.
    unsafe self.begun = nil
    try unsafe environment.commit(begun)
  }

  private func put(
    _ value: RawSpan, for key: RawSpan, in database: Database, flags: UInt32
  ) throws(LMDBError) {
    try checkOwnership(of: database)
    let code = unsafe key.withUnsafeBytes { keyBytes in
      unsafe value.withUnsafeBytes { valueBytes in
        var key = unsafe MDB_val(keyBytes)
        var value = unsafe MDB_val(valueBytes)
        return unsafe mdb_put(begun?.handle, database.dbi, &key, &value, flags)
      }
    }
    try check(code)
  }

  private func checkOwnership(of database: Database) throws(LMDBError) {
    guard database.environmentNumber == environment.number else { throw .badDatabase }
  }
}
