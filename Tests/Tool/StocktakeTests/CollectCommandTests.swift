import Foundation
import Testing

/// The verbs `collect` and `import` with their options.
@Suite struct CollectCommandTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func write(_ name: String, _ text: String) throws -> String {
    let path = bench.directory + "/" + name
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func machine() throws -> String {
    _ = try write(
      "root/var/lib/dpkg/status",
      "Package: bash\nStatus: install ok installed\nVersion: 5\nArchitecture: amd64\n")
    _ = try write("root/etc/app.conf", "x")
    _ = try write(
      "root/etc/stocktake/custom/rack.json",
      #"{"TypeName":"Custom:Rack","SchemaVersion":"1.0","Content":{"Row":"7"}}"#)
    return bench.directory + "/root"
  }

  @Test func `a dry run and a request send nothing`() throws {
    let root = try machine()
    let base = ["collect", "--node", "i-1", "--root", root]
    let dry = try bench.run(base + ["--dry-run"])
    #expect(dry.status == 0)
    #expect(dry.output.contains("AWS:Application  1 item"))
    #expect(dry.output.contains("Custom:Rack  1 item"))
    #expect(dry.output.hasSuffix("nothing was sent\n"))
    let request = try bench.run(
      base + ["--output", "request", "--parameters", #"{"applications":["Enabled"]}"#])
    let body = try #require(
      try JSONSerialization.jsonObject(with: Data(request.output.utf8)) as? [String: Any])
    #expect(body["InstanceId"] as? String == "i-1")
    let items = try #require(body["Items"] as? [[String: Any]])
    #expect(items.map { $0["TypeName"] as? String } == ["AWS:Application"])
    #expect(try bench.run(["nodes"]).status == 4)
  }

  @Test func `a configuration says what is collected`() throws {
    let root = try machine()
    let file = try write(
      "collect.yaml",
      """
      types: [AWS:File, Application, Custom:Rack]
      without: [AWS:Application]
      files:
        sha256: true
        rules:
          - {path: /etc, patterns: ["*.conf"]}
      """)
    let run = try bench.run(["collect", "--node", "i-1", "--root", root, "--config", file])
    #expect(run.status == 0, "\(run.errors)")
    let shown = try bench.run(["show", "i-1", "--format", "csv"])
    #expect(shown.output.contains("app.conf"))
    #expect(
      shown.output.contains("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"))
    #expect(shown.output.contains("Custom:Rack"))
    #expect(!shown.output.contains("bash"))
  }

  @Test(arguments: [
    ("nonsense: 1", "\"nonsense\" is none of types"), ("types: 3", "types"),
    ("files: {rules: [{path: /etc}]}", "\"patterns\" is missing"), ("types: [", "collect.yaml"),
    ("seconds: -1", "seconds: it is no number above 0"), ("types: [\"a b:c\"]", "a b:c"),
  ])
  func `a configuration that is none is refused by its place`(text: String, word: String) throws {
    let file = try write("collect.yaml", text)
    let run = try bench.run(["collect", "--node", "i-1", "--config", file, "--dry-run"])
    #expect(run.status == 2 || run.status == 3)
    #expect(run.errors.contains(word), "\(run.errors)")
  }

  @Test(arguments: [
    "", "[]", #"{"nonsense":"Enabled"}"#, #"{"files":"[{}]"}"#,
  ])
  func `parameters that are none are refused`(json: String) throws {
    let run = try bench.run(["collect", "--node", "i-1", "--parameters", json, "--dry-run"])
    #expect(run.status == 2, "\(run.errors)")
  }

  @Test func `noise is told and nothing is recorded`() throws {
    let root = try machine()
    let run = try bench.run(["collect", "--node", "i-1", "--root", root, "--explain-noise"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.hasPrefix("0 differences between two collections"))
    #expect(try bench.run(["nodes"]).status == 4)
  }

  @Test func `sources that overlap agree, and the same again changes nothing`() throws {
    let root = try machine()
    let log = try write(
      "dpkg.log",
      """
      2026-01-01 10:00:00 install bash:amd64 <none> 4
      2026-01-01 10:00:00 status installed bash:amd64 4
      2026-02-01 10:00:00 upgrade bash:amd64 4 5
      2026-02-01 10:00:00 status installed bash:amd64 5

      """)
    let copy = try write(
      "dpkg.status.1",
      "Package: bash\nStatus: install ok installed\nVersion: 4\nArchitecture: amd64\n\n")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_768_000_000)], ofItemAtPath: copy)
    let node = ["--node", "i-1", "--time-zone", "UTC"]
    let dry = try bench.run(["import", "dpkg-log", log, "--root", root, "--dry-run"] + node)
    #expect(dry.output.contains("3 observations, nothing was recorded"), "\(dry.output)")
    let first = try bench.run(["import", "dpkg-log", log, "--root", root] + node)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("known from 2026-01-01 09:59:59 UTC"))
    let status = try bench.run(["import", "debian-packages", copy] + node)
    // The log does not tell sources, the copy does.
    #expect(status.output.contains("1 report, 2 items, 1 change"), "\(status.output)")
    let again = try bench.run(["import", "dpkg-log", log, "--root", root] + node)
    #expect(again.output.contains("0 changes, 3 duplicates"), "\(again.output)")
    let then = try bench.run([
      "show", "i-1", "Application", "--at", "2026-01-15", "--format", "csv",
    ])
    #expect(then.output.contains("bash") && then.output.contains(",4,"))
  }

  @Test func `files that are none are bad input by name`() throws {
    let bad = try write("bad", "{")
    for source in ["cyclonedx", "spdx", "fusioninventory"] {
      let run = try bench.run(["import", source, bad, "--node", "i-1"])
      #expect(run.status == 3, "\(source): \(run.errors)")
      #expect(run.errors.contains("bad"))
    }
    let missing = try bench.run(["import", "apt-history", "/no/such/file", "--node", "i-1"])
    #expect(missing.status == 3)
    #expect(missing.errors.contains("/no/such/file"))
  }
}
