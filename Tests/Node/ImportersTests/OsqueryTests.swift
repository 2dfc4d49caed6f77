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
    host: String = "h", epoch: Int = 0
  ) -> String {
    #"{"name":"\#(query)","hostIdentifier":"\#(host)","calendarTime":"x","unixTime":\#(time),"#
      + #""epoch":\#(epoch),"counter":\#(counter),"columns":{\#(columns)},"action":"\#(action)"}"#
      + "\n"
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
        + line("q", 1_700_000_003, 1, "added", #""a":"4""#)
        + line("file_events", 1_700_000_004, 1, "added", #""a":"9""#)
        + line("q", 1_700_000_005, 2, "removed", #""a":"9""#)
        + line("q", 1_700_000_006, 3, "added", #""a":"5""#))
    #expect(
      lines(history) == [
        "1700000002 Custom:Osquery.q: a=3", "1700000003 Custom:Osquery.q: a=3, a=4",
      ])
    #expect(history.warnings.count == 3)
    #expect(history.warnings[0].contains("line 1: the beginning of q is missing"))
    #expect(history.warnings[1].contains("file_events lists events"))
    #expect(
      history.warnings[2].contains(
        "line 6: q is unknown from here until it begins anew: it removes a row that is not there"))
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
        // None of the rows that were there would look like a difference.
        let isAnew =
          step > 0 && Int.random(in: 0..<10, using: &random) == 0 && !next.isDisjoint(with: rows)
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

  // MARK: What osquery is known to do

  private func row(_ value: Int) -> String { #""a":"\#(value)""# }

  /// The lines of one run: numbers above 0 are added, those below are removed.
  private func run(_ time: Int, _ counter: Int, _ rows: [Int], epoch: Int = 0) -> String {
    rows.map { value in
      line("q", time, counter, value > 0 ? "added" : "removed", row(abs(value)), epoch: epoch)
    }.joined()
  }

  /// The states as their second and the rows.
  private func states(_ history: ImportedHistory) -> [String] {
    lines(history).map {
      $0.replacing("17000000", with: "").replacing(" Custom:Osquery.q:", with: "")
        .replacing("a=", with: "").replacing(",", with: "")
    }
  }

  @Test func `a counter that begins anew with a difference does not lose the rest`() throws {
    let first = run(1_700_000_000, 0, [1, 2, 3]) + run(1_700_000_001, 1, [-2, 4])
    // It removes rows.
    var history = try history(first + run(1_700_000_002, 0, [-3, 5]))
    #expect(states(history) == ["00 1 2 3", "01 1 3 4", "02 1 4 5"])
    #expect(history.warnings.count == 1)
    // It has none of the rows that are there.
    history = try self.history(first + run(1_700_000_002, 0, [5]) + run(1_700_000_003, 1, [-5]))
    #expect(states(history) == ["00 1 2 3", "01 1 3 4", "02 1 3 4 5", "03 1 3 4"])
    // After a change of the query's text newer versions count from 1.
    history = try self.history(first + run(1_700_000_002, 1, [5]))
    #expect(states(history) == ["00 1 2 3", "01 1 3 4", "02 1 3 4 5"])
  }

  @Test func `a beginning with all rows is one, in the same epoch and in a new one`() throws {
    let first = run(1_700_000_000, 0, [1, 2, 3])
    for epoch in [0, 7] {
      let history = try history(first + run(1_700_000_002, 0, [1, 2, 4], epoch: epoch))
      #expect(states(history) == ["00 1 2 3", "02 1 2 4"], "epoch \(epoch)")
      #expect(history.warnings.isEmpty)
    }
    // In a new epoch also where nothing stayed.
    var history = try history(first + run(1_700_000_002, 0, [8, 9], epoch: 7))
    #expect(states(history) == ["00 1 2 3", "02 8 9"])
    // The beginning of the epoch is missing.
    history = try self.history(first + run(1_700_000_002, 3, [8], epoch: 7))
    #expect(states(history) == ["00 1 2 3"] && history.warnings.count == 1)
  }

  @Test func `after a damaged line a query is unknown until it begins anew`() throws {
    let first = run(1_700_000_000, 0, [1, 2])
    let cut = #"{"name":"q","hostIdentifier":"h","calendarTi"# + "\n"
    let other = #"{"name":"p","hostIdentifier":"h","calendarTi"# + "\n"
    let tail = #"Time":17,"action":"added"}"# + "\n"
    let next = run(1_700_000_001, 1, [-2, 3])
    let anew = run(1_700_000_005, 0, [1, 4], epoch: 1)
    for damage in [cut, tail] {
      #expect(try states(history(first + damage + next + anew)) == ["00 1 2", "05 1 4"])
      // The damaged line can be the first of the beginning.
      #expect(try states(history(first + damage + anew)) == ["00 1 2"])
      // It lies within a run.
      let within = run(1_700_000_000, 0, [1]) + damage + run(1_700_000_000, 0, [2])
      #expect(try states(history(within + next + anew)) == ["05 1 4"])
    }
    #expect(try states(history(first + other + next)) == ["00 1 2", "01 1 3"])
    // Its time tells which run it is of.
    let timed = #"{"name":"q","unixTime":1700000000,"counter":0,"colu"# + "\n"
    #expect(try states(history(first + timed + next + anew)) == ["05 1 4"])
    // A batch and a snapshot are whole lines.
    let batch =
      #"{"diffResults":{"added":[{"a":"7"}],"removed":""},"name":"q","#
      + #""unixTime":1700000009,"epoch":2,"counter":0}"# + "\n"
    #expect(try states(history(first + cut + batch)) == ["00 1 2", "09 7"])
    let snapshot =
      #"{"snapshot":[{"a":"8"}],"action":"snapshot","name":"q","#
      + #""unixTime":1700000009}"# + "\n"
    #expect(try states(history(first + cut + snapshot)) == ["00 1 2", "09 8"])
  }

  @Test func `damage at one host is none at another, and later queries begin as they do`() throws {
    let cut = #"{"name":"q","hostIdentifier":"two","calendarTi"# + "\n"
    let text = run(1_700_000_000, 0, [1]) + cut + run(1_700_000_001, 1, [2])
    #expect(try states(history(text, host: "h")) == ["00 1", "01 1 2"])
    let later =
      "{\n" + line("p", 1_700_000_000, 0, "added", row(1)) + run(1_700_000_001, 0, [1, 2])
    #expect(try states(history(later)) == ["01 1 2"])
  }

  @Test func `a package that would be there twice shows that a line is missing`() throws {
    func package(_ version: String) -> String {
      #""name":"bash","version":"\#(version)","arch":"amd64","status":"install ok installed""#
    }
    let history = try history(
      line("deb_packages", 1_700_000_000, 0, "added", package("1"))
        + line("deb_packages", 1_700_000_001, 1, "added", package("2")))
    #expect(lines(history).count == 1)
    #expect(history.warnings.first?.contains("bash would be there twice") == true)
  }

  @Test func `a clock that was wrong for a line moves no other line`() throws {
    let first = run(1_700_000_000, 0, [1])
    let rest = run(1_700_000_020, 2, [3]) + run(1_700_000_030, 3, [4])
    for time in [1_740_000_000, 1_600_000_000] {
      let history = try history(first + run(time, 1, [2]) + rest)
      #expect(states(history) == ["00 1", "20 1 2 3", "30 1 2 3 4"], "\(time)")
      #expect(history.warnings.count == 1)
      #expect(history.warnings.first?.contains("line 2: its time 20") == true)
    }
    // A step back of the clock: what was written last holds.
    let back = run(1_700_000_010, 1, [2]) + run(1_700_000_005, 2, [3])
    #expect(try states(history(first + back)) == ["00 1", "05 1 2 3"])
    // A time that cannot be is the same as a line that cannot be read.
    let future = try history(first + run(4_000_000_000, 1, [2]) + rest)
    #expect(states(future) == ["00 1"])
    #expect(future.warnings.first?.contains("a day ahead of this machine's clock") == true)
  }

  @Test func `a type of which one query is unknown is unknown`() throws {
    func package(_ name: String) -> String { #""name":"\#(name)","version":"1","arch":"all""# }
    func both(_ time: Int, _ counter: Int, _ name: String, epoch: Int = 0) -> String {
      line("pack/a/deb_packages", time, counter, "added", package("a" + name), epoch: epoch)
        + line("pack/b/deb_packages", time, counter, "added", package("b" + name), epoch: epoch)
    }
    let cut = #"{"name":"pack/b/deb_packages","hostIde"# + "\n"
    let history = try history(
      both(1_700_000_000, 0, "1") + cut + both(1_700_000_001, 1, "2")
        + both(1_700_000_002, 0, "3", epoch: 1))
    let names = history.reports.flatMap(\.entries).map { entry in
      "\(entry.captureTime.seconds % 100): "
        + (entry.content ?? []).map { $0["Name"] ?? "" }.joined(separator: " ")
    }
    #expect(names == ["0: a1 b1", "2: a3 b3"])
  }

  @Test func `packages of rpm have no keys among them, and lines may have a mark`() throws {
    func package(_ name: String, _ epoch: String) -> String {
      #""name":"\#(name)","version":"1","release":"2","arch":"x86_64","epoch":"\#(epoch)","#
        + #""source":"s-1-2.src.rpm","install_time":"1700000000""#
    }
    let history = try history(
      "\u{feff}" + line("rpm_packages", 1_700_000_000, 0, "added", package("bash", "0"))
        + line("rpm_packages", 1_700_000_000, 0, "added", package("gpg-pubkey", "0"))
        + line("rpm_packages", 1_700_000_000, 0, "added", package("bind", "32")))
    let items = history.reports.flatMap(\.entries).flatMap { $0.content ?? [] }
    #expect(items.map { "\($0["Name"] ?? "") \($0["Epoch"] ?? "-")" } == ["bash -", "bind 32"])
  }

  @Test func `damaged lines are warnings, whatever their bytes`() throws {
    var random = SplitMix64(seed: 11)
    let good = line("q", 1_700_000_000, 0, "added", #""a":"1""#)
    let tree = try TemporaryTree()
    for count in 0..<good.utf8.count - 1 {
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      let last = good.utf8.prefix(count)
      let path = try tree.write("log", Array(good.utf8) + noise + [0x0a] + Array(last))
      let history = try OsqueryImporter().history(paths: [path], node: NodeID("n"))
      // A last line that is of the run's second is of the run.
      let isOfRun = OsqueryFragment(Array(last)[...]).time != nil
      #expect(
        lines(history) == (isOfRun ? [] : ["1700000000 Custom:Osquery.q: a=1"]), "\(count) bytes")
      if count > 2 { #expect(history.warnings.count >= 1, "\(count) bytes") }
    }
  }

  @Test func `a file without any result is an error that names it`() throws {
    let tree = try TemporaryTree()
    let good = try tree.write("good", run(1_700_000_000, 0, [1]))
    let others = [
      Data((String(repeating: #"{"a":"#, count: 10_000) + "\n").utf8),
      Data(#"{"name":"q","unixTime":1e300,"action":"added"}"#.utf8),
      Data(#"{"severity":0,"message":"started"}"#.utf8),
      Data(repeating: UInt8(ascii: "["), count: 50_000_000),
    ]
    for data in others {
      let path = try tree.write("log", data)
      let error = #expect(throws: CollectorError.self) {
        try OsqueryImporter().history(paths: [path], node: NodeID("n"))
      }
      #expect(error?.message.contains(path) == true)
      let both = try OsqueryImporter().history(paths: [path, good], node: NodeID("n"))
      #expect(both.failures.count == 1 && both.failures[0].contains(path))
    }
    let empty = try tree.write("log", "")
    let history = try OsqueryImporter().history(paths: [empty, good], node: NodeID("n"))
    #expect(states(history) == ["00 1"])
  }
}
