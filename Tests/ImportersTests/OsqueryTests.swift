import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

struct OsqueryTests {
  private func history(_ text: String, host: String? = nil) throws -> ImportedHistory {
    let tree = try TemporaryTree()
    return try OsqueryImporter(host: host).history(
      paths: [try tree.write("osqueryd.results.log", text)], node: NodeID("n"))
  }

  private func lines(_ history: ImportedHistory) -> [String] {
    history.reports.flatMap { report in
      report.entries.map { entry in
        let names = (entry.content ?? []).map { item in
          item.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
        }
        return "\(entry.captureTime.seconds) \(entry.type): " + names.joined(separator: ", ")
      }
    }
  }

  private func line(
    _ query: String, _ time: Int, _ counter: Int, _ action: String, _ columns: String,
    host: String = "h"
  ) -> String {
    #"{"name":"\#(query)","hostIdentifier":"\#(host)","calendarTime":"x","unixTime":\#(time),"#
      + #""epoch":0,"counter":\#(counter),"columns":{\#(columns)},"action":"\#(action)"}"# + "\n"
  }

  @Test func `differences become full states`() throws {
    let bash = #""name":"bash","version":"5.1","arch":"amd64","status":"install ok installed""#
    let new = bash.replacing("5.1", with: "5.2")
    let gone = #""name":"old","version":"1","arch":"all","status":"deinstall ok config-files""#
    let history = try history(
      line("pack/it/deb_packages", 1_700_000_000, 0, "added", bash)
        + line("pack/it/deb_packages", 1_700_000_000, 0, "added", gone)
        + line("pack_it_users", 1_700_000_000, 0, "added", Self.user)
        + line("pack/it/deb_packages", 1_700_000_100, 1, "removed", bash)
        + line("pack/it/deb_packages", 1_700_000_100, 1, "added", new)
        + line("My query!", 1_700_000_200, 0, "added", #""a":"1","b":2"#))
    let deb = "1700000000 AWS:Application: Architecture=x86_64 Name=bash"
    #expect(
      lines(history) == [
        deb + " PackageId=bash_5.1_amd64.deb Publisher= Version=5.1",
        "1700000000 Custom:User: FullName=root Gid=0 Home=/root Name=root Shell=/bin/sh"
          + " Uid=0",
        deb.replacing("0000 ", with: "0100 ")
          + " PackageId=bash_5.2_amd64.deb Publisher= Version=5.2",
        "1700000200 Custom:Osquery.My_query_: a=1 b=2",
      ])
    #expect(history.warnings.isEmpty && history.recordsRead == 6)
    #expect(history.knownFrom == Instant(seconds: 1_700_000_000))
  }

  private static let user =
    #""uid":"0","gid":"0","username":"root","description":"root","directory":"/root","#
    + #""shell":"/bin/sh""#

  @Test func `snapshots and batches are states, empty ones too`() throws {
    func batch(_ time: Int, _ counter: Int, _ results: String) -> String {
      #"{"diffResults":\#(results),"name":"q","hostIdentifier":"h","unixTime":"\#(time)","#
        + #""epoch":3,"counter":\#(counter)}"# + "\n"
    }
    let history = try history(
      #"{"snapshot":[{"name":"tcp"}],"action":"snapshot","name":"s","unixTime":1700000000}"# + "\n"
        + #"{"snapshot":[],"action":"snapshot","name":"s","unixTime":1700000001}"# + "\n"
        + #"{"snapshot":[],"action":"snapshot","name":"s","unixTime":1700000002}"# + "\n"
        + batch(1_700_000_003, 0, #"{"added":[{"a":"1"},{"a":"2"}],"removed":""}"#)
        + batch(1_700_000_004, 7, #"{"added":[{"a":"3"}],"removed":[{"a":"1"}]}"#), host: nil)
    #expect(history.warnings.isEmpty)
    let expected = [
      "1700000000 Custom:Osquery.s: name=tcp", "1700000001 Custom:Osquery.s: ",
      "1700000003 Custom:Osquery.q: a=1, a=2", "1700000004 Custom:Osquery.q: a=2, a=3",
    ]
    #expect(lines(history) == expected)
  }

  @Test func `a beginning that is missing makes no state until osquery begins anew`() throws {
    let history = try history(
      line("q", 1_700_000_000, 4, "added", #""a":"1""#)
        + line("q", 1_700_000_001, 5, "added", #""a":"2""#)
        + line("q", 1_700_000_002, 0, "added", #""a":"3""#)
        + line("q", 1_700_000_003, 1, "removed", #""a":"9""#)
        + line("file_events", 1_700_000_004, 1, "added", #""a":"9""#)
        + line("q", 1_700_000_003, 2, "added", #""a":"4""#))
    #expect(
      lines(history) == [
        "1700000002 Custom:Osquery.q: a=3", "1700000003 Custom:Osquery.q: a=3, a=4",
      ])
    #expect(history.warnings.count == 3)
    #expect(history.warnings[0].contains("line 1: the beginning of q is missing"))
    #expect(history.warnings[1].contains("line 4 removes a row of q that is not there"))
    #expect(history.warnings[2].contains("file_events lists events"))
  }

  @Test func `several hosts are told apart or refused`() throws {
    let text =
      line("q", 1_700_000_000, 0, "added", #""a":"1""#, host: "one")
      + line("q", 1_700_000_000, 0, "added", #""a":"2""#, host: "two")
    #expect(lines(try history(text, host: "two")) == ["1700000000 Custom:Osquery.q: a=2"])
    let error = #expect(throws: CollectorError.self) { try history(text) }
    #expect(error?.message.contains("one, two") == true)
  }

  @Test(arguments: [0, 1, 2])
  func `random tables give their true states however they are logged`(form: Int) throws {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let first = given ?? UInt64.random(in: 0...UInt64.max)
    print("seed \(first); STOCKTAKE_SEED repeats it")
    let tree = try TemporaryTree()
    for round in 0..<30 {
      var random = SplitMix64(seed: first &+ UInt64(round))
      var (rows, text, time, counter) = (Set<Int>(), "", 1_700_000_000, 0)
      var states: [Int: Set<Int>] = [:]
      for step in 0..<30 {
        var next = rows
        for _ in 0..<3 {
          let row = Int.random(in: 0..<9, using: &random)
          if next.remove(row) == nil { next.insert(row) }
        }
        if step == 0 { next.insert(1) }
        // A database that is deleted begins anew with all rows.
        let isAnew = step > 0 && Int.random(in: 0..<10, using: &random) == 0 && !next.isEmpty
        if isAnew { counter = 0 }
        let (added, removed) =
          isAnew ? (next, []) : (next.subtracting(rows), rows.subtracting(next))
        func list(_ rows: Set<Int>) -> String {
          "[" + rows.map { #"{"a":"\#($0)"}"# }.joined(separator: ",") + "]"
        }
        let head =
          #""name":"q","hostIdentifier":"h","unixTime":\#(time),"epoch":1,"counter":\#(counter)"#
        switch form {
        case 0:
          for row in added.sorted() {
            text += #"{\#(head),"action":"added","columns":{"a":"\#(row)"}}"# + "\n"
          }
          for row in removed.sorted() {
            text += #"{\#(head),"action":"removed","columns":{"a":"\#(row)"}}"# + "\n"
          }
        case 1:
          text +=
            #"{\#(head),"diffResults":{"added":\#(list(added)),"removed":\#(list(removed))}}"#
            + "\n"
        default:
          text += #"{\#(head),"action":"snapshot","snapshot":\#(list(next))}"# + "\n"
        }
        states[time] = next
        rows = next
        time += Int.random(in: 1...50, using: &random)
        counter += Int.random(in: 1...3, using: &random)
      }
      let bytes = Array(text.utf8)
      let whole = try tree.write("log", bytes)
      let history = try OsqueryImporter().history(paths: [whole], node: NodeID("n"))
      #expect(history.warnings.isEmpty, "seed \(first) round \(round)")
      var observed: [Int: Set<Int>] = [:]
      for entry in history.reports.flatMap(\.entries) {
        observed[Int(entry.captureTime.seconds)] = Set(
          (entry.content ?? []).compactMap { $0["a"].flatMap { Int($0) } })
      }
      var last: Set<Int> = []
      for second in 1_700_000_000..<time {
        last = observed[second] ?? last
        if let truth = states[second] {
          #expect(last == truth, "seed \(first) round \(round) second \(second)")
        } else {
          #expect(observed[second] == nil)
        }
      }
      // The same in pieces that repeat each other.
      let newlines = bytes.indices.filter { bytes[$0] == 0x0a }
      let cut = (newlines.randomElement(using: &random) ?? 0) + 1
      let again = try OsqueryImporter().history(
        paths: [
          whole, try tree.write("new", bytes[cut...]), try tree.write("old", bytes[..<cut]),
        ].shuffled(using: &random), node: NodeID("n"))
      #expect(Array(again.reports) == Array(history.reports), "seed \(first) round \(round)")
    }
  }

  @Test func `damaged lines are warnings, whatever their bytes`() throws {
    var random = SplitMix64(seed: 11)
    let good = line("q", 1_700_000_000, 0, "added", #""a":"1""#)
    let tree = try TemporaryTree()
    for count in 0..<good.utf8.count - 1 {
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let path = try tree.write(
        "log", Array(good.utf8) + noise + [0x0a] + Array(good.utf8.prefix(count)))
      let history = try OsqueryImporter().history(paths: [path], node: NodeID("n"))
      #expect(lines(history) == ["1700000000 Custom:Osquery.q: a=1"], "\(count) bytes")
      if count > 2 { #expect(history.warnings.count >= 1, "\(count) bytes") }
    }
    let deep = String(repeating: #"{"a":"#, count: 10_000) + "\n"
    #expect(try history(deep).warnings.count == 1)
    #expect(try history(#"{"name":"q","unixTime":1e300,"action":"added"}"#).warnings.count == 1)
  }

  @Test func `a line of 50 MB is a warning`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write("log", Data(repeating: UInt8(ascii: "["), count: 50_000_000))
    let history = try OsqueryImporter().history(paths: [path], node: NodeID("n"))
    #expect(history.warnings.count == 1)
  }
}
