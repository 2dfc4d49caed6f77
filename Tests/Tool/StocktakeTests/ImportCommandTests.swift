import Foundation
import Testing

/// What all verbs of `import` have in common.
struct ImportCommandTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private func bill(_ name: String, _ version: String, _ time: String) throws -> String {
    try bench.file(
      name,
      """
      {"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"timestamp": "\(time)"},
       "components": [{"purl": "pkg:deb/debian/adduser@\(version)?arch=all"}]}
      """)
  }

  private func importing(_ words: String...) throws -> Run {
    try bench.run(["import"] + words + ["--node", "n", "--time-zone", "UTC"])
  }

  private func changes() throws -> [String] {
    try bench.run("history", "n", "AWS:Application", "--format", "json").objects()
      .compactMap { $0["validTime"] as? String }
  }

  private let status =
    "Package: bash\nStatus: install ok installed\nVersion: 4\nArchitecture: all\n\n"

  @Test func `a copy that lost its date has the time that is given`() throws {
    let copy = try bench.file("status", status)
    let run = try importing("debian-packages", copy, "--at", "2020-02-28T06:25:00Z")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("known from 2020-02-28 06:25:00 UTC"), "\(run.output)")
    let apk = try bench.file("installed", "P:musl\nV:1\nA:x86_64\n\n")
    let other = try importing("apk", apk, "--at", "2020-03-01")
    #expect(other.output.contains("known from 2020-03-01 00:00:00 UTC"), "\(other.errors)")
    let bill = try bench.file("bill.json", #"{"bomFormat":"CycloneDX","components":[]}"#)
    let third = try importing("cyclonedx", bill, "--at", "2020-03-02")
    #expect(third.status == 0 && third.errors.isEmpty, "\(third.errors)")
  }

  @Test func `a time for several files, or for a log that has its own, is misuse`() throws {
    let copy = try bench.file("status", status)
    let several = try importing("debian-packages", copy, copy + "2", "--at", "2020-02-28")
    #expect(several.status == 2 && several.errors.contains("--at"), "\(several.errors)")
    let log = try importing("apt-history", copy, "--at", "2020-02-28")
    #expect(log.status == 2 && log.errors.contains("--at"), "\(log.errors)")
    let future = try importing("debian-packages", copy, "--at", "2090-02-28")
    #expect(future.status == 3 && future.errors.contains("2090-02-28"), "\(future.errors)")
  }

  /// Every verb that reads files, but those that read a bucket or another service.
  private static let verbs = [
    "dpkg-log", "debian-packages", "apt-history", "rpm", "pacman-log", "apk", "osquery",
    "fusioninventory", "cyclonedx", "spdx", "ansible", "puppet",
  ]

  /// Files that are none of any kind: what stands in `/etc/passwd`, a picture, a list, somebody's letter.
  private static let strangers: [(name: String, bytes: [UInt8])] = [
    ("passwd", Array("root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/sh\n".utf8)),
    ("picture", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] + (0...255).map { UInt8($0) }),
    ("list.json", Array("[1, 2, {\"a\": null}]\n".utf8)),
    ("letter", Array("Dear Sir or Madam,\n\nplease find attached.\n\n".utf8)),
  ]

  @Test(arguments: verbs)
  func `a file in which nothing is of its kind is bad input that is named`(verb: String) throws {
    for stranger in Self.strangers {
      let path = bench.directory + "/" + stranger.name
      try Data(stranger.bytes).write(to: URL(fileURLWithPath: path))
      let root = bench.directory + "/root"
      try FileManager.default.createDirectory(
        atPath: root + "/var/lib/dpkg", withIntermediateDirectories: true)
      try status.write(toFile: root + "/var/lib/dpkg/status", atomically: true, encoding: .utf8)
      let run = try importing(verb, path, "--root", root)
      #expect(run.status == 3, "\(stranger.name): \(run.output) \(run.errors)")
      #expect(run.errors.contains(path), "\(stranger.name): \(run.errors)")
      #expect(try bench.run("nodes").status == 4, "\(stranger.name) was recorded")
    }
  }

  @Test(arguments: verbs)
  func `an empty file is a log that was just rotated, and no document or database`(
    verb: String
  ) throws {
    let path = try bench.file("empty", "")
    let root = bench.directory + "/root"
    try FileManager.default.createDirectory(
      atPath: root + "/var/lib/dpkg", withIntermediateDirectories: true)
    try status.write(toFile: root + "/var/lib/dpkg/status", atomically: true, encoding: .utf8)
    let run = try importing(verb, path, "--root", root)
    let isLog = ["dpkg-log", "apt-history", "rpm", "pacman-log", "osquery"].contains(verb)
    #expect(run.status == (isLog ? 0 : 3), "\(run.errors)")
    #expect(isLog == run.output.contains("0 records of 1 file"))
    #expect(isLog == !run.errors.contains(path))
    #expect(try bench.run("nodes").output == "")
  }

  @Test func `a dry run ends as the run does and says the same`() throws {
    let copy = try bench.file("status", "Package: x\n")
    for words in [
      ["cyclonedx", try bill("future.json", "1", "2035-01-01T00:00:00Z")],
      ["cyclonedx", try bill("past.json", "1", "1999-01-01T00:00:00Z")],
      ["cyclonedx", try bill("good.json", "1", "2024-01-01T00:00:00Z")],
      ["cyclonedx", "/no/such/file"], ["debian-packages", copy], ["dpkg-log", bench.directory],
    ] {
      let words = ["import"] + words + ["--node", "n", "--root", bench.directory]
      let dry = try bench.run(words + ["--dry-run"])
      #expect(!FileManager.default.fileExists(atPath: bench.directory + "/store"))
      let real = try bench.run(words)
      #expect(dry.status == real.status, "\(words): \(dry.errors) \(real.errors)")
      #expect(dry.errors == real.errors)
      try? FileManager.default.removeItem(atPath: bench.directory + "/store")
    }
  }

  @Test func `a dry run sees what only the store refuses`() throws {
    func copy(_ name: String, _ attribute: String, _ nodes: ClosedRange<Int>) throws -> String {
      let folder =
        bench.directory + "/\(name)/Custom:Rack/accountid=123456789012/region=eu-west-1"
        + "/resourcetype=ManagedInstanceInventory"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for node in nodes {
        let row =
          #"{"\#(attribute)":"1","resourceId":"i-\#(node)","captureTime":"2026-03-01T08:00:00Z","#
          + #""schemaVersion":"1.0"}"#
        try Data((row + "\n").utf8).write(to: URL(fileURLWithPath: "\(folder)/i-\(node).json"))
      }
      return bench.directory + "/" + name
    }
    let words = ["import", "resource-data-sync"]
    let first = try bench.run(words + [copy("first", "Unit", 1...1)])
    #expect(first.status == 0, "\(first.errors)")
    let second = words + [try copy("second", "UNIT", 1...3)]
    let dry = try bench.run(second + ["--dry-run"])
    let real = try bench.run(second)
    #expect(real.status == 3 && real.errors.contains("already as \"Unit\""), "\(real.errors)")
    #expect(dry.status == real.status && dry.errors == real.errors, "\(dry.errors)")
    #expect(dry.output.contains("0 observations, nothing was recorded"), "\(dry.output)")
  }

  @Test func `a dry run fails on a store that the run could not open`() throws {
    let good = try bill("good.json", "1", "2024-01-01T00:00:00Z")
    _ = try bench.file("store", "no store")
    let words = ["import", "cyclonedx", good, "--node", "n"]
    #expect(try bench.run(words).status == 4)
    #expect(try bench.run(words + ["--dry-run"]).status == 4)
  }

  @Test func `one bad file of many is named and loses nothing of the others`() throws {
    let run = try importing(
      "cyclonedx", bill("a.json", "1", "2024-01-01T00:00:00Z"),
      bench.file("b.json", #"{"bomFormat": "CycloneDX","#),
      bill("c.json", "2", "2024-02-01T00:00:00Z"),
      bill("d.json", "3", "2035-02-01T00:00:00Z"))
    #expect(run.status == 3)
    #expect(
      run.errors.contains("b.json is no JSON document") && run.errors.contains("d.json: its time"))
    let changes = try changes()
    #expect(changes == ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z"], "\(changes)")
  }

  @Test func `errors are sentences and no values of Swift`() throws {
    let empty = bench.directory + "/empty"
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let log = try bench.file("log", "2025-01-28T17:07:10+0530 SUBDEBUG Installed: a-1-1.x86_64\n")
    for words in [
      ["dpkg-log", log], ["rpm", empty], ["pacman-log", log], ["apt-history", log],
      ["fusioninventory", log], ["spdx", log], ["apk", log],
    ] {
      let run = try bench.run(["import"] + words + ["--node", "n", "--root", empty])
      #expect(
        !run.errors.contains("CommandFailure") && !run.errors.contains("Error("), "\(run.errors)")
      #expect(run.status == 3, "\(words): \(run.errors)\(run.output)")
      #expect(run.errors.contains(words[1]) || words[0] == "dpkg-log", "\(run.errors)")
    }
  }

  @Test func `a log of rpm without a database is replayed from its beginning`() throws {
    let log = try bench.file(
      "dnf.rpm.log", "2025-01-28T17:07:10+0530 SUBDEBUG Installed: browser-1-1.x86_64\n")
    // What this machine's own package manager has is not that machine's.
    let run = try importing("rpm", log, "--root", bench.directory)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(try changes() == ["2025-01-28T11:37:10Z"])
    let yum = try bench.file("yum.log", "Mar 03 10:00:00 Installed: tool-1-1.x86_64\n")
    let old = try importing("yum-log", yum, "--root", bench.directory, "--at", "2012-12-31")
    #expect(old.output.contains("known from 2012-03-03 10:00:00 UTC"), "\(old.errors)")
  }

  @Test func `a log of dpkg without a status says what is missing`() throws {
    let log = try bench.file("dpkg.log", "2026-01-01 10:00:00 startup archives unpack\n")
    let run = try importing("dpkg-log", log, "--root", bench.directory)
    #expect(run.status == 3 && run.errors.contains("--root DIR"), "\(run.errors)")
    let passwd = try bench.file("passwd", "root:x:0:0:root:/root:/bin/bash\n")
    try FileManager.default.createDirectory(
      atPath: bench.directory + "/root/var/lib/dpkg", withIntermediateDirectories: true)
    _ = try bench.file("root/var/lib/dpkg/status", status)
    let other = try importing("dpkg-log", passwd, "--root", bench.directory + "/root")
    #expect(
      other.status == 3 && other.errors.contains("passwd is no log of dpkg's"), "\(other.errors)")
  }
}
