import Foundation
import Testing

/// Sources of the past that overlap: what each says, and where one contradicts the answer.
@Suite struct SourceTests {
  private let bench: Bench
  private let root: String
  private let log: String

  /// A machine whose log saw openssl go from 1 to 2 on 2 March and to 3 on 4 March.
  init() throws {
    bench = try Bench()
    bench.environment["TZ"] = "UTC"
    root = bench.directory + "/root"
    try FileManager.default.createDirectory(
      atPath: root + "/var/lib/dpkg", withIntermediateDirectories: true)
    try Self.status(openssl: "3").write(
      toFile: root + "/var/lib/dpkg/status", atomically: true, encoding: .utf8)
    log = try bench.file(
      "dpkg.log",
      """
      2026-03-01 10:00:00 upgrade openssl:amd64 0 1
      2026-03-01 10:00:00 status installed openssl:amd64 1
      2026-03-02 10:00:00 upgrade openssl:amd64 1 2
      2026-03-02 10:00:00 status installed openssl:amd64 2
      2026-03-04 10:00:00 upgrade openssl:amd64 2 3
      2026-03-04 10:00:00 status installed openssl:amd64 3

      """)
  }

  private static func status(openssl version: String) -> String {
    ["bash": "5", "openssl": version].sorted { $0.key < $1.key }.map {
      """
      Package: \($0.key)
      Status: install ok installed
      Architecture: amd64
      Maintainer: Debian
      Version: \($0.value)

      """
    }.joined(separator: "\n") + "\n"
  }

  /// A copy of the status file that was last written at a time.
  private func copy(openssl version: String, _ time: String) throws -> String {
    let path = try bench.file("status-\(version)-\(time)", Self.status(openssl: version))
    let date = try #require(ISO8601DateFormatter().date(from: time))
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    return path
  }

  private func importLog() throws -> String {
    let run = try bench.run("import", "dpkg-log", log, "--root", root, "--node", "n")
    #expect(run.status == 0, "\(run.errors)")
    return run.output
  }

  private func importCopy(_ path: String) throws -> String {
    let run = try bench.run("import", "debian-packages", path, "--node", "n")
    #expect(run.status == 0, "\(run.errors)")
    return run.output
  }

  /// The sources of a state as `name: standing`.
  private func sources(at time: String) throws -> [String] {
    let run = try bench.run(
      "show", "n", "Application", "--at", time, "--sources", "--format", "json")
    let state = try #require(try run.objects().first, "\(run.errors)")
    let sources = try #require(state["sources"] as? [[String: Any]])
    return sources.map { "\($0["source"] ?? ""): \($0["standing"] ?? "")" }
  }

  @Test func `a copy that the log bears out agrees, and one that it does not contradicts`() throws {
    _ = try importLog()
    _ = try importCopy(copy(openssl: "2", "2026-03-03T00:00:00Z"))
    #expect(
      try sources(at: "2026-03-03T12:00:00Z") == ["debian-packages: answers", "dpkg-log: agrees"])
    _ = try importCopy(copy(openssl: "9", "2026-03-03T01:00:00Z"))
    #expect(
      try sources(at: "2026-03-03T12:00:00Z") == [
        "debian-packages: answers", "dpkg-log: contradicts",
      ])
    let table = try bench.run(
      "show", "n", "Application", "--at", "2026-03-03T12:00:00Z", "--sources")
    #expect(table.output.contains("contradicts, 1 difference"))
    #expect(table.output.contains("Version 9 → 2"))
    #expect(table.output.contains("imported from debian-packages"))
    // Behind the log's next observation the copy is only older.
    #expect(
      try sources(at: "2026-03-04T12:00:00Z") == ["dpkg-log: answers", "debian-packages: older"])
    // Behind its last one the log does not contradict any more.
    _ = try importCopy(copy(openssl: "4", "2026-03-05T00:00:00Z"))
    #expect(
      try sources(at: "2026-03-06T00:00:00Z") == ["debian-packages: answers", "dpkg-log: older"])
  }

  @Test func `imports in any order and repeated record each word once`() throws {
    let wrong = try copy(openssl: "9", "2026-03-02T10:00:00Z")
    _ = try importCopy(wrong)
    _ = try importLog()
    #expect(
      try sources(at: "2026-03-02T12:00:00Z") == [
        "dpkg-log: answers", "debian-packages: contradicts",
      ])
    for _ in 0..<2 {
      #expect(try importCopy(wrong).contains(" 0 changes, 1 duplicate"))
      #expect(try importLog().contains(" 0 changes, 4 duplicates"))
    }
  }

  @Test func `a report stands beside what was imported`() throws {
    _ = try importLog()
    let report = Bench.report("n", "2026-03-03T00:00:00Z", ["openssl": "2", "bash": "5"])
    #expect(try bench.run("ingest", try bench.file("r.jsonl", report)).status == 0)
    #expect(
      try sources(at: "2026-03-03T12:00:00Z") == ["reported: answers", "dpkg-log: agrees"])
    #expect(try sources(at: "2026-02-01T00:00:00Z") == [])
    let csv = try bench.run("show", "n", "--sources", "--format", "csv")
    #expect(csv.status == 2 && csv.errors.contains("--sources has no place in CSV"))
  }
}
