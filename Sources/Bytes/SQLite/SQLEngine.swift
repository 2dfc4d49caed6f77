internal import CSQLite

/// Why a statement has no answer.
package struct SQLError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of reasons.
  package enum Code: String, Sendable {
    /// The statement is no SQL, or names what is not there.
    case syntax
    /// It would do what may not be done: write, attach, load.
    case notAllowed
    /// A parameter is missing, or there is none of that name.
    case parameter
    /// It took longer than it may.
    case timeLimit
    /// It was told to stop.
    case cancelled
    /// It, a value in it, or what it has to remember is larger than may be.
    case tooLarge
    /// A function or a table was asked for what cannot be.
    case invalidArgument
    /// What should not be.
    case `internal`
  }

  package let code: Code
  /// One sentence.
  package let message: String
  /// Where in the statement, in UTF-8 bytes; nil where that is not known.
  package let offset: Int?

  package init(_ code: Code, _ message: String, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.offset = offset
  }

  package var description: String { message }
}

/// What one statement may take.
package struct SQLLimits: Sendable {
  /// Bytes of the statement: what Athena takes.
  package var statementBytesMax = 262_144
  /// Bytes of one value and of one row.
  package var valueBytesMax = 16 << 20
  /// How deep an expression may be.
  package var depthMax = 200
  /// Parts of a compound SELECT.
  package var compoundMax = 50
  /// Columns of a table or an answer.
  package var columnsMax = 500
  /// Parameters.
  package var parametersMax = 1000
  /// Bytes that all engines of the process have together.
  package var heapBytesMax = 512 << 20
  /// How long it may run.
  package var timeMax = Duration.seconds(30)

  package init() {}
}

/// SQLite without a database: statements over virtual tables and functions of ours.
///
/// Read-only by construction: nothing but SELECT gets past the authorizer, there is no file, and no extension is
/// loaded. One thread at a time. Memory: some 100 kB, and what statements sort or
/// remember, within ``SQLLimits/heapBytesMax``.
///
/// Safe because the connection is its own, and statements end before it closes.
@safe package final class SQLEngine: ObjectBehind {
  let limits: SQLLimits
  private(set) var database: OpaquePointer?
  /// Whether a table tells its columns just now, which takes a statement that is not allowed else.
  var isConnecting = false
  /// What a table or a function threw.
  var failure: (any Error)?
  private let isStopped: @Sendable () -> Bool
  private var deadline: ContinuousClock.Instant?
  private var steps = 0

  /// Opens an engine without tables.
  ///
  /// Calls `sqlite3_open_v2`, `sqlite3_db_config`, `sqlite3_limit`, `sqlite3_set_authorizer` and
  /// `sqlite3_progress_handler`.
  ///
  /// - Parameter isStopped: asked now and then by the thread that runs a statement: whether it is to stop.
  package init(
    limits: SQLLimits = SQLLimits(), isStopped: @escaping @Sendable () -> Bool = { false }
  ) throws(SQLError) {
    self.limits = limits
    self.isStopped = isStopped
    sqlite3_hard_heap_limit64(Int64(limits.heapBytesMax))
    let flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX
    guard unsafe sqlite3_open_v2(":memory:", &database, flags, nil) == SQLITE_OK else {
      throw SQLError(.internal, "SQLite does not open")
    }
    for (option, value) in [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
      (SQLITE_DBCONFIG_DQS_DML, 0), (SQLITE_DBCONFIG_DQS_DDL, 0),
    ] { unsafe stocktake_set_option(database, option, Int32(value)) }
    for (limit, value) in [
      (SQLITE_LIMIT_SQL_LENGTH, limits.statementBytesMax),
      (SQLITE_LIMIT_LENGTH, limits.valueBytesMax),
      (SQLITE_LIMIT_EXPR_DEPTH, limits.depthMax),
      (SQLITE_LIMIT_COMPOUND_SELECT, limits.compoundMax),
      (SQLITE_LIMIT_COLUMN, limits.columnsMax),
      (SQLITE_LIMIT_VARIABLE_NUMBER, limits.parametersMax),
      (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_WORKER_THREADS, 0),
    ] { unsafe sqlite3_limit(database, limit, Int32(value)) }
    // Athena tells upper case from lower, and so do names of packages.
    unsafe sqlite3_exec(database, "PRAGMA case_sensitive_like = ON", nil, nil, nil)
    unsafe sqlite3_exec(database, "PRAGMA temp_store = MEMORY", nil, nil, nil)
    let me = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe sqlite3_set_authorizer(
      database, { me, action, _, name, _, _ in unsafe SQLEngine.authorize(me, action, name) }, me)
    unsafe sqlite3_progress_handler(
      database, 1000,
      { me in
        let engine = unsafe SQLEngine.behind(me)
        return engine.isOverTime ? 1 : 0
      }, me)
  }

  deinit { unsafe sqlite3_close_v2(database) }

  /// Adds a table; it costs nothing until a statement names it.
  ///
  /// Calls `sqlite3_create_module_v2`.
  package func add(_ table: any VirtualTable) {
    let registration = unsafe Unmanaged.passRetained(TableRegistration(table, self)).toOpaque()
    unsafe sqlite3_create_module_v2(
      database, table.name, Self.module.pointer, registration,
      { unsafe TableRegistration.release(behind: $0) })
  }

  // MARK: - Time

  /// Whether the statement is to end.
  private var isOverTime: Bool {
    isStopped() || Task.isCancelled
      || deadline.map { ContinuousClock.now > $0 } ?? false
  }

  /// Throws where the statement is to end; looks at the clock now and then.
  func checkTime() throws {
    steps &+= 1
    guard steps & 0xff == 0, isOverTime else { return }
    throw timeFailure
  }

  var timeFailure: SQLError {
    if isStopped() || Task.isCancelled {
      return SQLError(.cancelled, "the query was stopped")
    }
    return SQLError(
      .timeLimit,
      "the query took longer than \(limits.timeMax.components.seconds) seconds: narrow it, or give it more time"
    )
  }

  /// Begins to count the time of a statement.
  func startClock() { deadline = ContinuousClock.now + limits.timeMax }

  // MARK: - What is allowed

  /// Lets nothing but reading through.
  private static func authorize(
    _ me: UnsafeMutableRawPointer?, _ action: Int32, _ name: UnsafePointer<CChar>?
  ) -> Int32 {
    let engine = unsafe SQLEngine.behind(me)
    if engine.isConnecting { return SQLITE_OK }
    switch action {
    case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
    case SQLITE_FUNCTION:
      let function = unsafe name.map { unsafe String(cString: $0).lowercased() } ?? ""
      return ["load_extension", "fts3_tokenizer", "edit", "readfile", "writefile"].contains(
        function)
        ? SQLITE_DENY : SQLITE_OK
    default: return SQLITE_DENY
    }
  }

  /// A name as an identifier.
  package static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }

  /// An error of SQLite in words of ours.
  func error(_ code: Int32) -> any Error {
    if let failure {
      self.failure = nil
      return failure
    }
    let message = unsafe String(cString: sqlite3_errmsg(database))
    switch code & 0xff {
    case SQLITE_INTERRUPT: return timeFailure
    case SQLITE_AUTH:
      return SQLError(.notAllowed, "only SELECT is allowed here: \(message)")
    case SQLITE_TOOBIG:
      return SQLError(
        .tooLarge,
        "a value is longer than \(limits.valueBytesMax) bytes, or the statement than \(limits.statementBytesMax)"
      )
    case SQLITE_NOMEM:
      return SQLError(
        .tooLarge, "the query needs more than \(limits.heapBytesMax >> 20) MB of memory: narrow it")
    case _ where message.hasPrefix("not authorized"): return SQLError(.notAllowed, message)
    default:
      let offset = unsafe Int(sqlite3_error_offset(database))
      return SQLError(.syntax, message, offset: offset >= 0 ? offset : nil)
    }
  }
}
