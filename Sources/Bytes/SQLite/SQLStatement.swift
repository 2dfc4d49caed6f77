internal import CSQLite

/// A statement that was prepared, and its rows one after another.
///
/// Safe because it keeps its engine, and ends before that closes.
@safe package final class SQLStatement {
  private let engine: SQLEngine
  private var statement: OpaquePointer?

  /// Prepares a statement; there must be one and no more.
  ///
  /// Begins the time that it may take.
  ///
  /// Throws ``SQLError``, with the place where SQLite tells it. Calls `sqlite3_prepare_v3`.
  package init(_ sql: String, on engine: SQLEngine) throws {
    self.engine = engine
    engine.failure = nil
    let bytes = Array(sql.utf8)
    guard bytes.count <= engine.limits.statementBytesMax else {
      throw SQLError(
        .tooLarge, "a statement has at most \(engine.limits.statementBytesMax) bytes")
    }
    if let place = bytes.firstIndex(of: 0) {
      throw SQLError(.syntax, "there is a NUL in the statement", offset: place)
    }
    engine.startClock()
    let (code, end) = unsafe bytes.withUnsafeBytes { buffer -> (Int32, Int) in
      let start = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
      var tail: UnsafePointer<CChar>?
      let code = unsafe sqlite3_prepare_v3(
        engine.database, start, Int32(buffer.count), 0, &statement, &tail)
      return unsafe (code, tail.flatMap { tail in unsafe start.map { unsafe tail - $0 } } ?? 0)
    }
    guard code == SQLITE_OK else { throw engine.error(code) }
    guard unsafe statement != nil else { throw SQLError(.syntax, "there is no statement") }
    if let offset = Self.firstToken(bytes[end...], engine) {
      unsafe sqlite3_finalize(statement)
      unsafe statement = nil
      throw SQLError(
        .syntax, "one statement at a time: there is more behind the first", offset: offset)
    }
    guard unsafe sqlite3_stmt_readonly(statement) != 0 else {
      throw SQLError(.notAllowed, "only SELECT is allowed here")
    }
  }

  deinit { unsafe sqlite3_finalize(statement) }

  /// Where something stands behind the first statement that is neither blank nor a comment.
  private static func firstToken(_ rest: ArraySlice<UInt8>, _ engine: SQLEngine) -> Int? {
    var place = rest.startIndex
    func starts(_ text: StaticString) -> Bool {
      rest[place...].starts(with: Array("\(text)".utf8))
    }
    while place < rest.endIndex {
      if starts("--") {
        place = rest[place...].firstIndex(of: 0x0a) ?? rest.endIndex
      } else if starts("/*") {
        place += 2
        while place < rest.endIndex, !starts("*/") { place += 1 }
        place = min(place + 2, rest.endIndex)
      } else if [0x20, 0x09, 0x0a, 0x0c, 0x0d, 0x3b].contains(rest[place]) {
        place += 1
      } else {
        return place
      }
    }
    return nil
  }

  /// The names of the columns of its rows.
  package var columns: [String] {
    unsafe (0..<sqlite3_column_count(statement)).map {
      unsafe String(cString: sqlite3_column_name(statement, $0))
    }
  }

  /// How many columns its rows have.
  package var columnCount: Int { unsafe Int(sqlite3_column_count(statement)) }

  /// The names of its parameters, `:name`, `@name`, `$name`, `?1`; nil for a lone `?`.
  package var parameters: [String?] {
    let count = unsafe sqlite3_bind_parameter_count(statement)
    return count == 0
      ? []
      : (1...count).map { index in
        unsafe sqlite3_bind_parameter_name(statement, index).map { unsafe String(cString: $0) }
      }
  }

  /// Gives a parameter, counted from 1, its value.
  package func bind(_ value: SQLValue, to index: Int) {
    let index = Int32(index)
    switch value {
    case .null: unsafe sqlite3_bind_null(statement, index)
    case .integer(let number): unsafe sqlite3_bind_int64(statement, index, number)
    case .real(let number): unsafe sqlite3_bind_double(statement, index, number)
    case .text(let text):
      let count = text.utf8.count
      unsafe sqlite3_bind_text64(
        statement, index, text, UInt64(count), SQLResult.transient, UInt8(SQLITE_UTF8))
    case .blob(let bytes):
      _ = unsafe bytes.withUnsafeBytes {
        unsafe sqlite3_bind_blob64(
          statement, index, $0.baseAddress, UInt64($0.count), SQLResult.transient)
      }
    }
  }

  /// Goes to the next row; false behind the last.
  ///
  /// Throws what a table or a function threw, else ``SQLError``. Calls `sqlite3_step`.
  package func step() throws -> Bool {
    switch unsafe sqlite3_step(statement) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code:
      let error = engine.error(code)
      unsafe sqlite3_reset(statement)
      throw error
    }
  }

  /// A value of the current row.
  package subscript(column: Int) -> SQLValue {
    unsafe SQLValue(sqlite3_column_value(statement, Int32(column)))
  }

  /// The values of the current row.
  package var row: [SQLValue] { (0..<columnCount).map { self[$0] } }
}
