internal import CSQLite
import Glibc

/// Why a database cannot be read, in a sentence without its subject, which is the file.
package struct SQLiteFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// `is no SQLite database`.
  package let reason: String

  /// Takes the sentence.
  package init(reason: String) { self.reason = reason }

  /// The sentence.
  package var description: String { reason }
}

/// Limits of what a database may have; how large its file is limits the one who opens it.
package struct SQLiteLimits: Sendable {
  /// Bytes of one value.
  package var valueBytesMax: Int32 = 1 << 20
  /// Rows of one answer.
  package var rowsMax = 5_000_000
  /// Milliseconds to wait for a program that writes.
  package var waitMillisecondsMax: Int32 = 2000

  /// The limits as they are everywhere.
  package init() {}
}

/// Another program's SQLite database, opened to read it.
///
/// Neither the file nor those beside it are changed. What a program left in its write-ahead log is
/// read with it. Nothing of the schema is trusted: tables must be plain ones, and the pages hang
/// together. Memory: SQLite's cache of some 2 MB, and what one row has.
///
/// Safe because the connection is its own, and statements end before it closes.
@safe package final class SQLiteFile {
  /// How every database begins.
  private static let mark = Array("SQLite format 3\u{0}".utf8)

  /// Whether a file with these first bytes is a database.
  package static func isDatabase(beginningWith bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: mark)
  }

  private var database: OpaquePointer?
  private let limits: SQLiteLimits

  /// Opens a file and looks whether it is whole; O(pages).
  ///
  /// Calls `sqlite3_open_v2`.
  package init(path: String, limits: SQLiteLimits = SQLiteLimits()) throws(SQLiteFault) {
    self.limits = limits
    let flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX
    let code = unsafe sqlite3_open_v2(Self.address(of: path), &database, flags, nil)
    guard code == SQLITE_OK else { throw fault(code) }
    unsafe sqlite3_busy_timeout(database, limits.waitMillisecondsMax)
    unsafe sqlite3_limit(database, SQLITE_LIMIT_LENGTH, limits.valueBytesMax)
    try rows("PRAGMA trusted_schema = OFF") { _ in }
    var problem: String?
    try rows("PRAGMA quick_check(1)") { problem = $0.text(at: 0) }
    guard problem == "ok" else { throw SQLiteFault(reason: "is damaged: \(problem ?? "")") }
  }

  deinit { unsafe sqlite3_close_v2(database) }

  /// The address of a file in the form in which nothing is written beside it.
  private static func address(of path: String) -> String {
    var name: [UInt8] = Array("file:".utf8)
    for byte in path.utf8 {
      // What has a meaning in an address: "%", "?" and "#".
      if [0x25, 0x3f, 0x23].contains(byte) {
        name += Array("%\(String(byte, radix: 16))".utf8)
      } else {
        name.append(byte)
      }
    }
    return String(decoding: name, as: UTF8.self) + "?" + access(to: path)
  }

  /// How to open a database with a write-ahead log, which even readers write to by default.
  private static func access(to path: String) -> String {
    guard isLogged(path) else { return "mode=ro" }
    // Without a log the file has everything. With one, its index is made in memory.
    guard byteCount(path + "-wal") > 0 else { return "mode=ro&immutable=1" }
    return byteCount(path + "-shm") > 0 ? "mode=ro&readonly_shm=1" : "mode=ro"
  }

  private static func byteCount(_ path: String) -> Int {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Whether the head of the file says that it has a write-ahead log.
  private static func isLogged(_ path: String) -> Bool {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var version: UInt8 = 0
    return unsafe pread(descriptor, &version, 1, 18) == 1 && version == 2
  }

  private func fault(_ code: Int32) -> SQLiteFault {
    switch code & 0xff {
    case SQLITE_NOTADB: SQLiteFault(reason: "is no SQLite database")
    case SQLITE_BUSY, SQLITE_LOCKED:
      SQLiteFault(reason: "is locked by a program that writes to it: try again when that has ended")
    case SQLITE_CORRUPT: SQLiteFault(reason: "is damaged")
    case SQLITE_TOOBIG:
      SQLiteFault(reason: "has a value of more than \(limits.valueBytesMax) bytes")
    default:
      SQLiteFault(
        reason: "cannot be read: " + (unsafe String(cString: sqlite3_errmsg(database))))
    }
  }

  /// The columns of a plain table; nil where there is none of that name.
  package func columns(ofTable name: String) throws(SQLiteFault) -> Set<String>? {
    var isPlain = false
    try rows("SELECT name, sql FROM sqlite_schema WHERE type = 'table'") { row in
      if row.text(at: 0) == name {
        isPlain = row.text(at: 1)?.uppercased().hasPrefix("CREATE TABLE") == true
      }
    }
    guard isPlain else { return nil }
    var columns: Set<String> = []
    try rows("PRAGMA table_info(\(name))") { row in
      if let column = row.text(at: 1) { columns.insert(column) }
    }
    return columns
  }

  /// Hands over one row of the answer after the other.
  ///
  /// Calls `sqlite3_prepare_v2` and `sqlite3_step`.
  package func rows(
    _ question: String, to take: (borrowing SQLiteRow) -> Void
  ) throws(SQLiteFault) {
    var statement: OpaquePointer?
    let code = unsafe sqlite3_prepare_v2(database, question, -1, &statement, nil)
    guard code == SQLITE_OK, let statement = unsafe statement else { throw fault(code) }
    defer { unsafe sqlite3_finalize(statement) }
    var count = 0
    while true {
      let code = unsafe sqlite3_step(statement)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { throw fault(code) }
      count += 1
      guard count <= limits.rowsMax else {
        throw SQLiteFault(reason: "has more than \(limits.rowsMax) rows")
      }
      unsafe take(SQLiteRow(statement))
    }
  }
}

/// A row of an answer, as long as it is the current one.
///
/// It cannot be copied and only be borrowed, so that it does not outlive its statement: which makes it safe.
@safe package struct SQLiteRow: ~Copyable {
  private let statement: OpaquePointer

  fileprivate init(_ statement: OpaquePointer) { unsafe self.statement = statement }

  /// A value as text, bytes that are not UTF-8 replaced by U+FFFD; nil for NULL.
  package func text(at column: Int32) -> String? {
    guard let bytes = unsafe sqlite3_column_text(statement, column) else { return nil }
    let count = unsafe Int(sqlite3_column_bytes(statement, column))
    return unsafe String(
      decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }

  /// A value as a whole number; nil where it is none.
  package func integer(at column: Int32) -> Int64? {
    guard unsafe sqlite3_column_type(statement, column) == SQLITE_INTEGER else { return nil }
    return unsafe sqlite3_column_int64(statement, column)
  }
}
