import Foundation
import HistoryStore
import Inventory
import JSONTape
import SQLite
import Testing
import Times

@testable import InventorySQL

/// What a query says, and how it is answered.
@Suite struct QueryTests {
  private static func error(_ fleet: Fleet, _ sql: String) -> SQLError? {
    #expect(throws: SQLError.self, "\(sql)") { try fleet.rows(sql) }
  }

  /// The questions of the reference, and what their plans have to be.
  @Test(
    arguments: [
      (
        "select resourceid, version from aws_application where name = 'openssl'",
        "the holders of each name"
      ),
      (
        "select resourceid, version from aws_application('2026-03-03') where name = 'openssl'",
        "the holders of each name"
      ),
      (
        "select version from aws_application where at = '2026-03-03' and known_at = '2026-03-05' and name = 'openssl'",
        "the holders of each name"
      ),
      (
        "select * from aws_application('2026-03-03') where resourceid = 'web-1'",
        "the state of each node named"
      ),
      (
        "select n.id from nodes n left join aws_application a on a.resourceid = n.id and a.name = 'x' where a.name is null",
        "one node's items of a name, from their holders"
      ),
      (
        "select * from rollout('openssl', '2026-01-01', '2026-06-01', '1 week')",
        "the holders of the name at each time"
      ),
      (
        "select * from dates('2026-01-01') d, rollup('AWS:Application') r where r.at = d.day",
        "the newest row of each item"
      ),
      (
        "select name from rollup('AWS:Application') order by nodes desc limit 10",
        "the newest row of each item"
      ),
      (
        "select * from changes where valid_at between '2026-03-03' and '2026-03-04'",
        "what changed in a range of valid time"
      ),
      ("select * from feed where seq > 4711 limit 1000", "the log from a record on"),
      (
        "select a.resourceid from aws_application a join aws_application b on a.resourceid = b.resourceid where a.name = 'a' and b.name = 'b'",
        "one node's items of a name, from their holders"
      ),
      (
        "select a.name from aws_instanceinformation i join aws_application a on a.resourceid = i.resourceid where i.platformversion = '12'",
        "the state of each node named"
      ),
      (
        "select d.day, sum(cpucores) from dates('2026-01-01') d join aws_instancedetailedinformation i on i.at = d.day group by 1",
        "the states of all nodes, one by one"
      ),
      (
        "select * from items where type = 'Custom:Rack-Info' and attributes ->> 'Room' = 'B1'",
        "the states of all nodes, one by one"
      ),
      ("select * from aws_application where name in ('a', 'b')", "the holders of each name"),
    ])
  func plans(_ sql: String, _ words: String) throws {
    let fleet = try Fleet(seed: 1, reports: 20)
    let plan = try fleet.rows("explain query plan " + sql).map { $0[3].asText ?? "" }
    #expect(plan.contains { $0.contains("|" + words) }, "\(plan)")
  }

  @Test func parameters() throws {
    let fleet = try Fleet(seed: 2)
    var query = InventoryQuery(
      "select distinct version from aws_application(:at) where name = :name order by 1")
    query.named = ["at": "2026-03-04", "name": "openssl"]
    #expect(
      try fleet.rows(query)
        == fleet.rows(
          "select distinct version from aws_application('2026-03-04') where name = 'openssl' order by 1"
        ))
    query.named["more"] = "x"
    #expect(throws: SQLError(.parameter, "the statement has no parameter :more")) {
      try fleet.rows(query)
    }
    query.named = ["at": "2026-03-04"]
    #expect(throws: SQLError(.parameter, "the parameter name has no value")) {
      try fleet.rows(query)
    }
    query = InventoryQuery("select ? || ?")
    query.positional = ["a", .integer(1)]
    #expect(try fleet.rows(query) == [["a1"]])
    query.positional = ["a"]
    #expect(throws: SQLError.self) { try fleet.rows(query) }
    query.positional = ["a", "b", "c"]
    #expect(throws: SQLError.self) { try fleet.rows(query) }
  }

  @Test func argumentsThatAreNone() throws {
    let fleet = try Fleet(seed: 3, reports: 10)
    for (sql, words) in [
      ("select * from aws_application('whenever')", "at: \"whenever\" is no time"),
      ("select * from aws_application(x'00')", "at is a time"),
      ("select * from holders", "holders needs a name"),
      ("select * from rollout('x')", "rollout needs a name and a beginning"),
      ("select * from rollout('x', '2026-01-01', '2026-02-01', 'often')", "is no step of time"),
      ("select * from dates('1970-01-01', '2026-01-01', '1 minute')", "more than 10000 times"),
      ("select * from dates", "dates needs a beginning"),
      ("select * from diff('web-1')", "diff needs a node and a time"),
      ("select * from rollup('x:y')", "is no type"),
      ("select date_add('eon', 1, now())", "a unit of time"),
      ("select version_compare('1', '2', 'brew')", "'dpkg' and 'rpm' are known"),
    ] {
      let error = Self.error(fleet, sql)
      #expect(
        error?.code == .invalidArgument || error?.code == .tooLarge || error?.code == .syntax,
        "\(sql)")
      #expect(error?.message.contains(words) == true, "\(sql): \(error?.message ?? "")")
    }
    // What never was is no error.
    #expect(try fleet.rows("select * from diff('nobody', '2026-01-01')") == [])
    #expect(try fleet.rows("select * from holders('nothing')") == [])
    #expect(try fleet.rows("select * from aws_application where resourceid = ''") == [])
  }

  @Test func functions() throws {
    let fleet = try Fleet(seed: 4, reports: 2)
    for (sql, value) in [
      ("version_compare('1:1.0', '2.0')", .integer(1)),
      ("version_compare('1.0~rc1', '1.0')", .integer(-1)),
      ("version_compare('1.0-1', '1.0-1', 'rpm')", .integer(0)),
      ("version_compare('1.0~rc1-1', '1.0-1', 'rpm')", .integer(-1)),
      ("version_compare(null, '1')", .null),
      ("date_add('month', 1, '2026-01-31')", "2026-02-28T00:00:00Z"),
      ("date_add('day', -30, '2026-03-03T09:00:00Z')", "2026-02-01T09:00:00Z"),
      ("date_diff('day', '2026-01-01', '2026-03-03')", .integer(61)),
      ("date_diff('month', '2026-01-31', '2026-03-30')", .integer(1)),
      ("date_diff('month', '2026-03-30', '2026-01-31')", .integer(-1)),
      ("date_trunc('week', '2026-03-03T09:30:00Z')", "2026-03-02T00:00:00Z"),
      ("date_trunc('month', '2026-03-03T09:30:00Z')", "2026-03-01T00:00:00Z"),
      ("date_trunc('hour', '2026-03-03T09:30:00Z')", "2026-03-03T09:00:00Z"),
      ("instant('2026-03-03 09:00')", "2026-03-03T09:00:00Z"),
      ("from_unixtime(0)", "1970-01-01T00:00:00Z"),
      ("to_unixtime('1970-01-02')", .integer(86400)),
      ("strpos('Grüße', 'ße')", .integer(4)), ("strpos('abc', 'x')", .integer(0)),
      ("split_part('a-b-c', '-', 2)", "b"), ("split_part('a', '-', 2)", .null),
      ("starts_with('openssl', 'open')", .integer(1)),
      ("'A' like 'a'", .integer(0)), ("'openssl' like 'open%'", .integer(1)),
    ] as [(String, SQLValue)] {
      #expect(try fleet.rows("select " + sql) == [[value]], "\(sql)")
    }
    let values =
      "(select 1 as x, 'a' as y union all select 2, 'b' union all select 2, 'b' union all select null, null)"
    #expect(
      try fleet.rows(
        "select count_if(x = 2), approx_distinct(x), max_by(y, x), min_by(y, x), array_agg(x), arbitrary(y) from \(values)"
      ) == [[.integer(2), .integer(2), "b", "a", "[1,2,2,null]", "a"]])
  }

  @Test func bodies() throws {
    let times = TimeParser(zone: .utc, now: Fleet.start)
    func read(_ text: String) throws -> InventoryQuery {
      try InventoryQuery(json: try JSONValue(parsing: Array(text.utf8)), times: times)
    }
    let query = try read(
      #"{"sql":"select :a","parameters":{"a":"x"},"at":"2026-03-03","known-at":"now","limit":7,"timeout":5}"#
    )
    #expect(query.sql == "select :a" && query.named == ["a": "x"] && query.rowsMax == 7)
    #expect(query.at == Instant(rfc3339: "2026-03-03T00:00:00Z") && query.knownAt == Fleet.start)
    #expect(query.limits.timeMax == .seconds(5))
    #expect(try InventoryQuery(json: query.json, times: times).json == query.json)
    #expect(try read(#"{"sql":"select 1"}"#).rowsMax == 1000)
    #expect(
      try read(#"{"sql":"select ?","parameters":[1,null,true,1.5,"x"]}"#).positional
        == [.integer(1), .null, .integer(1), .real(1.5), "x"])
    for text in [
      "[]", "{}", #"{"sql":1}"#, #"{"sql":"","limit":0}"#, #"{"sql":"","limit":100001}"#,
      #"{"sql":"","limit":"5"}"#, #"{"sql":"","timeout":31}"#, #"{"sql":"","at":"whenever"}"#,
      #"{"sql":"","parameters":"x"}"#, #"{"sql":"","parameters":[[]]}"#, #"{"sql":"","more":1}"#,
    ] {
      #expect(throws: SQLError.self, "\(text)") { try read(text) }
    }
  }

  @Test func placesOfErrors() throws {
    let fleet = try Fleet(seed: 5, reports: 2)
    let sql = "select 1,\n  'ü', nope\nfrom types"
    #expect(
      Self.error(fleet, sql)?.sentence(in: sql) == "line 2, column 8: no such column: nope")
  }

  @Test func columnsAreToldApart() throws {
    let fleet = try Fleet(seed: 6, reports: 2)
    var names: [String] = []
    _ = try InventoryQuery("select 1 as a, 2 as a, 3 as a_2").run(
      on: fleet.store, .local, columns: { names = $0 }, row: { _ in true })
    #expect(Set(names).count == 3 && names[0] == "a")
  }
}
