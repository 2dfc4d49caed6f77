import CollectionSupport
import Foundation
import Glibc
import Testing

@testable import SQLite

/// Databases that Python makes, which has SQLite within.
@Suite(.enabled(if: isProgram("python3"), "python3 makes the databases"))
struct SQLiteFileTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  /// Makes a database by statements; `end` is run while it is open.
  private func make(_ name: String, _ statements: String, end: String = "c.close()") throws {
    let script = try tree.write(
      "make.py",
      """
      import os, sqlite3, sys
      c = sqlite3.connect(sys.argv[1], isolation_level=None)
      c.executescript(\"\"\"\(statements)\"\"\")
      \(end)
      """)
    try #require(output(of: "python3", script, tree.path(name)) != nil)
  }

  private func texts(_ name: String, _ question: String = "SELECT * FROM t") throws -> [String?] {
    var texts: [String?] = []
    let file = try SQLiteFile(path: tree.path(name))
    try file.rows(question) { texts.append($0.text(at: 0)) }
    return texts
  }

  private let table =
    "CREATE TABLE t (a TEXT, b INTEGER); INSERT INTO t VALUES ('x', 1), (NULL, 2);"

  @Test(arguments: ["plain", "with ? and # and % and ü", "file:x"])
  func `rows come as they are, whatever the file is called`(name: String) throws {
    try make(name, table + "INSERT INTO t VALUES (x'61ff62', 'no number');")
    #expect(try texts(name) == ["x", nil, "a\u{fffd}b"])
    let file = try SQLiteFile(path: tree.path(name))
    var numbers: [Int64?] = []
    try file.rows("SELECT b FROM t") { numbers.append($0.integer(at: 0)) }
    #expect(numbers == [1, 2, nil])
    #expect(try file.columns(ofTable: "t") == ["a", "b"] && file.columns(ofTable: "u") == nil)
    #expect(throws: SQLiteFault.self) { try file.rows("SELECT nonsense FROM t") { _ in } }
    #expect(throws: SQLiteFault.self) { try file.rows("DELETE FROM t") { _ in } }
  }

  @Test func `a view and a virtual table are no tables`() throws {
    try make("a", "CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(x);")
    let file = try SQLiteFile(path: tree.path("a"))
    #expect(try file.columns(ofTable: "v") == nil && file.columns(ofTable: "f") == nil)
  }

  @Test(arguments: [true, false])
  func `what is only in the write-ahead log is read, and nothing is written`(
    keepsIndex: Bool
  ) throws {
    // A process that ends without closing leaves the log behind, as dnf does.
    try make("a", "PRAGMA journal_mode = WAL; " + table, end: "os._exit(0)")
    #expect(FileManager.default.fileExists(atPath: tree.path("a-wal")))
    if !keepsIndex { try FileManager.default.removeItem(atPath: tree.path("a-shm")) }
    let before = try contents()
    #expect(try texts("a") == ["x", nil])
    // Where the index is missing, SQLite makes it.
    if keepsIndex { #expect(try contents() == before) }
  }

  @Test func `a database whose log was taken in is read alone`() throws {
    try make("a", "PRAGMA journal_mode = WAL; " + table)
    let before = try contents()
    #expect(before.count == 2)
    #expect(try texts("a") == ["x", nil])
    #expect(try contents() == before)
  }

  private func contents() throws -> [String: Data] {
    var contents: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: tree.path) {
      contents[name] = try Data(contentsOf: URL(fileURLWithPath: tree.path(name)))
    }
    return contents
  }

  @Test func `what is none, damaged, locked or missing is a fault`() throws {
    func reason(_ name: String) -> String? {
      var limits = SQLiteLimits()
      limits.waitMillisecondsMax = 50
      do {
        _ = try SQLiteFile(path: tree.path(name), limits: limits)
        return nil
      } catch { return error.reason }
    }
    try tree.write("none", String(repeating: "no database at all\n", count: 100))
    #expect(reason("none") == "is no SQLite database")
    #expect(reason("missing")?.hasPrefix("cannot be read: ") == true)
    try make("a", table + "CREATE INDEX i ON t (a);")
    #expect(reason("a") == nil)
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: tree.path("a"))))
    for count in [17, 90, 1000, 4096, bytes.count - 4096] {
      try tree.write("cut", bytes.prefix(count))
      #expect(reason("cut") != nil, "\(count)")
    }
    var damaged = bytes
    for index in 4096..<4200 { damaged[index] = 0xff }
    try tree.write("damaged", damaged)
    #expect(reason("damaged")?.hasPrefix("is damaged") == true)
  }

  @Test func `a database that another process is writing to is a fault and not waited for`() throws
  {
    try make("a", table)
    // SQLite's lock of one who writes: the bytes behind the first 2^30.
    let script = try tree.write(
      "lock.py",
      """
      import fcntl, sys, time
      f = open(sys.argv[1], "r+b")
      fcntl.lockf(f, fcntl.LOCK_EX, 512, 0x40000000)
      print("locked", flush=True)
      time.sleep(60)
      """)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [script, tree.path("a")]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    #expect(pipe.fileHandleForReading.availableData.isEmpty == false)
    var limits = SQLiteLimits()
    limits.waitMillisecondsMax = 50
    let fault = #expect(throws: SQLiteFault.self) {
      try SQLiteFile(path: tree.path("a"), limits: limits)
    }
    #expect(fault?.reason.hasPrefix("is locked by a program") == true)
  }

  @Test func `values and rows have limits`() throws {
    try make(
      "a",
      "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(2000000)); INSERT INTO t VALUES (1), (2);"
    )
    let fault = #expect(throws: SQLiteFault.self) { try texts("a") }
    #expect(fault?.reason == "has a value of more than 1048576 bytes")
    var limits = SQLiteLimits()
    limits.rowsMax = 2
    let file = try SQLiteFile(path: tree.path("a"), limits: limits)
    try file.rows("SELECT 1 FROM t LIMIT 2") { _ in }
    let many = #expect(throws: SQLiteFault.self) { try file.rows("SELECT 1 FROM t") { _ in } }
    #expect(many?.reason == "has more than 2 rows")
  }

  @Test func `bytes changed anywhere end in rows or a fault`() throws {
    try make("a", table + "INSERT INTO t SELECT hex(randomblob(500)), 1 FROM t, t, t;")
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: tree.path("a"))))
    var random = SplitMix64(seed: 3)
    for _ in 0..<300 {
      var changed = bytes
      for _ in 0..<8 {
        changed[Int.random(in: 0..<bytes.count, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      try tree.write("changed", changed)
      _ = try? texts("changed")
    }
  }
}
