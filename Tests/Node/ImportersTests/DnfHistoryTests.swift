import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Histories of dnf that Python makes, with libdnf's tables.
@Suite(.enabled(if: isProgram("python3"), "python3 makes the databases"))
struct DnfHistoryTests {
  private let tree: TemporaryTree
  private let late = utc("2027-01-01 00:00:00")

  init() throws { tree = try TemporaryTree() }

  private static let tables = """
    CREATE TABLE trans (id INTEGER PRIMARY KEY, dt_begin INTEGER NOT NULL, dt_end INTEGER,
      releasever TEXT NOT NULL, user_id INTEGER NOT NULL, cmdline TEXT, state INTEGER NOT NULL,
      comment TEXT DEFAULT '');
    CREATE TABLE trans_item (id INTEGER PRIMARY KEY, trans_id INTEGER, item_id INTEGER,
      repo_id INTEGER, action INTEGER, reason INTEGER, state INTEGER);
    CREATE TABLE rpm (item_id INTEGER UNIQUE, name TEXT, epoch INTEGER, version TEXT, release TEXT,
      arch TEXT);
    """

  private static let packages = """
    INSERT INTO rpm VALUES (1, 'nano', 0, '8.1', '1', 'x86_64');
    INSERT INTO rpm VALUES (2, 'openssl', 1, '3.0', '2', 'x86_64');
    INSERT INTO rpm VALUES (3, 'openssl', 1, '3.2', '6', 'x86_64');
    INSERT INTO rpm VALUES (4, 'lib', 0, '1', '1', 'noarch');
    """

  private func at(_ text: String) -> Int64 { utc(text).seconds }

  /// Makes a database; `steps` are transaction, package, action, reason and state.
  @discardableResult
  private func make(
    _ transactions: String, _ steps: [[Int]], named name: String = "history.sqlite",
    packages: String = packages, tables: String = tables,
    columns: String = "action, reason, state"
  ) throws -> String {
    let items = steps.map { step in
      "INSERT INTO trans_item (trans_id, item_id, repo_id, \(columns)) VALUES"
        + " (\(step[0]), \(step[1]), 1, \(step[2]), \(step[3]), \(step[4]));"
    }
    let sql = try tree.write(
      "make.sql", tables + packages + transactions + items.joined(separator: "\n"))
    let script = try tree.write(
      "make.py",
      "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())\n")
    try #require(output(of: "python3", script, tree.path(name), sql) != nil)
    return tree.path(name)
  }

  private func transaction(
    _ id: Int, _ start: String, _ end: String?, user: Int64 = 1000, command: String = "x",
    state: Int = 1, comment: String = ""
  ) -> String {
    "INSERT INTO trans VALUES (\(id), \(at(start)), \(end.map { String(at($0)) } ?? "NULL"), '9',"
      + " \(user), '\(command)', \(state), '\(comment)');\n"
  }

  private func imported(_ paths: [String], _ current: [Item] = []) throws -> ImportedHistory {
    try RpmImporter().imported(
      paths: paths, current: current, capturedAt: late, node: NodeID("n"))
  }

  private func states(_ history: ImportedHistory) -> [String] {
    history.reports.flatMap(\.entries).filter { $0.type == .application }.map { entry in
      let packages = (entry.content ?? []).map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }
      return "\(entry.captureTime): " + packages.joined(separator: ", ")
    }
  }

  private let openssl: Item = [
    "Name": "openssl", "Version": "3.2", "Release": "6", "Epoch": "1", "Architecture": "x86_64",
  ]

  /// A history of three transactions, and the log of the first two.
  private func sample() throws -> (history: String, log: String) {
    let history = try make(
      transaction(
        1, "2026-03-03 10:00:00", "2026-03-03 10:05:00",
        command: "install nano --setopt=proxy_password=hunter2", comment: "why")
        + transaction(2, "2026-03-04 09:00:00", "2026-03-04 09:10:00", user: -1, command: "upgrade")
        + transaction(
          3, "2026-03-05 09:00:00", "2026-03-05 09:00:09", user: 4_294_967_295, command: "",
          state: 2),
      [
        [1, 4, 1, 1, 1], [1, 1, 1, 2, 1], [2, 2, 7, 2, 1], [2, 3, 6, 2, 1], [2, 4, 11, 2, 1],
        [3, 1, 8, 2, 1], [3, 4, 8, 3, 2],
      ])
    let log = try tree.write(
      "dnf.rpm.log",
      """
      2026-03-02T10:00:00+0000 SUBDEBUG Installed: early-1-1.noarch
      2026-03-03T10:01:00+0000 SUBDEBUG Installed: lib-1-1.noarch
      2026-03-03T10:02:00+0000 SUBDEBUG Installed: nano-8.1-1.x86_64
      2026-03-04T09:01:00+0000 SUBDEBUG Upgrade: openssl-1:3.2-6.x86_64
      2026-03-04T09:09:00+0000 SUBDEBUG Upgraded: openssl-1:3.0-2.x86_64

      """)
    return (history, log)
  }

  @Test func `the history alone gives the states at the ends of its transactions`() throws {
    let (path, _) = try sample()
    let lib: Item = ["Name": "lib", "Version": "1", "Release": "1", "Architecture": "noarch"]
    let history = try imported([path, path], [openssl, lib])
    #expect(history.warnings == [])
    #expect(
      states(history) == [
        "2026-03-03T10:04:59Z: openssl 3.0",
        "2026-03-03T10:05:00Z: lib 1, nano 8.1, openssl 3.0",
        "2026-03-04T09:10:00Z: lib 1, nano 8.1, openssl 3.2",
        "2026-03-05T09:00:09Z: lib 1, openssl 3.2",
      ])
    #expect(history.knownFrom == utc("2026-03-03 10:04:59") && history.recordsRead == 10)
  }

  @Test func `the log tells the seconds, and what the history has not`() throws {
    let (path, log) = try sample()
    let lib: Item = ["Name": "lib", "Version": "1", "Release": "1", "Architecture": "noarch"]
    let early: Item = ["Name": "early", "Version": "1", "Release": "1", "Architecture": "noarch"]
    for paths in [[path, log], [log, path, path]] {
      let history = try imported(paths, [openssl, lib, early])
      #expect(history.warnings == [])
      #expect(
        states(history) == [
          "2026-03-02T09:59:59Z: openssl 3.0", "2026-03-02T10:00:00Z: early 1, openssl 3.0",
          "2026-03-03T10:01:00Z: early 1, lib 1, openssl 3.0",
          "2026-03-03T10:02:00Z: early 1, lib 1, nano 8.1, openssl 3.0",
          "2026-03-04T09:01:00Z: early 1, lib 1, nano 8.1, openssl 3.2",
          "2026-03-05T09:00:09Z: early 1, lib 1, openssl 3.2",
        ])
      let times = history.reports.map { $0.entries[0].captureTime }
      #expect(times == times.sorted() && times.count == 9)
    }
  }

  @Test func `each transaction is an item, without secrets`() throws {
    let (path, _) = try sample()
    let history = try imported([path], [openssl])
    let lists = history.reports.flatMap(\.entries).filter {
      $0.type == RpmImporter.transactionType
    }
    #expect(lists.map { $0.content?.count } == [1, 2, 3])
    #expect(
      lists.last?.content == [
        [
          "StartDate": "2026-03-03T10:00:00Z", "EndDate": "2026-03-03T10:05:00Z",
          "CommandLine": "install nano --setopt=proxy_password=[redacted]", "UserId": "1000",
          "Comment": "why", "ReleaseVersion": "9", "Result": "Done", "InstalledCount": "2",
          "Installed": "lib.noarch (1-1, dependency), nano.x86_64 (8.1-1)",
        ],
        [
          "StartDate": "2026-03-04T09:00:00Z", "EndDate": "2026-03-04T09:10:00Z",
          "CommandLine": "upgrade", "ReleaseVersion": "9", "Result": "Done",
          "Upgraded": "openssl.x86_64 (1:3.0-2, 1:3.2-6)", "UpgradedCount": "1",
          "Marked": "lib.noarch (1-1, user)", "MarkedCount": "1",
        ],
        [
          "StartDate": "2026-03-05T09:00:00Z", "EndDate": "2026-03-05T09:00:09Z",
          "ReleaseVersion": "9", "Result": "Failed", "Removed": "nano.x86_64 (8.1-1)",
          "RemovedCount": "1", "Failed": "lib.noarch (1-1, clean)", "FailedCount": "1",
        ],
      ])
  }

  @Test func `a time that is no number of seconds of this world is a warning`() throws {
    let insert = "INSERT INTO trans VALUES"
    let path = try make(
      "\(insert) (1, \(Int64.max), NULL, '9', 0, 'x', 1, ''), (2, \(Int64.min), 5, '9', 0, 'x', 1, '');"
        + "\(insert) (3, \(at("2026-03-03 10:00:00")), \(Int64.max), '9', 0, 'x', 1, '');",
      [[1, 1, 1, 2, 1]])
    let history = try imported([path])
    for id in 1...3 {
      let sentence = "\(path): transaction \(id) has no time in the years 2000 to 2099"
      #expect(history.warnings.contains(sentence))
    }
  }

  @Test func `what has no end, no time or no sense is a warning`() throws {
    let path = try make(
      transaction(1, "2026-03-03 10:00:00", nil) + transaction(2, "1999-03-03 10:00:00", nil)
        + transaction(3, "2027-03-03 10:00:00", "2027-03-03 10:00:00")
        + transaction(4, "2026-03-04 10:00:00", "2026-03-04 09:00:00"),
      [[1, 1, 1, 2, 1], [2, 1, 1, 2, 1], [4, 5, 1, 2, 1], [4, 1, 99, 2, 1], [4, 4, 1, 2, 1]],
      packages: Self.packages + "INSERT INTO rpm VALUES (5, x'', 0, '1', '1', 'noarch');")
    let history = try imported([path])
    #expect(states(history) == ["2026-03-04T09:59:59Z: ", "2026-03-04T10:00:00Z: lib 1"])
    #expect(
      history.warnings == [
        "\(path): transaction 2 has no time in the years 2000 to 2099",
        "\(path): transaction 4 has a package that lacks a part",
        "\(path): transaction 4 does something unknown with nano-0:8.1-1.x86_64",
        "\(path): transaction 1 never came to its end and is left out",
        "\(path): transactions left out because they are later than the present state of"
          + " 2027-01-01T00:00:00Z: 1",
        "lib-0:1-1.noarch: the log ends with 0:1-1 installed, now it is nothing",
      ])
  }

  @Test func `bytes that are no text are replaced`() throws {
    let path = try make(
      "INSERT INTO trans VALUES (1, \(at("2026-03-03 10:00:00")), \(at("2026-03-03 10:00:00")), '9',"
        + " 0, CAST(x'61ff' AS TEXT), 1, NULL);", [[1, 1, 1, 2, 1]])
    let list = try imported([path]).reports.flatMap(\.entries).last
    #expect(list?.content?.first?["CommandLine"] == "a\u{fffd}")
    #expect(list?.content?.first?["UserId"] == "0")
  }

  @Test func `what is no history of dnf is an error that names the file`() throws {
    func message(_ path: String) -> String? {
      do {
        _ = try imported([path])
        return nil
      } catch { return String(describing: error) }
    }
    let other = try make(
      "", [], named: "other", packages: "", tables: "CREATE TABLE trans (id, dt_begin);")
    #expect(message(other) == "\(other) is no history of dnf")
    let view = try make(
      "", [], named: "view", packages: "",
      tables: Self.tables + "ALTER TABLE rpm RENAME TO r; CREATE VIEW rpm AS SELECT * FROM r;")
    #expect(message(view) == "\(view) is no history of dnf")
    let path = try sample().history
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let cut = try tree.write("cut", bytes.prefix(bytes.count / 2))
    #expect(message(cut)?.hasPrefix("\(cut) is damaged") == true)
    // A log as a database begins is none.
    let fake = try tree.write("fake", "SQLite format 3\u{0}" + String(repeating: "x", count: 5000))
    #expect(message(fake) == "\(fake) is no SQLite database")
    let head = try tree.write("head", "SQLite format 3")
    #expect(throws: CollectorError.self) { try imported([head]) }
    #expect(mkfifo(tree.path("pipe"), 0o600) == 0)
    #expect(message(tree.path("pipe"))?.contains("is no regular file") == true)
  }

  private static let tables5 = """
    CREATE TABLE trans (id INTEGER PRIMARY KEY, dt_begin INTEGER NOT NULL, dt_end INTEGER,
      releasever TEXT NOT NULL, user_id INTEGER NOT NULL, description TEXT, state_id INTEGER,
      comment TEXT);
    CREATE TABLE trans_item (id INTEGER PRIMARY KEY, trans_id INTEGER, item_id INTEGER,
      repo_id INTEGER, action_id INTEGER, reason_id INTEGER, state_id INTEGER);
    CREATE TABLE pkg_names (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE archs (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE rpm (item_id INTEGER UNIQUE, name_id INTEGER, epoch INTEGER, version TEXT,
      release TEXT, arch_id INTEGER);
    INSERT INTO pkg_names VALUES (1, 'nano'), (2, 'openssl'), (3, 'lib'), (4, 'newlib');
    INSERT INTO archs VALUES (1, 'x86_64'), (2, 'noarch');
    INSERT INTO rpm VALUES (1, 1, 0, '8.1', '1', 1), (2, 2, 1, '3.0', '2', 1),
      (3, 2, 1, '3.2', '6', 1), (4, 3, 0, '1', '1', 2), (5, 4, 0, '1', '1', 2);
    """

  @Test func `the history of dnf 5 says the same in other tables`() throws {
    let transactions =
      transaction(
        1, "2026-03-03 09:00:00", "2026-03-03 09:00:10", command: "dnf5 install", state: 2)
      + transaction(2, "2026-03-04 09:00:00", "2026-03-04 09:00:10", state: 2)
      + transaction(3, "2026-03-05 09:00:00", "2026-03-05 09:00:10", state: 3)
      + transaction(4, "2026-03-06 09:00:00", nil, state: 1)
    let steps = [
      [1, 1, 1, 2, 2], [1, 4, 1, 1, 2],
      [2, 3, 2, 2, 2], [2, 2, 6, 2, 2], [2, 5, 1, 1, 2], [2, 4, 6, 1, 2],
      [3, 1, 5, 2, 2], [3, 5, 4, 1, 2], [3, 5, 6, 1, 2], [3, 3, 5, 2, 3],
    ]
    let path = try make(
      transactions, steps,
      named: "transaction_history.sqlite", packages: "", tables: Self.tables5,
      columns: "action_id, reason_id, state_id")
    let newlib: Item = [
      "Name": "newlib", "Version": "1", "Release": "1", "Epoch": "0", "Architecture": "noarch",
    ]
    let history = try imported([path], [openssl, newlib])
    #expect(
      states(history) == [
        "2026-03-03T09:00:09Z: openssl 3.0", "2026-03-03T09:00:10Z: lib 1, nano 8.1, openssl 3.0",
        "2026-03-04T09:00:10Z: nano 8.1, newlib 1, openssl 3.2",
        "2026-03-05T09:00:10Z: newlib 1, openssl 3.2",
      ])
    let rows = history.reports.flatMap(\.entries).last { $0.type == RpmImporter.transactionType }
    let all = rows?.content ?? []
    #expect(all.map { $0["Result"] } == ["Done", "Done", "Failed"])
    #expect(all.first?["CommandLine"] == "dnf5 install")
    #expect(all.dropFirst().first?["Upgraded"] == "openssl.x86_64 (1:3.0-2, 1:3.2-6)")
    #expect(all.dropFirst().first?["Obsoleted"] == "lib.noarch (1-1)")
    #expect(all.last?["Failed"] == "openssl.x86_64 (1:3.2-6)")
    #expect(history.warnings.count == 1, "\(history.warnings)")
  }
}
