import Foundation
import HistoryStore
import Inventory
import SQLite
import Testing

@testable import InventorySQL

/// Each table gives what the library answers, at random times as known at random times.
@Suite struct TableTests {
  private static func state(
    _ fleet: Fleet, _ node: NodeID, _ type: TypeName, _ at: Instant, _ knownAt: Instant?
  ) throws -> InventoryState? {
    do throws(StoreError) {
      return try fleet.store.state(of: node, type: type, at: at, knownAt: knownAt)
    } catch {
      guard error.code == .unknownName else { throw error }
      return nil
    }
  }

  private static func moments(_ fleet: Fleet, _ count: Int) -> [(at: Instant, knownAt: Instant?)] {
    (0..<count).map { index in (fleet.time(), index % 2 == 0 ? nil : fleet.time()) }
  }

  private static func arguments(_ at: Instant, _ knownAt: Instant?) -> String {
    "'\(at)'" + (knownAt.map { ", '\($0)'" } ?? "")
  }

  @Test(arguments: UInt64(0)..<6)
  func states(_ seed: UInt64) throws {
    let fleet = try Fleet(seed: seed)
    for (at, knownAt) in Self.moments(fleet, 8) {
      var expected: [[SQLValue]] = []
      for node in fleet.nodes {
        guard let state = try Self.state(fleet, node, .application, at, knownAt) else { continue }
        for item in state.items {
          expected.append([
            .text(node.text), SQLValue(item["Name"]), SQLValue(item["Version"]),
            SQLValue(item["InstalledTime"]), SQLValue(state.lastConfirmed ?? state.observedAt),
          ])
        }
      }
      let columns = "resourceid, name, version, installedtime, capturetime"
      let table = "aws_application(\(Self.arguments(at, knownAt)))"
      #expect(sorted(try fleet.rows("select \(columns) from \(table)")) == sorted(expected))
      // The same by the query's own times, and by conditions on the arguments.
      #expect(
        sorted(
          try fleet.rows("select \(columns) from aws_application", at: at, knownAt: knownAt))
          == sorted(expected))
      let known = knownAt.map { "and known_at = '\($0)'" } ?? ""
      #expect(
        sorted(try fleet.rows("select \(columns) from aws_application where at = '\(at)' \(known)"))
          == sorted(expected))
      // Found by name and by node, with and without what holders do not know.
      for name in ["openssl", "O'Brien", "none"] {
        let quoted = name.replacingOccurrences(of: "'", with: "''")
        let named = expected.filter { $0[1] == .text(name) }
        #expect(
          sorted(try fleet.rows("select \(columns) from \(table) where name = '\(quoted)'"))
            == sorted(named))
        #expect(
          sorted(
            try fleet.rows("select resourceid, version from \(table) where name = '\(quoted)'"))
            == sorted(named.map { [$0[0], $0[2]] }))
        let node = fleet.node()
        #expect(
          sorted(
            try fleet.rows(
              "select version from \(table) where name in ('\(quoted)', 'bash') and resourceid = '\(node)'"
            ))
            == sorted(
              expected.filter {
                $0[0] == .text(node.text) && [.text(name), "bash"].contains($0[1])
              }.map { [$0[2]] }))
      }
      let pair = [fleet.node(), fleet.node()]
      #expect(
        sorted(
          try fleet.rows(
            "select \(columns) from \(table) where resourceid in ('\(pair[0])', '\(pair[1])', 'nobody')"
          ))
          == sorted(expected.filter { row in pair.contains { .text($0.text) == row[0] } }))
    }
  }

  @Test(arguments: UInt64(10)..<14)
  func itemsAndCoverage(_ seed: UInt64) throws {
    let fleet = try Fleet(seed: seed)
    for (at, knownAt) in Self.moments(fleet, 6) {
      var items: [[SQLValue]] = []
      var coverage: [[SQLValue]] = []
      for node in fleet.nodes
      where try !fleet.rows("select 1 from nodes where id = '\(node)'").isEmpty {
        for type in Fleet.types {
          guard let state = try Self.state(fleet, node, type, at, knownAt) else { continue }
          coverage.append([
            .text(node.text), .text(type.text), .text(state.knowledge.rawValue),
            SQLValue(state.observedAt), SQLValue(state.lastConfirmed),
            SQLValue(state.nextObserved),
          ])
          for item in state.items {
            items.append([
              .text(node.text), .text(type.text), SQLValue(item["Version"]), SQLValue(json: item),
            ])
          }
        }
      }
      let arguments = Self.arguments(at, knownAt)
      #expect(
        sorted(
          try fleet.rows("select resourceid, type, version, attributes from items(\(arguments))"))
          == sorted(items))
      #expect(
        sorted(
          try fleet.rows(
            "select resourceid, type, knowledge, observed_at, last_confirmed, next_observed from coverage(\(arguments))"
          )) == sorted(coverage))
      #expect(
        sorted(
          try fleet.rows(
            "select resourceid, attributes from items(\(arguments)) where name = 'bash' and type = 'AWS:Application'"
          ))
          == sorted(
            items.filter {
              $0[1] == "AWS:Application" && "\($0[3])".contains(#"\"Name\":\"bash\""#)
            }.map { [$0[0], $0[3]] }))
    }
  }

  private static func row(_ change: Change) -> [SQLValue] {
    [
      .integer(Int64(change.sequence.value)), SQLValue(change.validTime),
      SQLValue(change.recordedTime), .text(change.node.text), .text(change.type.text),
      .text(change.kind.rawValue), SQLValue(change.old?["Version"]),
      SQLValue(change.new?["Version"]), SQLValue(json: change.old), SQLValue(json: change.new),
    ]
  }

  @Test(arguments: UInt64(20)..<24)
  func changes(_ seed: UInt64) throws {
    let fleet = try Fleet(seed: seed)
    let columns =
      "seq, valid_at, recorded_at, resourceid, type, change, version_before, version_after, before, after"
    let fed = try fleet.store.changes(after: .zero, limit: .max, in: .local).map(Self.row)
    #expect(!fed.isEmpty)
    #expect(sorted(try fleet.rows("select \(columns) from feed")) == sorted(fed))
    #expect(
      sorted(try fleet.rows("select \(columns) from feed where seq > 20 and seq <= 30"))
        == sorted(fed.filter { $0[0].asInteger! > 20 && $0[0].asInteger! <= 30 }))
    let all = try fleet.store.changes(
      from: .distantPast, to: .distantFuture, in: .local
    ).map(Self.row)
    #expect(sorted(try fleet.rows("select \(columns) from changes")) == sorted(all))
    #expect(
      sorted(try fleet.rows("select \(columns) from changes where seq > 20 and change = 'added'"))
        == sorted(all.filter { $0[0].asInteger! > 20 && $0[5] == "added" }))
    for _ in 0..<6 {
      let (a, b) = (fleet.time(), fleet.time())
      let (from, to) = (min(a, b), max(a, b).advanced(bySeconds: 1))
      let ranged = try fleet.store.changes(from: from, to: to, in: .local).map(Self.row)
      let range = "valid_at >= '\(from)' and valid_at < '\(to)'"
      #expect(
        sorted(try fleet.rows("select \(columns) from changes where \(range)")) == sorted(ranged))
      #expect(
        sorted(
          try fleet.rows(
            "select \(columns) from changes where \(range) and type = 'AWS:Application' and change = 'removed'"
          ))
          == sorted(ranged.filter { $0[4] == "AWS:Application" && $0[5] == "removed" }))
      let node = fleet.node()
      #expect(
        sorted(
          try fleet.rows("select \(columns) from changes where \(range) and resourceid = '\(node)'")
        )
          == sorted(ranged.filter { $0[3] == .text(node.text) }))
      // As known earlier, a range and a node agree.
      let known = "known_at = '\(fleet.time())'"
      #expect(
        sorted(
          try fleet.rows("select \(columns) from changes where \(range) and \(known)")
            .filter { $0[3] == .text(node.text) })
          == sorted(
            try fleet.rows(
              "select \(columns) from changes where \(range) and \(known) and resourceid = '\(node)'"
            )))
    }
  }

  @Test func timesOfChangesAreComparedAsText() throws {
    let fleet = try Fleet(seed: 30)
    let all = try fleet.rows("select valid_at from changes")
    for text in ["2026", "2026-03", "2026-03-04", "2026-03-04T12", "2026-03-04T12:00:00Z"] {
      for comparison in [">", ">=", "<", "<=", "="] {
        let fits: (String) -> Bool = { time in
          switch comparison {
          case ">": time > text
          case ">=": time >= text
          case "<": time < text
          case "<=": time <= text
          default: time == text
          }
        }
        #expect(
          sorted(
            try fleet.rows("select valid_at from changes where valid_at \(comparison) '\(text)'"))
            == sorted(all.filter { fits($0[0].asText!) }), "\(comparison) \(text)")
      }
    }
    for text in ["3 days ago", "yesterday", "2026-03-04 12:00", "2026-03-04T12:00:00+01:00", "x"] {
      let error = #expect(throws: SQLError.self) {
        try fleet.rows("select 1 from changes where valid_at > '\(text)'")
      }
      #expect(error?.code == .invalidArgument && error?.message.contains("instant(") == true)
    }
    #expect(
      sorted(
        try fleet.rows("select valid_at from changes where valid_at > instant('2026-03-04 12:00')"))
        == sorted(all.filter { $0[0].asText! > "2026-03-04T12:00:00Z" }))
  }

  @Test(arguments: UInt64(40)..<44)
  func questionsAboutTheFleet(_ seed: UInt64) throws {
    let fleet = try Fleet(seed: seed)
    let store = fleet.store
    for _ in 0..<5 {
      let (a, b) = (fleet.time(), fleet.time())
      let (from, to) = (min(a, b), max(a, b).advanced(bySeconds: 3600))
      #expect(
        sorted(
          try fleet.rows(
            "select resourceid, type, version, valid_from, valid_to from holders('openssl', '\(from)', '\(to)')"
          ))
          == sorted(
            try store.holders(
              of: "openssl", type: .application, version: nil, from: from, to: to, in: .local
            ).map {
              [
                .text($0.node.text), .text($0.type.text), SQLValue($0.version), SQLValue($0.from),
                SQLValue($0.to),
              ]
            }))
      #expect(
        sorted(try fleet.rows("select name, version, nodes from rollup('Application', '\(a)')"))
          == sorted(
            try store.rollup(type: .application, at: a, in: .local).map {
              [SQLValue($0.item["Name"]), SQLValue($0.version), .integer(Int64($0.nodes))]
            }))
      #expect(
        sorted(
          try fleet.rows(
            "select time, version, nodes from rollout('openssl', '\(from)', '\(to)', '6 hours')"))
          == sorted(
            try store.rollout(
              of: "openssl", type: .application,
              at: stride(from: from.seconds, to: to.seconds, by: 21600).map {
                Instant(seconds: $0)
              },
              in: .local
            ).flatMap { step in
              step.nodesByVersion.map { [SQLValue(step.at), .text($0), .integer(Int64($1))] }
            }))
      let node = fleet.node()
      let differences = try store.diff(of: node, from: from, to: to, in: .local)
      #expect(
        sorted(
          try fleet.rows(
            "select type, change, before, after from diff('\(node)', '\(from)', '\(to)')"))
          == sorted(
            differences.flatMap { type in
              type.differences.map {
                [
                  .text(type.type.text), .text($0.kind.rawValue), SQLValue(json: $0.old),
                  SQLValue(json: $0.new),
                ]
              }
            }))
      let other = fleet.node()
      #expect(
        try fleet.rows("select count(*) from diff_nodes('\(node)', '\(other)', '\(a)')")
          == [
            [
              .integer(
                Int64(
                  try store.diff(node, other, at: a, in: .local).reduce(0) {
                    $0 + $1.differences.count
                  }))
            ]
          ])
    }
  }

  /// A join gives each table its own date.
  @Test func datesJoin() throws {
    let fleet = try Fleet(seed: 50)
    let days = "dates('2026-03-03', '2026-03-06', '1 day')"
    let joined = try fleet.rows(
      "select d.day, r.version, r.nodes from \(days) d, rollup('AWS:Application') r where r.at = d.day and r.name = 'openssl'"
    )
    var expected: [[SQLValue]] = []
    for day in ["2026-03-03", "2026-03-04", "2026-03-05"] {
      expected += try fleet.rows(
        "select '\(day)T00:00:00Z', version, nodes from rollup('AWS:Application', '\(day)') where name = 'openssl'"
      )
    }
    #expect(!expected.isEmpty && sorted(joined) == sorted(expected))
    // The other way round, which takes an order that the planner has to find.
    #expect(
      sorted(
        try fleet.rows(
          "select d.day, a.resourceid from aws_application a join \(days) d on a.at = d.day where a.name = 'bash'"
        ))
        == sorted(
          try ["2026-03-03", "2026-03-04", "2026-03-05"].flatMap { day in
            try fleet.rows(
              "select '\(day)T00:00:00Z', resourceid from aws_application('\(day)') where name = 'bash'"
            )
          }))
  }

  /// The right question about nodes without a package: unknown is not without.
  @Test func nodesWithout() throws {
    let fleet = try Fleet(seed: 60)
    let at = Fleet.start.advanced(bySeconds: 30 * 3600)
    let found = try fleet.rows(
      """
      select c.resourceid from coverage('\(at)') c
      left join aws_application('\(at)') a on a.resourceid = c.resourceid and a.name = 'openssl'
      where c.type = 'AWS:Application' and c.knowledge = 'observed' and a.name is null
      """)
    var expected: [[SQLValue]] = []
    for node in fleet.nodes {
      guard let state = try Self.state(fleet, node, .application, at, nil),
        state.knowledge == .observed, !state.items.contains(where: { $0["Name"] == "openssl" })
      else { continue }
      expected.append([.text(node.text)])
    }
    #expect(sorted(found) == sorted(expected) && !found.isEmpty)
  }

  @Test func namesOfColumns() throws {
    let fleet = try Fleet(seed: 70)
    // "Region" of the item, and the Region that every row has.
    #expect(
      try fleet.rows("select distinct item_region, region from custom_rack_info")
        == [["north", "local"]])
    #expect(
      try fleet.rows(
        "select table_name from information_schema.tables where table_name like 'custom%'")
        == [["custom_rack_info"]])
    #expect(
      try fleet.rows("select count(*) from aws_network") == [[.integer(0)]])
    #expect(
      try fleet.rows("select count(distinct resourceid) > 0 from ssminventory.aws_application") == [
        [.integer(1)]
      ])
  }

  @Test func tagsHaveAPast() throws {
    let fleet = try Fleet(seed: 75)
    let node = try NodeID("tagged")
    for (hours, value) in [(1, "test"), (30, "prod")] {
      let time = Fleet.start.advanced(bySeconds: Int64(hours) * 3600)
      _ = try fleet.store.changeTags(of: node, at: time) {
        $0 = Tags(stored: (["Env": value] as Item).attributes)
      }
    }
    for (hours, expected) in [(0, []), (2, ["test"]), (40, ["prod"])] as [(Int64, [SQLValue])] {
      let at = Fleet.start.advanced(bySeconds: hours * 3600)
      #expect(
        try fleet.rows(
          "select value from tags('\(at)') where resourceid = '\(node)' and key = 'Env'")
          == expected.map { [$0] })
      #expect(
        try fleet.rows("select tags ->> 'Env' from nodes('\(at)') where id = '\(node)'")
          == [expected.isEmpty ? [.null] : expected])
    }
  }

  @Test func oneSnapshot() throws {
    let fleet = try Fleet(seed: 80)
    var query = InventoryQuery("select a.resourceid from aws_application a, items b limit 3000")
    query.rowsMax = 2000
    var isFirst = true
    var count = 0
    let before = try fleet.store.lastSequence
    let end = try query.run(on: fleet.store, .local, now: fleet.store.now, columns: { _ in }) { _ in
      count += 1
      guard isFirst else { return true }
      isFirst = false
      let entry = Report.Entry(
        type: .application, captureTime: fleet.store.now,
        content: [["Name": "late", "Version": "1"]])
      for result in try fleet.store.record([Report(node: try NodeID("new"), entries: [entry])]) {
        _ = try result.get()
      }
      return true
    }
    #expect(end.sequence == before && end.rowCount == count)
    #expect(end.isTruncated == (count == 2000))
  }
}
