import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// Documents of custom types, from files and from scripts.
struct CustomDocumentTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private static let rack =
    #"{"TypeName":"Custom:Rack","SchemaVersion":"1.0","Content":{"Row":"7","Unit":12,"On":true}}"#

  @Test func `a document has one object or many`() async throws {
    let one = try CustomDocument(parsing: Array(Self.rack.utf8))
    #expect(one.type.text == "Custom:Rack")
    #expect(one.items == [["Row": "7", "Unit": "12", "On": "true"]])
    let many = #"{"TypeName":"Custom:A","SchemaVersion":"2.1","Content":[{"X":"1"},{"X":"2"}]}"#
    #expect(try CustomDocument(parsing: Array(many.utf8)).items == [["X": "1"], ["X": "2"]])
  }

  @Test(arguments: [
    ("", "JSON"), ("{", "JSON"), ("[]", "no JSON object"), ("{}", "no JSON object"),
    (#"{"TypeName":"AWS:File","SchemaVersion":"1.0","Content":[]}"#, "Custom:"),
    (#"{"TypeName":"Custom:","SchemaVersion":"1.0","Content":[]}"#, "lacks a name"),
    (#"{"TypeName":"Custom:A","Content":[]}"#, "SchemaVersion"),
    (#"{"TypeName":"Custom:A","SchemaVersion":"1.0"}"#, "Content"),
    (#"{"TypeName":"Custom:A","SchemaVersion":"1.0","Content":["x"]}"#, "item 0"),
    (#"{"TypeName":"Custom:A","SchemaVersion":"1.0","Content":[{"a":["x"]}]}"#, "\"a\""),
  ])
  func `what is none says why`(text: String, word: String) {
    let error = #expect(throws: (any Error).self) {
      try CustomDocument(parsing: Array(text.utf8))
    }
    #expect(String(describing: error).contains(word))
  }

  @Test func `the agent's folder is read as it is, and a bad file spoils no other`() async throws {
    let folder = "var/lib/amazon/ssm/mi-1/inventory/custom"
    try tree.write("\(folder)/rack.json", Self.rack)
    try tree.write("\(folder)/b.json", "{")
    try tree.write("\(folder)/again.json", Self.rack)
    try tree.write("\(folder)/readme.txt", "no")
    try tree.write("\(folder)/huge.json", [UInt8](repeating: 0x20, count: 2 << 20))
    #expect(mkfifo(tree.path("\(folder)/pipe.json"), 0o600) == 0)
    var plan = CollectionPlan()
    plan.collectors = []
    let result = try await collect(
      plan, node: NodeID("n"), at: Instant(seconds: 1_767_225_600), machine: tree.machine)
    let custom = result.reports.flatMap(\.entries).filter { $0.type.text == "Custom:Rack" }
    #expect(custom.map(\.content) == [[["Row": "7", "Unit": "12", "On": "true"]]])
    #expect(
      result.failures.map { $0.source.split(separator: "/").last } == [
        "b.json", "huge.json", "pipe.json", "rack.json",
      ])
    #expect(result.failures.last?.message.contains("again.json already") == true)
  }

  @Test func `a folder that hangs is left behind and spoils no other`() async throws {
    try tree.write("etc/hangs/slow.json", "wait")
    try tree.write("etc/quick/rack.json", Self.rack)
    let release = DispatchSemaphore(value: 0)
    defer { release.signal() }
    var plan = CollectionPlan()
    plan.collectors = []
    plan.secondsMax = 2
    plan.customFiles?.folders = ["etc/hangs", "etc/quick"]
    plan.customFiles?.parse = { bytes in
      if bytes == Array("wait".utf8) { release.wait() }
      return try CustomDocument(parsing: bytes)
    }
    let result = try await collect(
      plan, node: NodeID("n"), at: Instant(seconds: 1_767_225_600), machine: tree.machine)
    #expect(
      result.failures.map(\.description) == [
        "/etc/hangs: it took longer than 2 s and was left behind"
      ])
    #expect(
      result.reports.flatMap(\.entries).map(\.type.text) == [
        "Custom:Rack", "Custom:CollectorStatus",
      ])
  }

  @Test func `files beyond the limit are counted over all folders`() async throws {
    for name in ["a/1", "a/2", "b/3", "b/4"] { try tree.write("\(name).json", Self.rack) }
    var files = CustomFiles()
    files.folders = ["a", "none", "b"]
    files.filesMax = 3
    let found = await files.collect(from: tree.machine, secondsMax: 60)
    #expect(found.map(\.source) == ["/a/1.json", "/a/2.json", "/b/3.json"])
    #expect(found.map(\.warnings) == [[], [], ["1 more files are not read: 3 is the most"]])
  }

  private func script(_ name: String, _ text: String, mode: Int = 0o755) throws {
    try tree.write("scripts/\(name)", "#!/bin/sh\n" + text + "\n")
    try FileManager.default.setAttributes(
      [.posixPermissions: mode], ofItemAtPath: tree.path("scripts/\(name)"))
  }

  private func run(change: (inout ScriptFolder) -> Void = { _ in }) async -> [String: Collected] {
    var folder = ScriptFolder(path: tree.path("scripts"))
    folder.secondsMax = 2
    change(&folder)
    let scripts = folder
    let found = await onOwnThread { scripts.collect(on: Machine()) }
    return Dictionary(
      uniqueKeysWithValues: found.map { (String($0.source.split(separator: "/").last ?? ""), $0) })
  }

  @Test func `scripts print documents, and say why they fail`() async throws {
    try script("good", "echo '\(Self.rack)'")
    try script("sad", "echo one >&2; echo the disk is gone >&2; exit 3")
    try script("writable", "echo", mode: 0o777)
    try script("plain", "echo", mode: 0o644)
    try script("old~", "echo")
    try script(
      "environment",
      """
      echo "{\\"TypeName\\":\\"Custom:E\\",\\"SchemaVersion\\":\\"1.0\\",\\"Content\\":{\\"N\\":\\"$(env | cut -d= -f1 | sort | tr '\\n' ' ')\\"}}"
      """)
    setenv("STOCKTAKE_TEST_SECRET", "x", 1)
    defer { unsetenv("STOCKTAKE_TEST_SECRET") }
    let found = await run()
    #expect(found["good"]?.items == [["Row": "7", "Unit": "12", "On": "true"]])
    #expect(found["sad"]?.failure?.hasSuffix("ended with status 3: the disk is gone") == true)
    #expect(found["writable"]?.failure?.contains("can be written by others") == true)
    #expect(found["plain"]?.failure?.contains("not executable") == true)
    #expect(found["old~"] == nil)
    let names = found["environment"]?.items?.first?["N"]?.split(separator: " ") ?? []
    #expect(Set(names).isSubset(of: ["HOME", "LC_ALL", "PATH", "PWD", "SHLVL", "_"]))
    #expect(names.contains("PATH"))
  }

  @Test func `a script that sleeps, and what it left running, is killed`() async throws {
    let mark = "86.\(getpid())"
    try script("sleeps", "sleep \(mark)1")
    try script("forks", "sleep \(mark)2 & sleep \(mark)3 & wait")
    // Its own end comes at once; what it left holds its output open.
    try script("leaves", "sleep \(mark)4 & echo '\(Self.rack)'")
    let found = await run()
    #expect(found["sleeps"]?.failure?.contains("took longer than 2 s") == true)
    #expect(found["forks"]?.failure?.contains("took longer than 2 s") == true)
    #expect(found["leaves"]?.items?.count == 1 || found["leaves"]?.failure != nil)
    usleep(200_000)
    let left = try ProcessTable.all(on: Machine()).filter { process in
      (try? Machine().bytes(of: "proc/\(process.id)/cmdline")).map {
        String(decoding: $0, as: UTF8.self).contains(mark)
      } ?? false
    }
    #expect(left.isEmpty)
  }

  @Test func `a script that prints without end is stopped`() async throws {
    try script("endless", "yes 0123456789012345678901234567890123456789")
    try script("loud", "yes error >&2 & head -c 200000000 /dev/zero >&2; kill $!; exit 1")
    let found = await run { $0.secondsMax = 120 }
    #expect(found["endless"]?.failure?.contains("printed more than") == true)
    #expect(found["loud"]?.failure?.contains("ended with status 1") == true)
  }

  @Test func `a folder that others can write to is not run from`() async throws {
    try script("good", "echo '\(Self.rack)'")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o777], ofItemAtPath: tree.path("scripts"))
    let found = await run()
    #expect(found.count == 1)
    #expect(found["scripts"]?.failure?.contains("can be written by others") == true)
  }

  @Test func `scripts run as the user that was chosen`() async throws {
    guard geteuid() == 0, unsafe getpwnam("nobody") != nil else { return }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tree.path)
    try script(
      "who",
      #"echo "{\"TypeName\":\"Custom:W\",\"SchemaVersion\":\"1.0\",\"Content\":{\"U\":\"$(id -un) $(id -G)\"}}""#
    )
    let entry = try #require(unsafe getpwnam("nobody"))
    let group = unsafe entry.pointee.pw_gid
    let nobody = await run { $0.user = "nobody" }
    #expect(nobody["who"]?.items == [["U": "nobody \(group)"]])
    let none = await run { $0.user = "no-such-user" }
    #expect(none["scripts"]?.failure?.contains("no user") == true)
  }
}
