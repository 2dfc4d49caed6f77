import Foundation
import Testing

@testable import SQLite

/// Rows in memory with an index on one column, which counts how it was read.
private final class ListTable: VirtualTable {
  let name: String
  let columns: [VirtualColumn]
  private let list: [[SQLValue]]
  private(set) var scans = 0
  private(set) var lookups = 0
  var usesIndex = true

  init(_ name: String, _ columns: [VirtualColumn], _ list: [[SQLValue]]) {
    self.name = name
    self.columns = columns
    self.list = list
  }

  func plan(_ request: PlanRequest) -> Plan? {
    for condition in request.conditions
    where columns[condition.column].isHidden && condition.comparison == .equal {
      guard condition.isUsable else { return nil }
    }
    let key = request.conditions.firstIndex {
      $0.column == 0 && $0.comparison == .equal && $0.isUsable
    }
    guard let key, usesIndex else { return Plan(cost: 1e6, rows: 1_000_000, words: "scan") }
    var plan = Plan(cost: 10, rows: 10, words: "look-up")
    plan.uses = [Plan.Use(key, isExact: false, takesList: true)]
    return plan
  }

  func rows(_ bounds: Bounds) -> any RowSource {
    guard let values = bounds.values(of: 0) else {
      scans += 1
      return MadeRows(list)
    }
    lookups += 1
    return MadeRows(list.filter { values.contains($0[0]) })
  }
}

private struct Broken: Error, Equatable {}

/// A table that fails at its third row.
private final class BrokenTable: VirtualTable {
  let name = "broken"
  let columns = [VirtualColumn("a")]
  func plan(_ request: PlanRequest) -> Plan? { Plan(cost: 1, rows: 1, words: "") }
  func rows(_ bounds: Bounds) -> any RowSource { Source() }

  private final class Source: RowSource {
    private var count = 0
    func next() throws -> Bool {
      count += 1
      if count == 3 { throw Broken() }
      return true
    }
    func column(_ index: Int, to result: borrowing SQLResult) { result.set(Int64(count)) }
  }
}

@Suite struct SQLEngineTests {
  private static func rows(_ sql: String, on engine: SQLEngine) throws -> [[SQLValue]] {
    let statement = try SQLStatement(sql, on: engine)
    var rows: [[SQLValue]] = []
    while try statement.step() { rows.append(statement.row) }
    return rows
  }

  private static func engine(_ limits: SQLLimits = SQLLimits()) throws -> (SQLEngine, ListTable) {
    let engine = try SQLEngine(limits: limits)
    let table = ListTable(
      "t", [VirtualColumn("a"), VirtualColumn("b", .integer)],
      [
        [.text("x"), .integer(1)], [.text("y"), .integer(2)], [.text("x"), .integer(3)],
        [.null, .integer(4)], [.text("Ü\u{0}z"), .null],
      ])
    engine.add(table)
    return (engine, table)
  }

  @Test func valuesOfAllKindsPass() throws {
    let (engine, _) = try Self.engine()
    #expect(
      try Self.rows("select a, b from t", on: engine) == [
        [.text("x"), .integer(1)], [.text("y"), .integer(2)], [.text("x"), .integer(3)],
        [.null, .integer(4)], [.text("Ü\u{0}z"), .null],
      ])
    let statement = try SQLStatement("select ?, ?, ?, ?, ''", on: engine)
    let values: [SQLValue] = [.null, .real(1.5), .blob([0, 255]), .text("a\u{0}b")]
    for (index, value) in values.enumerated() { statement.bind(value, to: index + 1) }
    #expect(try statement.step())
    #expect(statement.row == values + [.text("")])
    #expect(try !statement.step())
  }

  @Test func conditionsReachTheTable() throws {
    let (engine, table) = try Self.engine()
    #expect(try Self.rows("select b from t where a = 'x'", on: engine).count == 2)
    #expect(try Self.rows("select b from t where a in ('x', 'y', 'x')", on: engine).count == 3)
    #expect(try Self.rows("select b from t where a = 'x' or a = 'y'", on: engine).count == 3)
    #expect(table.lookups == 3 && table.scans == 0)
    // Another order of letters than the table's is not its own.
    #expect(
      try Self.rows("select b from t where a = 'X' collate nocase", on: engine).count == 2)
    #expect(table.scans == 1)
    #expect(try Self.rows("select b from t where a is null", on: engine) == [[.integer(4)]])
    #expect(try Self.rows("select b from t where a = null", on: engine) == [])
  }

  @Test(
    "nothing but reading gets through",
    arguments: [
      "create table x(a)", "insert into t values (1, 2)", "delete from t", "update t set a = 1",
      "drop table t", "attach ':memory:' as other", "attach 'file' as other", "detach main",
      "pragma journal_mode = off", "pragma table_info(t)", "vacuum", "vacuum into 'file'",
      "begin", "commit", "savepoint a", "analyze", "create view v as select 1",
      "create temp table x(a)", "create virtual table x using t", "alter table t rename to u",
      "select load_extension('x')", "select * from pragma_table_info('t')",
      "replace into t values (1, 2)", "with x as (select 1) insert into t select * from x, x",
    ])
  func writes(_ sql: String) throws {
    let (engine, _) = try Self.engine()
    let error = #expect(throws: SQLError.self) { try Self.rows(sql, on: engine) }
    #expect(error?.code == .notAllowed || error?.code == .syntax, "\(sql)")
    // It goes on.
    #expect(try Self.rows("select 1", on: engine) == [[.integer(1)]])
  }

  @Test func oneStatementAtATime() throws {
    let (engine, _) = try Self.engine()
    for sql in ["select 1;", "select 1; -- more", "select 1 /* ; */ ; \n\t", "select 1;;; /* x"] {
      #expect(try Self.rows(sql, on: engine) == [[.integer(1)]], "\(sql)")
    }
    for (sql, offset) in [
      ("select 1; select 2", 10), ("select 1;--x\nx", 13), ("select 1;/* */ drop table t", 15),
    ] {
      let error = #expect(throws: SQLError.self) { try SQLStatement(sql, on: engine) }
      #expect(
        error?.code == .syntax && error?.offset == offset, "\(sql): \(String(describing: error))")
    }
    for sql in ["", " ", "-- x", "/* x", ";", "select 1\u{0}", "\u{0}"] {
      #expect(throws: SQLError.self) { try SQLStatement(sql, on: engine) }
    }
  }

  @Test func errorsNameTheirPlace() throws {
    let (engine, _) = try Self.engine()
    let error = #expect(throws: SQLError.self) {
      try SQLStatement("select nope from t", on: engine)
    }
    #expect(error == SQLError(.syntax, "no such column: nope", offset: 7))
    #expect(
      #expect(throws: SQLError.self) { try SQLStatement("select * from nope", on: engine) }?
        .message == "no such table: nope")
    // A text in double quotes is a name, and not a text where there is no such name.
    #expect(throws: SQLError.self) { try SQLStatement(#"select "nope" from t"#, on: engine) }
  }

  @Test func whatATableThrowsArrives() throws {
    let (engine, _) = try Self.engine()
    engine.add(BrokenTable())
    #expect(throws: Broken.self) { try Self.rows("select * from broken", on: engine) }
    #expect(try Self.rows("select a from broken limit 2", on: engine).count == 2)
    #expect(throws: SQLError.self) { try Self.rows("select nope from broken", on: engine) }
  }

  @Test func endlessQueriesEnd() throws {
    var limits = SQLLimits()
    limits.timeMax = .milliseconds(50)
    let (engine, _) = try Self.engine(limits)
    for sql in [
      "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
      "select count(*) from t a, t b, t c, t d, t e, t f, t g, t h, t i, t j, t k, t l, t m, t n",
    ] {
      let error = #expect(throws: SQLError.self) { try Self.rows(sql, on: engine) }
      #expect(error?.code == .timeLimit, "\(String(describing: error))")
    }
    #expect(try Self.rows("select 1", on: engine) == [[.integer(1)]])
  }

  @Test func whoStopsAQueryStopsIt() throws {
    let engine = try SQLEngine(isStopped: { true })
    let error = #expect(throws: SQLError.self) {
      try Self.rows(
        "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
        on: engine)
    }
    #expect(error?.code == .cancelled)
  }

  @Test func sizesHaveLimits() throws {
    var limits = SQLLimits()
    limits.valueBytesMax = 100_000
    limits.statementBytesMax = 10_000
    let (engine, _) = try Self.engine(limits)
    let deep = String(repeating: "(", count: 300) + "1" + String(repeating: ")", count: 300)
    let plus = "1" + String(repeating: "+1", count: 300)
    let joins = "select 1 from t" + (0..<70).map { ", t t\($0)" }.joined()
    let compound = "select 1" + String(repeating: " union all select 1", count: 60)
    for sql in [
      "select zeroblob(100001)", "select replace(hex(zeroblob(40000)), '0', 'xxxxxxxxxx')",
      "select group_concat(hex(zeroblob(40000))) from t", "select " + plus, joins, compound,
      "select '" + String(repeating: "x", count: 10_000) + "'",
      "select " + (0..<600).map { "\($0)" }.joined(separator: ","),
      "select ?100000",
    ] {
      #expect(throws: SQLError.self, "\(sql.prefix(80))") { try Self.rows(sql, on: engine) }
    }
    // Brackets alone make no depth.
    #expect(
      try Self.rows("select \(deep.prefix(90))1" + String(deep.suffix(90)), on: engine).count == 1)
  }

  @Test func functionsAndAggregates() throws {
    let (engine, _) = try Self.engine()
    engine.add(
      SQLFunction("twice", 1) { values throws(SQLError) in
        guard let number = values[0].asInteger else {
          throw SQLError(.invalidArgument, "twice takes a number")
        }
        return .integer(2 * number)
      })
    final class Longest: SQLFold {
      private(set) var value = SQLValue.null
      func take(_ arguments: [SQLValue]) {
        if (arguments[0].asText ?? "").count > (value.asText ?? "").count { value = arguments[0] }
      }
    }
    engine.add(SQLAggregate("longest", 1) { Longest() })
    #expect(try Self.rows("select twice(21)", on: engine) == [[.integer(42)]])
    let error = #expect(throws: SQLError.self) { try Self.rows("select twice('x')", on: engine) }
    #expect(error?.message == "twice takes a number")
    #expect(try Self.rows("select longest(a) from t", on: engine) == [[.text("Ü\u{0}z")]])
    #expect(try Self.rows("select longest(a) from t where 0", on: engine) == [[.null]])
    #expect(
      try Self.rows("select b % 2, longest(a) from t where b < 4 group by 1", on: engine) == [
        [.integer(0), .text("y")], [.integer(1), .text("x")],
      ])
  }

  /// The index changes how rows are found, and never which.
  @Test(arguments: 0..<20)
  func theIndexChangesNothing(_ seed: UInt64) throws {
    var generator = SystemRandomNumberGenerator()
    func pick(_ texts: [String]) -> String { texts.randomElement(using: &generator) ?? "" }
    let list = (0..<30).map { index in
      [
        SQLValue.text(pick(["a", "b", "c", "A", ""])),
        index % 7 == 0 ? .null : .integer(Int64(index % 5)),
      ]
    }
    let columns = [VirtualColumn("a"), VirtualColumn("b", .integer)]
    let engine = try SQLEngine()
    let indexed = ListTable("t", columns, list)
    let plain = ListTable("u", columns, list)
    plain.usesIndex = false
    engine.add(indexed)
    engine.add(plain)
    for _ in 0..<40 {
      let conditions = (0..<3).map { _ in
        pick([
          "x.a = 'a'", "x.a in ('a', 'b')", "x.a not in ('a')", "x.a = y.a", "x.b = y.b",
          "y.a in (select a from T where b = 1)", "x.a like 'a%'", "x.b > 2", "y.a is not 'c'",
          "x.a > y.a", "x.b is null", "x.a = 1", "y.a = 'b' or y.b = 1",
        ])
      }
      let join = pick(["join", "left join"])
      let limit = pick(["", " limit 5", " limit 3 offset 2"])
      let sql =
        "select x.a, x.b, y.a, y.b from T x \(join) T y on \(conditions[0]) where "
        + conditions[1...].joined(separator: pick([" and ", " or "])) + " order by 1, 2, 3, 4"
        + limit
      let text = { (name: String) in sql.replacingOccurrences(of: "T ", with: name + " ") }
      #expect(
        try Self.rows(text("t"), on: engine) == Self.rows(text("u"), on: engine), "\(sql)")
    }
  }
}
