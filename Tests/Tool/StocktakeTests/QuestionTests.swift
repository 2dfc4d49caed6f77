import Foundation
import Questions
import Testing

/// The questions of the command line, asked of the built program.
@Suite struct QuestionTests {
  private let bench: Bench

  init() throws {
    bench = try Bench()
    try bench.fill()
  }

  @Test func `show answers for now and for a date, in the documented form`() throws {
    let now = try bench.run("show", "web-1", "AWS:Application", "--format", "json")
    #expect(now.status == 0)
    #expect(now.errors == "")
    #expect(try now.objects().count == 1)
    let state = try #require(try now.objects().first)
    #expect(state["node"] as? String == "web-1")
    #expect(state["type"] as? String == "AWS:Application")
    #expect(state["knowledge"] as? String == "observed")
    #expect(state["observedAt"] as? String == "2026-03-03T00:00:00Z")
    #expect(state["knownAt"] is NSNull)
    #expect(state["lastConfirmed"] is NSNull)
    #expect(state["nextObserved"] is NSNull)
    let items = try #require(state["items"] as? [[String: String]])
    #expect(items.map { $0["Name"] } == ["curl", "openssl"])

    let then = try bench.run(
      "show", "web-1", "Application", "--at", "2026-03-01T12:00:00Z", "--format", "json")
    let past = try #require(try then.objects().first)
    #expect(past["at"] as? String == "2026-03-01T12:00:00Z")
    #expect(past["nextObserved"] as? String == "2026-03-02T00:00:00Z")
    #expect((past["items"] as? [[String: String]])?.last?["Version"] == "3.0.1")
  }

  @Test func `dates are days of the zone`() throws {
    // Midnight in Berlin is an hour before the report of that day.
    let berlin = try bench.run("show", "web-1", "--at", "2026-03-02", "--format", "ndjson")
    #expect(berlin.output.contains(#""at":"2026-03-01T23:00:00Z""#))
    #expect(berlin.output.contains("3.0.1"))
    let utc = try bench.run(
      "show", "web-1", "--at", "2026-03-02", "--time-zone", "UTC", "--format", "ndjson")
    #expect(utc.output.contains("3.0.2"))
    let table = try bench.run("show", "web-1", "--at", "2026-03-02")
    #expect(table.output.contains("2026-03-02 00:00:00 +01:00"))
    #expect(table.output.contains("Europe/Berlin (+01:00)"))
  }

  @Test func `what was not observed is unknown, and nothing found`() throws {
    let early = try bench.run(
      "show", "web-1", "Application", "--at", "2026-02-01", "--format", "json")
    #expect(early.status == 1)
    #expect((try early.objects().first)?["knowledge"] as? String == "unknown")
    #expect(early.errors.hasPrefix("stocktake: AWS:Application of web-1 is unknown at "))
    #expect(try bench.run("show", "web-9").status == 1)
    #expect(try bench.run("show", "web-9").errors.contains("nothing is known of node web-9"))
    let before = try bench.run("show", "web-1", "Application", "--known-at", "2020-01-01")
    #expect(before.status == 1)
  }

  @Test func `show chooses items by name`() throws {
    let found = try bench.run("show", "web-1", "--name", "open*", "--format", "csv")
    #expect(found.status == 0)
    let records = found.output.components(separatedBy: "\r\n")
    #expect(
      records[0] == "node,type,at,knownAt,observedAt,lastConfirmed,nextObserved,knowledge,"
        + "Name,Version,Architecture")
    #expect(records[1].hasPrefix("web-1,AWS:Application,20"))
    #expect(
      records[1].hasSuffix(",,2026-03-03T00:00:00Z,,,observed,openssl,3.0.2,x86_64"))
    #expect(records.count == 3)
    #expect(try bench.run("show", "web-1", "--name", "nothing*").status == 1)
  }

  @Test func `history has one object per change, oldest first`() throws {
    let run = try bench.run("history", "web-1", "--format", "json")
    #expect(run.status == 0)
    let changes = try run.objects()
    let summaries = changes.map { change in
      let name = (change["identity"] as? [String: String])?["Name"] ?? ""
      return "\(change["validTime"] ?? "") \(change["change"] ?? "") \(name)"
    }
    // Within one observation the order means nothing.
    #expect(
      summaries.sorted() == [
        "2026-03-01T00:00:00Z added bash", "2026-03-01T00:00:00Z added openssl",
        "2026-03-02T00:00:00Z changed openssl", "2026-03-03T00:00:00Z added curl",
        "2026-03-03T00:00:00Z removed bash",
      ])
    let times = changes.compactMap { $0["validTime"] as? String }
    #expect(times == times.sorted())
    #expect(changes.count == 5)
    for change in changes {
      let names = [
        "validTime", "recordedTime", "sequence", "node", "type", "change", "identity", "old", "new",
      ]
      for name in names { #expect(change[name] != nil, "\(name)") }
    }
    let changed = try #require(changes.first { $0["change"] as? String == "changed" })
    #expect(changed["validTime"] as? String == "2026-03-02T00:00:00Z")
    #expect((changed["old"] as? [String: String])?["Version"] == "3.0.1")
    #expect((changed["new"] as? [String: String])?["Version"] == "3.0.2")
    let range = ["--from", "2026-03-02T00:00:00Z", "--to", "2026-03-03T00:00:00Z"]
    let part = try bench.start(["history", "web-1", "--format", "ndjson"] + range).1()
    #expect(part.lines.count == 1)
    #expect(try bench.run("history", "web-1", "--name", "zsh").status == 1)
    #expect(try bench.run("history", "web-1", "--name", "zsh", "--format", "json").output == "[]\n")
  }

  @Test func `diff of two dates tells when each difference came about`() throws {
    let run = try bench.run(
      "diff", "web-1", "--from", "2026-03-01T12:00:00Z", "--to", "2026-03-03T00:00:00Z",
      "--format", "json")
    #expect(run.status == 0)
    let rows = try run.objects()
    var times: [String: String] = [:]
    for row in rows {
      let name = (row["identity"] as? [String: String])?["Name"] ?? ""
      times["\(row["change"] ?? "") \(name)"] = row["validTime"] as? String
    }
    #expect(
      times == [
        "changed openssl": "2026-03-02T00:00:00Z", "added curl": "2026-03-03T00:00:00Z",
        "removed bash": "2026-03-03T00:00:00Z",
      ])
    let same = try bench.run(
      "diff", "web-1", "--from", "2026-03-02T01:00:00Z", "--to", "2026-03-02T02:00:00Z")
    #expect(same.status == 1)
    #expect(same.errors == "stocktake: no difference\n")
  }

  @Test func `diff of two nodes`() throws {
    let run = try bench.run("diff", "web-2", "web-1", "--format", "ndjson")
    #expect(run.status == 0)
    #expect(run.lines.count == 3)
    #expect(run.output.contains(#""node":"web-2","otherNode":"web-1""#))
    let then = try bench.run("diff", "web-1", "web-2", "--at", "2026-03-01T12:00:00Z")
    #expect(then.status == 1)
  }

  @Test func `who-had tells nodes, versions and times`() throws {
    let now = try bench.run("who-had", "openssl", "--format", "json").objects()
    #expect(now.map { $0["node"] as? String } == ["web-1", "web-2"])
    #expect(now.map { $0["version"] as? String } == ["3.0.2", "3.0.1"])
    #expect(now.allSatisfy { $0["to"] is NSNull })
    let old = try bench.run(
      "who-had", "bash", "--version", "5.1", "--from", "2026-03-01", "--to", "2026-04-01",
      "--format", "json"
    ).objects()
    #expect(old.count == 2)
    #expect(old[0]["from"] as? String == "2026-03-01T00:00:00Z")
    #expect(old[0]["to"] as? String == "2026-03-03T00:00:00Z")
    #expect(try bench.run("who-had", "openssl", "--version", "9").status == 1)
  }

  @Test func `rollout counts nodes per version`() throws {
    let run = try bench.run(
      "rollout", "openssl", "--from", "2026-03-01T00:00:00Z", "--to", "2026-03-03T00:00:00Z",
      "--every", "1d", "--format", "ndjson")
    #expect(
      run.lines == [
        #"{"at":"2026-03-01T00:00:00Z","nodes":{"3.0.1":2},"firstSeen":{"3.0.1":"2026-03-01T00:00:00Z"}}"#,
        #"{"at":"2026-03-02T00:00:00Z","nodes":{"3.0.1":1,"3.0.2":1},"firstSeen":{"3.0.2":"2026-03-02T00:00:00Z"}}"#,
        #"{"at":"2026-03-03T00:00:00Z","nodes":{"3.0.1":1,"3.0.2":1},"firstSeen":{}}"#,
      ])
    let table = try bench.run(
      "rollout", "openssl", "--from", "2026-03-01T00:00:00Z", "--to", "2026-03-03T00:00:00Z",
      "--every", "1d")
    #expect(table.output.contains("█▄▄"))
    #expect(table.output.contains("·▄▄"))
    #expect(try bench.run("rollout", "zsh", "--from", "2026-03-01").status == 1)
  }

  @Test func `rollup counts nodes per item and version`() throws {
    let run = try bench.run("rollup", "--at", "2026-03-02T12:00:00Z", "--format", "ndjson")
    #expect(run.status == 0)
    let item = #""item":{"Architecture":"x86_64","Name""#
    #expect(
      run.lines == [
        #"{"name":"bash","version":"5.1","nodes":2,"someNodes":[],"type":"AWS:Application",\#(item):"bash","Version":"5.1"}}"#,
        #"{"name":"openssl","version":"3.0.1","nodes":1,"someNodes":["web-2"],"type":"AWS:Application",\#(item):"openssl","Version":"3.0.1"}}"#,
        #"{"name":"openssl","version":"3.0.2","nodes":1,"someNodes":["web-1"],"type":"AWS:Application",\#(item):"openssl","Version":"3.0.2"}}"#,
      ])
    let csv = try bench.run("rollup", "--format", "csv")
    #expect(
      csv.output.hasPrefix(
        "name,version,nodes,someNodes,type,item.Name,item.Version,item.Architecture,more\r\n"
          + "bash,5.1,1,web-2,AWS:Application,bash,5.1,x86_64,\r\n"))
    let now = try bench.run("rollup", "--name", "c*", "--format", "json").objects()
    #expect(now.map { $0["name"] as? String } == ["curl"])
    #expect(now.map { $0["nodes"] as? Int } == [1])
    let table = try bench.run("rollup")
    #expect(table.output.contains("openssl  x86_64"))
    let before = try bench.run("rollup", "--at", "2026-02-01T00:00:00Z", "--format", "json")
    #expect(before.status == 1)
    #expect(before.output == "[]\n")
  }

  @Test func `changes reads the log, or a range of time`() throws {
    let all = try bench.run("changes", "--format", "json").objects()
    #expect(all.count == 7)
    let sequences = all.compactMap { $0["sequence"] as? Int }
    #expect(sequences == sequences.sorted())
    let last = try #require(sequences.last)
    let rest = try bench.run("changes", "--after", "\(last - 1)", "--format", "ndjson")
    #expect(rest.lines.count == 2)
    #expect(try bench.run("changes", "--after", "\(last)").status == 1)
    let range = try bench.run(
      "changes", "--from", "2026-03-02T00:00:00Z", "--to", "2026-03-03T00:00:00Z", "--format",
      "csv")
    #expect(range.output.components(separatedBy: "\r\n").count == 3)
  }

  @Test func `changes follows the log until it is told to stop`() throws {
    let (process, end) = try bench.start(["changes", "--after", "0", "--follow"])
    // Not an asynchronous pause: a process is waited for on the thread that started it.
    Thread.sleep(forTimeInterval: 1.5)
    let late = Bench.report("web-3", "2026-03-04T00:00:00Z", ["followed": "1.0"])
    #expect(try bench.run("ingest", "-", input: late).status == 0)
    Thread.sleep(forTimeInterval: 2.5)
    #expect(process.isRunning)
    process.interrupt()
    let run = try end()
    #expect(run.status == 0)
    #expect(run.output.contains("web-1"))
    #expect(run.output.contains("followed"))
    #expect(run.errors == "")
  }

  @Test func `nodes, types and stats`() throws {
    let nodes = try bench.run("nodes", "--format", "json").objects()
    #expect(nodes.map { $0["node"] as? String } == ["web-1", "web-2"])
    let types = try bench.run("types", "--format", "json").objects()
    #expect(types.map { $0["type"] as? String } == ["AWS:Application"])
    #expect(types[0]["identity"] as? [String] == ["Name", "Architecture"])
    let stats = try #require(
      try bench.run("stats", "--format", "json").json() as? [String: Any])
    #expect(stats["nodes"] as? Int == 2)
    #expect(stats["changeEvents"] as? Int == 7)
    #expect(try bench.run("stats").output.contains("log records"))
  }

  @Test func `accounts and Regions do not mix unless asked`() throws {
    let other = ["--account", "111111111111", "--region", "eu-central-1"]
    let report = Bench.report("web-1", "2026-03-05T00:00:00Z", ["openssl": "9.9"])
    let path = try bench.file("other.jsonl", report)
    #expect(try bench.start(["ingest", path] + other).1().status == 0)
    #expect(try bench.run("who-had", "openssl", "--version", "9.9").status == 1)
    #expect(try bench.start(["who-had", "openssl", "--version", "9.9"] + other).1().status == 0)
    let all = try bench.run("who-had", "openssl", "--all-scopes", "--format", "json").objects()
    #expect(all.count == 3)
    #expect(try bench.run("nodes", "--all-scopes", "--format", "ndjson").lines.count == 3)
    #expect(try bench.run("nodes", "--account", "12").status == 2)
  }

  @Test(arguments: Question.all)
  func `each verb takes the parameters of its question`(question: Question) throws {
    let help = try #require(try bench.run("--experimental-dump-help").json() as? [String: Any])
    let command = try #require(help["command"] as? [String: Any])
    let verbs = try #require(command["subcommands"] as? [[String: Any]])
    let verb = try #require(verbs.first { $0["commandName"] as? String == question.verb })
    var (options, positional): (Set<String>, Int) = ([], 0)
    for argument in try #require(verb["arguments"] as? [[String: Any]]) {
      if argument["kind"] as? String == "positional" { positional += 1 }
      for name in argument["names"] as? [[String: Any]] ?? [] {
        options.insert(name["name"] as? String ?? "")
      }
    }
    #expect(positional == question.positional.count)
    let named = Set(question.parameters.filter { !$0.isPaging }.map(\.name))
      .subtracting(question.positional)
    // Where pages begin is the verb's own affair; the rest is what every verb has.
    let own: Set = ["after", "limit", "follow", "group"]
    let shared: Set = [
      "store", "server", "cacert", "account", "region", "all-scopes", "format", "time-zone", "help",
      "h",
    ]
    #expect(named.subtracting(own).isSubset(of: options), "\(question.verb) \(options)")
    let rest = options.subtracting(shared).subtracting(own).subtracting(named)
    #expect(rest.isSubset(of: ["version"]), "\(question.verb) \(rest)")
  }

  @Test func `tables have no colour in a pipe, and no escape of the data anywhere`() throws {
    let report = Bench.report("web-4", "2026-03-05T00:00:00Z", [#"\u001b[31mred"#: "1"])
    #expect(try bench.run("ingest", "-", input: report).status == 0)
    for arguments in [["show", "web-4"], ["history", "web-4"], ["changes"], ["nodes"], ["types"]] {
      let run = try bench.start(arguments).1()
      #expect(run.status == 0)
      #expect(!run.output.utf8.contains(0x1b), "\(arguments)")
    }
  }
}
