import CBareSQLite
import FleetModel
import Foundation

/// The same history in SQLite, as a careful user would keep it: spans of validity, two indexes.
final class SQLiteStore {
  private let connection: OpaquePointer?
  private let folder: String
  private var statements: [String: OpaquePointer?] = [:]

  private static let open = Int64.max
  private static let schema = """
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous=FULL;
    CREATE TABLE version(id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL);
    CREATE INDEX version_name ON version(name, version);
    CREATE TABLE span(host INTEGER NOT NULL, version INTEGER NOT NULL, installed INTEGER NOT NULL,
      start INTEGER NOT NULL, finish INTEGER NOT NULL,
      PRIMARY KEY(host, finish, version, start)) WITHOUT ROWID;
    CREATE INDEX span_version ON span(version, finish, start, host);
    """

  init() throws {
    folder =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("stocktake-sqlite-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var connection: OpaquePointer?
    let code = sqlite3_open(folder + "/rival.db", &connection)
    self.connection = connection
    try check(code)
    try execute(Self.schema)
  }

  deinit {
    for statement in statements.values { sqlite3_finalize(statement) }
    sqlite3_close(connection)
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Makes the versions known; other databases get them for free, too.
  func define(_ catalogue: VersionCatalogue) throws {
    try execute("BEGIN")
    for version in 0..<UInt32(catalogue.count) {
      let insert = try statement("INSERT INTO version VALUES(?, ?, ?)")
      try bind(insert, 1, Int64(version))
      try bind(insert, 2, catalogue.name(version))
      try bind(insert, 3, catalogue.text(of: version))
      try step(insert)
    }
    try execute("COMMIT")
  }

  /// Stores the changes of some reports in one durable transaction.
  func store(_ steps: some Sequence<GuardFleet.Step>) throws {
    try execute("BEGIN")
    for one in steps {
      for version in one.gone {
        let update = try statement(
          "UPDATE span SET finish = ? WHERE host = ? AND version = ? AND finish = ?")
        for (index, value) in [one.time, one.node, version, Self.open].enumerated() {
          try bind(update, Int32(index + 1), value)
        }
        try step(update)
      }
      for (version, installed) in one.come {
        let insert = try statement("INSERT INTO span VALUES(?, ?, ?, ?, ?)")
        for (index, value) in [one.node, version, installed, one.time, Self.open].enumerated() {
          try bind(insert, Int32(index + 1), value)
        }
        try step(insert)
      }
    }
    try execute("COMMIT")
  }

  /// Reads what was on a node; the number of rows.
  func state(of node: Int64, at time: Int64) throws -> Int {
    let query = try statement(
      """
      SELECT name, version.version, installed FROM span JOIN version ON version.id = span.version
      WHERE host = ?1 AND finish > ?2 AND start <= ?2
      """)
    try bind(query, 1, node)
    try bind(query, 2, time)
    return try rows(query, texts: 2)
  }

  /// Reads which nodes had a version; the number of rows.
  func holders(of name: String, version: String, at time: Int64) throws -> Int {
    let query = try statement(
      """
      SELECT host FROM version JOIN span ON span.version = version.id
      WHERE name = ?1 AND version.version = ?2 AND finish > ?3 AND start <= ?3
      """)
    try bind(query, 1, name)
    try bind(query, 2, version)
    try bind(query, 3, time)
    return try rows(query, texts: 0)
  }

  private func rows(_ query: OpaquePointer?, texts: Int32) throws -> Int {
    var count = 0
    var bytes = 0
    while sqlite3_step(query) == SQLITE_ROW {
      count += 1
      for column in 0..<texts {
        if let text = sqlite3_column_text(query, column) { bytes += strlen(text) }
      }
      bytes += Int(sqlite3_column_int64(query, texts)) & 1
    }
    try check(sqlite3_reset(query))
    return bytes < 0 ? 0 : count
  }

  private func statement(_ sql: String) throws -> OpaquePointer? {
    if let known = statements[sql] { return known }
    var made: OpaquePointer?
    try check(sqlite3_prepare_v2(connection, sql, -1, &made, nil))
    statements[sql] = made
    return made
  }

  private func bind(_ statement: OpaquePointer?, _ index: Int32, _ value: Int64) throws {
    try check(sqlite3_bind_int64(statement, index, value))
  }

  private func bind(_ statement: OpaquePointer?, _ index: Int32, _ value: String) throws {
    let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    try check(sqlite3_bind_text(statement, index, value, -1, copies))
  }

  private func step(_ statement: OpaquePointer?) throws {
    _ = sqlite3_step(statement)
    try check(sqlite3_reset(statement))
  }

  private func execute(_ sql: String) throws {
    try check(sqlite3_exec(connection, sql, nil, nil, nil))
  }

  private func check(_ code: Int32) throws {
    guard code == SQLITE_OK else {
      throw Failure("SQLite: \(String(cString: sqlite3_errmsg(connection)))")
    }
  }
}
