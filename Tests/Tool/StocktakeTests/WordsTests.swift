import Foundation
import Testing

/// What the program says to somebody who mistyped, or asked where nothing is.
@Suite struct WordsTests {
  private let bench: Bench

  init() throws {
    bench = try Bench()
    bench.environment["TZ"] = "UTC"
  }

  private static func custom(_ node: String) -> String {
    #"{"InstanceId":"\#(node)","Items":[{"TypeName":"Custom:RackInfo","SchemaVersion":"1.0","#
      + #""CaptureTime":"2026-03-01T00:00:00Z","Content":[{"Rack":"1","Slot":"7"}]}]}"#
  }

  private func fill(_ nodes: [String]) throws {
    let lines =
      nodes.map { Bench.report($0, "2026-03-01T00:00:00Z", ["bash": "5.1"]) }
      + nodes.prefix(1).map(Self.custom)
    let run = try bench.run(
      "ingest", try bench.file("nodes.jsonl", lines.joined(separator: "\n")), "--quiet")
    try #require(run.status == 0, "\(run.errors)")
  }

  // MARK: Verbs, options and their values

  @Test(arguments: [
    (["shwo", "web-1"], "has no verb \"shwo\"", "did you mean show?"),
    (["hsitory"], "has no verb", "did you mean history?"),
    (["keys", "creat"], "\"stocktake keys\" has no verb \"creat\"", "did you mean create?"),
    (["import", "dpkg-lgo", "x"], "\"stocktake import\" has no verb", "did you mean dpkg-log?"),
    (["import", "yum-lgo", "x"], "has no verb", "did you mean yum-log?"),
    (["agent", "regsiter"], "has no verb", "did you mean register?"),
    (["help", "bogus"], "\"stocktake\" has no verb \"bogus\"", "see 'stocktake --help'"),
    (["help", "shwo"], "has no verb", "did you mean show?"),
    (["help", "keys", "lst"], "\"stocktake keys\" has no verb \"lst\"", "did you mean list?"),
    (["help", "show", "web-1"], "\"stocktake show\" has no verb", "see 'stocktake show --help'"),
    (
      ["show", "web-1", "--fromat", "json"], "Unknown option '--fromat'", "Did you mean '--format'?"
    ),
    (["show", "web-1", "--format", "jsn"], "The value 'jsn' is invalid", "did you mean json?"),
    (["nodes", "--format", "tabel"], "The value 'tabel' is invalid", "did you mean table?"),
    (["collect", "--output", "reqest"], "The value 'reqest' is invalid", "did you mean request?"),
    (["nodes", "--time-zone", "Europe/Berln"], "is no time zone", "did you mean Europe/Berlin?"),
    (["nodes", "--time-zone", "Berlin"], "is no time zone", "did you mean Europe/Berlin?"),
  ])
  func `a mistyped word is a matter of usage, and what was meant is named`(
    arguments: [String], what: String, meant: String
  ) throws {
    let run = try bench.run(arguments)
    #expect(run.status == 2)
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("stocktake: ") && run.errors.contains(what), "\(run.errors)")
    #expect(run.errors.contains(meant), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
  }

  @Test func `help of what there is is no error, however it is asked for`() throws {
    for arguments in [
      ["help"], ["help", "keys", "create"], ["keys"], [], ["import", "yum", "-h"],
    ] {
      let run = try bench.run(arguments)
      #expect(run.status == 0 && run.errors == "", "\(arguments): \(run.errors)")
      #expect(run.output.contains("EXAMPLES"))
    }
    #expect(try bench.run("help", "show").output == bench.run("show", "--help").output)
  }

  // MARK: Nodes and types

  @Test func `a mistyped node is met with the one that was meant`() throws {
    try fill(["db-01", "web-01", "web-02"])
    for (typed, meant) in [("web-1", "web-01"), ("wbe-02", "web-02"), ("WEB_02", "web-02")] {
      for arguments in [
        ["show", typed], ["history", typed], ["diff", typed, "--from", "2026-03-01"],
        ["diff", "db-01", typed, "--at", "2026-03-02"], ["forget", typed, "--yes"],
      ] {
        let run = try bench.run(arguments)
        #expect(run.status == 1)
        #expect(run.errors.hasSuffix("; did you mean \(meant)?\n"), "\(arguments): \(run.errors)")
      }
    }
    let far = try bench.run("show", "mail-gateway")
    #expect(far.status == 1 && !far.errors.contains("did you mean"))
    // A node that is there, of which nothing fits, is not met with others.
    let early = try bench.run("show", "web-01", "--at", "2020-01-01")
    #expect(early.status == 1 && !early.errors.contains("did you mean"), "\(early.errors)")
    // Formats for programs stay what they are.
    let json = try bench.run("history", "web-1", "--format", "json")
    #expect(json.output == "[]\n" && json.errors.contains("did you mean web-01?"))
  }

  @Test func `a mistyped type is met with the one that was meant`() throws {
    try fill(["web-01"])
    for (arguments, meant): ([String], String?) in [
      (["show", "web-01", "AWS:File"], nil), (["show", "web-01", "Custom:Different"], nil),
      (["history", "web-01", "Custom:RakInfo"], "Custom:RackInfo"),
      (["changes", "--type", "Custom:Rackinfo"], "Custom:RackInfo"),
      (["type", "delete", "Custom:RackInof"], "Custom:RackInfo"),
    ] {
      let run = try bench.run(arguments)
      #expect(run.status == 1)
      guard let meant else {
        #expect(!run.errors.contains("did you mean"), "\(arguments): \(run.errors)")
        continue
      }
      #expect(run.errors.hasSuffix("; did you mean \(meant)?\n"), "\(arguments): \(run.errors)")
    }
    // Of Systems Manager's own types it is known without a store that there is no other.
    for (arguments, meant) in [
      (["show", "web-01", "AWS:Aplication"], "AWS:Application"),
      (["show", "web-01", "aplication"], "Application"),
      (["rollup", "--type", "AWS:Netwrok"], "AWS:Network"),
      (["collect", "--type", "Netwrok", "--dry-run"], "Network"),
    ] {
      let run = try bench.run(arguments)
      #expect(run.status == 2)
      #expect(run.errors.hasSuffix("; did you mean \(meant)?\n"), "\(arguments): \(run.errors)")
    }
  }

  @Test func `an attribute that no item had is remarked upon`() throws {
    try fill(["web-01"])
    let run = try bench.run("type", "declare-identity", "Custom:RackInfo", "Rack", "Slto")
    #expect(run.status == 0)
    #expect(
      run.errors
        == "stocktake: note: no item of Custom:RackInfo has had an attribute \"Slto\"; did you mean Slot?\n"
    )
    let early = try bench.run("type", "declare-identity", "Custom:NotYet", "Rack")
    #expect(early.status == 0 && early.errors == "", "\(early.errors)")
  }

  @Test func `among many nodes the look ends`() throws {
    var lines: [String] = []
    for number in 0..<3_000 {
      lines.append(
        Bench.report("node-\(100_000 + number)", "2026-03-01T00:00:00Z", ["bash": "5.1"]))
    }
    let file = try bench.file("many.jsonl", lines.joined(separator: "\n"))
    try #require(try bench.run("ingest", file, "--quiet", "--group", "5000").status == 0)
    let began = Date()
    let run = try bench.run("show", "node_100007x")
    #expect(run.errors.hasSuffix("did you mean node-100007?\n"), "\(run.errors)")
    #expect(Date().timeIntervalSince(began) < 10)
  }

  // MARK: Empty stores

  @Test func `a store that has nothing, or is not there, names the way out`() throws {
    for arguments in [["nodes"], ["show", "web-1"], ["who-had", "bash"], ["changes"], ["types"]] {
      let run = try bench.run(arguments)
      #expect(run.status == 4)
      #expect(run.errors.contains("there is no store in \(bench.directory)/store; make one with"))
      #expect(run.errors.contains("stocktake collect") && run.errors.contains("--store DIR"))
    }
    // Made, and empty.
    try #require(try bench.run("keys", "create").status == 0)
    for arguments in [["nodes"], ["show", "web-1"], ["who-had", "bash"], ["changes"], ["types"]] {
      let run = try bench.run(arguments)
      #expect(run.status == 1)
      #expect(
        run.errors.contains("\"stocktake collect\" records this machine's inventory"),
        "\(run.errors)")
      #expect(run.errors.contains("\"stocktake ingest FILE\""))
    }
  }

  @Test func `a Region without nodes names those that have some`() throws {
    try fill(["web-01", "web-02"])
    for arguments in [["nodes"], ["show", "web-01"], ["who-had", "bash"], ["rollup"]] {
      let run = try bench.run(arguments + ["--region", "eu-west-1"])
      #expect(run.status == 1)
      #expect(
        run.errors.contains("there are nodes in 000000000000/us-east-1 (2 nodes)"), "\(run.errors)")
      #expect(run.errors.contains("--region"))
    }
  }

  // MARK: Times

  @Test func `a date ahead of now is remarked upon, and the end of a range is not`() throws {
    try fill(["web-01"])
    for arguments in [
      ["show", "web-01", "--at", "2090-01-01"], ["who-had", "bash", "--at", "2090-01-01"],
      ["rollup", "--at", "2090"], ["show", "web-01", "--known-at", "@3786912000"],
    ] {
      let run = try bench.run(arguments)
      #expect(run.status == 0)
      let option = arguments[arguments.count - 2]
      #expect(
        run.errors
          == "stocktake: \(option): 2090-01-01 00:00:00 UTC lies ahead; the answer is what is "
          + "known now\n")
    }
    for arguments in [
      ["show", "web-01", "--at", "now"],
      ["history", "web-01", "--from", "2026", "--to", "2090-01-01"],
      ["changes", "--from", "2026-02", "--to", "2090"],
    ] {
      let run = try bench.run(arguments)
      #expect(run.status == 0 && run.errors == "", "\(arguments): \(run.errors)")
    }
  }

  @Test func `every verb reads the same forms, and half-open ranges`() throws {
    try fill(["web-01"])
    let march = try bench.run("changes", "--from", "2026-03", "--to", "2026-04", "--format", "json")
    #expect(try march.objects().count == 2)
    let february = try bench.run("changes", "--from", "2026-02", "--to", "2026-03")
    #expect(february.status == 1)
    for form in ["1 March 2026 12:00", "Mar 1, 2026 12:00", "@1772366400", "1772366400"] {
      let run = try bench.run("show", "web-01", "Application", "--at", form, "--format", "json")
      #expect(
        try run.objects().first?["at"] as? String == "2026-03-01T12:00:00Z", "\(form)")
    }
    let event = try bench.run("node", "lost", "web-01", "--at", "2 Mar 2026 09:00")
    #expect(event.output.contains("at 2026-03-02 09:00:00 UTC"))
    let refused = try bench.run("node", "lost", "web-01", "--at", "soon")
    #expect(refused.status == 2 && refused.errors.contains("last monday"), "\(refused.errors)")
  }
}
