import Foundation
import HistoryStore
import Testing

/// Writing, misuse and the care of the store, through the built program.
@Suite struct StoreCommandTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private let good = Bench.report("web-1", "2026-03-01T00:00:00Z", ["bash": "5.1"])
  private let alsoGood = Bench.report("web-2", "2026-03-01T00:00:00Z", ["bash": "5.1"])

  @Test func `a bad line is named and the others are kept`() throws {
    let text = "\(good)\n\nnot json\n\(alsoGood)\n{\"InstanceId\":\"x\"}"
    let path = try bench.file("mixed.jsonl", text)
    let run = try bench.run("ingest", path, "--format", "json")
    #expect(run.status == 3)
    let errors = run.errors.split(separator: "\n")
    #expect(errors.count == 2)
    #expect(errors.first?.hasPrefix("stocktake: \(path): line 3: ") == true)
    #expect(errors.last?.hasPrefix("stocktake: \(path): line 5: ") == true)
    #expect(run.output.contains(#""reports":2,"items":2,"changes":2,"duplicates":0,"badLines":2"#))
    #expect(try bench.run("nodes", "--format", "ndjson").lines.count == 2)
  }

  @Test func `of many bad lines the first are named and the others counted`() throws {
    let bad = String(repeating: "x\n", count: 5_000)
    let run = try bench.run("ingest", try bench.file("bad", bad + good), "--format", "json")
    #expect(run.status == 3)
    let errors = run.errors.split(separator: "\n")
    #expect(errors.count == 101)
    #expect(errors.last?.contains("4,900 more bad lines") == true)
    #expect(run.output.contains(#""reports":1,"#) && run.output.contains(#""badLines":5000"#))
  }

  @Test func `strict stops at the first bad line and keeps what was before`() throws {
    let path = try bench.file("mixed.jsonl", "\(good)\nnot json\n\(alsoGood)\n")
    #expect(try bench.run("ingest", path, "--strict").status == 3)
    let nodes = try bench.run("nodes", "--format", "json").objects()
    #expect(nodes.map { $0["node"] as? String } == ["web-1"])
  }

  @Test func `the same reports again change nothing`() throws {
    let path = try bench.file("good.jsonl", "\(good)\r\n\(alsoGood)\r\n")
    #expect(try bench.run("ingest", path).status == 0)
    let again = try bench.run("ingest", path, "--format", "json")
    #expect(again.status == 0)
    #expect(again.output.contains(#""changes":0,"duplicates":2"#))
  }

  @Test func `a line over the limit is refused, the next one kept`() throws {
    let long = Bench.report(
      "long", "2026-03-01T00:00:00Z", ["x": String(repeating: "y", count: 3_000)])
    let path = try bench.file("long.jsonl", "\(long)\n\(good)")
    let run = try bench.run("ingest", path, "--max-body-bytes", "2000")
    #expect(run.status == 3)
    #expect(run.errors.contains("line 1: the line has 3,"))
    #expect(run.errors.contains("--max-body-bytes"))
    #expect(try bench.run("nodes", "--format", "ndjson").lines.count == 1)
    #expect(try bench.run("ingest", path, "--max-body-bytes", "99999999").status == 2)
  }

  @Test func `nothing to record is bad input`() throws {
    let empty = try bench.run("ingest", try bench.file("empty", ""))
    #expect(empty.status == 3)
    #expect(empty.errors.contains("is empty"))
    #expect(try bench.run("ingest", "-", input: "").errors.contains("standard input is empty"))
    #expect(try bench.run("ingest", try bench.file("blank", "\n \n\n")).status == 3)
    let missing = try bench.run("ingest", bench.directory + "/none")
    #expect(missing.status == 3)
    #expect(missing.errors.hasSuffix("/none: No such file or directory\n"))
    #expect(try bench.run("ingest", bench.directory).status == 3)
  }

  @Test func `a packed file that is cut keeps its whole lines and says so`() throws {
    let packer = Process()
    let plain = try bench.file(
      "many.jsonl",
      (1...300).map {
        Bench.report("n-\($0)", "2026-03-01T00:00:00Z", ["p\($0 * 7919)": "\($0 * 104_729)"])
      }.joined(separator: "\n"))
    packer.executableURL = URL(fileURLWithPath: "/bin/gzip")
    packer.arguments = [plain]
    try packer.run()
    packer.waitUntilExit()
    let packed = try Data(contentsOf: URL(fileURLWithPath: plain + ".gz"))
    let cut = try bench.file("cut.gz", packed.prefix(packed.count * 2 / 3))
    let run = try bench.run("ingest", cut)
    #expect(run.status == 3)
    #expect(run.errors.contains("cut.gz cannot be unpacked: the gzip stream is cut off"))
    #expect(try bench.run("nodes", "--format", "ndjson").lines.count > 100)
    let whole = try bench.run("ingest", plain + ".gz")
    #expect(whole.status == 0)
    #expect(try bench.run("nodes", "--format", "ndjson").lines.count == 300)
  }

  @Test func `misuse is status 2 and one line`() throws {
    for arguments in [
      ["show"], ["frobnicate"], ["show", "web-1", "--at", "2026-02-30"],
      ["show", "web-1", "--format", "xml"], ["show", "web 1"], ["show", "web-1", "NoSuchType"],
      ["diff", "web-1"], ["diff", "web-1", "--at", "now"], ["who-had"], ["ingest"], ["forget"],
      ["diff", "a", "b", "--from", "now"], ["show", "web-1", "--time-zone", "Nowhere"],
      ["history", "web-1", "--from", "2026-03-02", "--to", "2026-03-01"],
      ["changes", "--follow", "--format", "json"], ["ingest", "x", "--group", "0"],
    ] {
      let run = try bench.start(arguments).1()
      #expect(run.status == 2, "\(arguments)")
      #expect(run.errors.hasPrefix("stocktake: "), "\(arguments)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(arguments)")
      #expect(run.output == "", "\(arguments)")
    }
  }

  @Test func `help has examples, and there is a version and completion`() throws {
    for verb in [
      "collect", "ingest", "import", "nodes", "types", "show", "history", "diff", "who-had",
      "rollout", "rollup", "changes", "verify", "rebuild", "upgrade", "stats", "backup", "restore",
      "forget",
      "node",
      "type",
    ] {
      let run = try bench.run(verb, "--help")
      #expect(run.status == 0)
      #expect(run.output.contains("EXAMPLES"), "\(verb)")
    }
    #expect(try bench.run("--version").output == "0.2.0\n")
    for shell in ["bash", "zsh", "fish"] {
      #expect(try bench.run("--generate-completion-script", shell).status == 0)
    }
    #expect(try bench.run().status == 0)
  }

  @Test func `where there is no store, a question says how to make one`() throws {
    for arguments in [["nodes"], ["show", "web-1"], ["verify"], ["stats"], ["rebuild"]] {
      let run = try bench.start(arguments).1()
      #expect(run.status == 4, "\(arguments)")
      #expect(run.errors.contains("there is no store in "), "\(arguments)")
      #expect(run.errors.contains("stocktake ingest"), "\(arguments)")
    }
    #expect(!FileManager.default.fileExists(atPath: bench.directory + "/store"))
  }

  @Test func `a sound store is verified and rebuilt, a file of noise is no store`() throws {
    try bench.fill()
    let sound = try bench.run("verify", "--format", "json")
    #expect(sound.status == 0)
    #expect((try sound.json() as? [String: Any])?["sound"] as? Bool == true)
    #expect(try bench.run("rebuild").status == 0)
    #expect(try bench.run("verify").output.hasPrefix("sound: "))
    let files = try FileManager.default.contentsOfDirectory(atPath: bench.directory + "/store")
    let name = try #require(files.first { !$0.contains("lock") })
    _ = try bench.file(
      "store/\(name)", (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
    #expect(try bench.run("verify").status == 4)
    #expect(try bench.run("nodes").status == 4)
  }

  @Test func `damage in the middle of the file is status 4, however it shows`() throws {
    try bench.fill()
    let files = try FileManager.default.contentsOfDirectory(atPath: bench.directory + "/store")
    let name = try #require(files.first { !$0.contains("lock") })
    let path = bench.directory + "/store/" + name
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for i in 8192..<bytes.count where i % 4096 < 200 { bytes[i] ^= 0xff }
    _ = try bench.file("store/\(name)", bytes)
    let run = try bench.run("verify")
    #expect(run.status == 4)
    #expect(run.errors.contains("stocktake: "))
  }

  @Test func `a backup is restored elsewhere and answers the same`() throws {
    try bench.fill()
    let file = bench.directory + "/copy.backup"
    #expect(try bench.run("backup", file).output == file + "\n")
    #expect(try bench.run("backup", file).status == 3)
    let named = try bench.run("backup", bench.directory)
    #expect(named.status == 0)
    #expect(named.output.hasSuffix(".backup\n"))
    let question = ["changes", "--format", "json"]
    let before = try bench.start(question).1().output
    bench.environment["STOCKTAKE_STORE"] = bench.directory + "/deep/down/restored"
    #expect(try bench.run("restore", file).status == 0)
    #expect(try bench.start(question).1().output == before)
    let again = try bench.run("restore", file)
    #expect(again.status == 2)
    #expect(again.errors.contains("holds a store"))
    #expect(try bench.run("restore", bench.directory + "/none").status == 3)
  }

  @Test func `events of nodes and types are recorded`() throws {
    try bench.fill()
    #expect(try bench.run("node", "tag", "web-1", "Role=web", "Ring=2").status == 0)
    #expect(try bench.run("node", "tag", "web-1", "Role").status == 2)
    #expect(try bench.run("node", "terminate", "web-2", "--at", "2026-03-10").status == 0)
    let nodes = try bench.run("nodes", "--format", "json").objects()
    #expect(nodes[0]["tags"] as? [String: String] == ["Role": "web", "Ring": "2"])
    let change = ["node", "tag", "web-1", "--add", "Ring=3", "--remove", "Role"]
    #expect(try bench.start(change).1().status == 0)
    let changed = try bench.run("nodes", "--tag", "Ring=3", "--format", "json").objects()
    #expect(changed.map { $0["tags"] as? [String: String] } == [["Ring": "3"]])
    let same = try bench.run("node", "tag", "web-1", "Ring=3")
    #expect(same.status == 0 && same.output.hasPrefix("web-1 had these tags at "))
    #expect(try bench.run("node", "tag", "web-1", "aws:x=1").status == 2)
    #expect(try bench.run("node", "tag", "web-1", "--add").status == 2)
    #expect(nodes[1]["status"] as? String == "terminated")
    #expect(try bench.run("show", "web-2", "--at", "2026-03-11").status == 1)
    #expect(try bench.run("show", "web-2", "--at", "2026-03-09").status == 0)
    let custom =
      #"{"InstanceId":"web-1","Items":[{"TypeName":"Custom:Rack","SchemaVersion":"1.0","#
      + #""CaptureTime":"2026-03-01T00:00:00Z","Content":[{"Slot":"1","Unit":"a"}]}]}"#
    #expect(try bench.run("type", "declare-identity", "Custom:Rack", "Slot").status == 0)
    #expect(try bench.run("ingest", "-", input: custom).status == 0)
    #expect(try bench.run("type", "delete", "Custom:Rack", "--at", "2026-03-05").status == 0)
    #expect(try bench.run("show", "web-1", "Custom:Rack", "--at", "2026-03-06").status == 1)
    #expect(try bench.run("show", "web-1", "Custom:Rack", "--at", "2026-03-04").status == 0)
  }

  @Test func `nothing is forgotten without a yes`() throws {
    try bench.fill()
    let run = try bench.run("forget", "web-1")
    #expect(run.status == 2)
    #expect(run.errors.contains("--yes"))
    #expect(try bench.run("show", "web-1").status == 0)
    #expect(try bench.run("forget", "web-9", "--yes").status == 1)
    #expect(try bench.run("forget", "web-1", "--before", "2026-01-01").status == 2)
  }

  @Test func `what is forgotten is erased, not empty, and the rest stays`() throws {
    try bench.fill()
    let before = try bench.run(
      "forget", "--before", "2026-03-02T12:00:00Z", "--yes", "--reason", "retention")
    #expect(before.status == 0, "\(before.errors)")
    let erased = try bench.run(
      "show", "web-1", "Application", "--at", "2026-03-01T12:00:00Z", "--format", "json")
    #expect(erased.status == 1)
    #expect((try erased.objects().first)?["knowledge"] as? String == "erased")
    #expect(try bench.run("show", "web-1", "Application").status == 0)
    #expect(try bench.run("forget", "web-1", "--yes").status == 0)
    #expect(try bench.run("show", "web-1", "Application").status == 1)
    #expect(try bench.run("show", "web-2", "Application").status == 0)
    #expect(try bench.run("verify").status == 0)
  }

  @Test func `a store of before is upgraded once, and while nobody else has it`() throws {
    let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../../Store/HistoryStoreTests/Golden/store-v1.lmdb")
    #expect(try bench.run("restore", golden.path).status == 0)
    let check = try bench.run("upgrade", "--check")
    #expect(check.status == 0 && check.output.contains("format 1, and would get 2"), "\(check)")
    do {
      let store = try HistoryStore(path: bench.directory + "/store")
      let refused = try bench.run("upgrade")
      #expect(refused.status == 4 && refused.errors.contains("process \(getpid())"), "\(refused)")
      #expect(try store.format == 1)
    }
    let done = try bench.run("upgrade")
    #expect(done.status == 0 && done.output.contains("had format 1 and has 2"), "\(done)")
    #expect(try bench.run("upgrade", "--check").status == 1)
    #expect(try bench.run("upgrade").output.contains("nothing to do"))
    #expect(try bench.run("show", "i-0123456789abcdef0", "AWS:Application").status == 0)
    #expect(try bench.run("verify").status == 0)
  }

  @Test func `a reader that goes away ends the program quietly`() throws {
    try bench.fill()
    let shell = Process()
    let program = try bench.start(["--version"])
    _ = try program.1()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    let path = try #require(program.0.executableURL?.path)
    shell.arguments = ["-c", "'\(path)' changes --format ndjson 2>errors | head -c 1 >/dev/null"]
    shell.currentDirectoryURL = URL(fileURLWithPath: bench.directory)
    shell.environment = bench.environment
    try shell.run()
    shell.waitUntilExit()
    #expect(try String(contentsOfFile: bench.directory + "/errors", encoding: .utf8) == "")
  }

  @Test func `this machine is collected`() throws {
    let run = try bench.run("collect", "--node", "here", "--type", "InstanceInformation")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try bench.run("show", "here", "InstanceInformation").status == 0)
    #expect(try bench.run("collect", "--node", "here", "--type", "Custom:None").status == 3)
  }
}
