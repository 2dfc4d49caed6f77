import CLMDB

extension Environment {
  /// Begins a read transaction on the newest committed snapshot.
  ///
  /// Waits while the map is being resized, and adopts the size that another process has given the
  /// file; the caller must not hold another transaction. Throws ``LMDBError/readersFull`` when the
  /// reader table is full, and ``LMDBError/panic`` when the environment must be reopened.
  ///
  /// Calls `mdb_txn_begin`.
  @available(*, noasync)
  public func beginRead() throws(LMDBError) -> ReadTransaction {
    let begun = try unsafe begin(flags: UInt32(MDB_RDONLY))
    return unsafe ReadTransaction(begun, of: self)
  }
}

/// A snapshot of the whole environment, as it was when the transaction began.
///
/// Dropping it ends it. Safe because the handle is private, is `nil` once finished, and everything
/// that points into the map borrows the transaction.
@safe public struct ReadTransaction: ~Copyable {
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

  /// The data of the snapshot.
  public var view: TransactionView {
    @_lifetime(borrow self)
    get {
      let view = unsafe TransactionView(begun?.handle, environmentNumber: environment.number)
      return unsafe _overrideLifetime(view, borrowing: self)
    }
  }

  /// The number of the snapshot: that of the last transaction committed before it.
  ///
  /// Calls `mdb_txn_id`.
  public var id: Int {
    unsafe mdb_txn_id(begun?.handle)
  }

  /// Opens a database; `nil` when the snapshot has none of the name.
  ///
  /// The result serves this transaction, and later ones once ``finish()`` has returned. A database
  /// that is open already can be opened again at any time. Opening one for the first time throws
  /// ``LMDBError/badTransaction`` while another transaction is doing so, or when one has since this
  /// one began: open all databases in one transaction before anything else. Throws
  /// ``LMDBError/databasesFull`` when too many are open.
  ///
  /// Calls `mdb_dbi_open`.
  public func openDatabase(named name: String) throws(LMDBError) -> Database? {
    guard let begun = unsafe begun else { throw .badTransaction }
    return try unsafe environment.openDatabase(
      named: name, create: false, in: begun)
  }

  /// Ends the transaction and keeps the databases that it opened.
  ///
  /// Calls `mdb_txn_commit`.
  public consuming func finish() throws(LMDBError) {
    guard let begun = unsafe begun else { return }
    unsafe self.begun = nil
    try unsafe environment.commit(begun)
  }
}
