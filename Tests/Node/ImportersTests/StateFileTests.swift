import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Files each of which is one state: dpkg's status and apk's database.
struct StateFileTests {
  private let status = """
    Package: bash
    Status: install ok installed
    Maintainer: Someone <s@example.org>
    Architecture: amd64
    Version: 5.1-2
    Description: the shell
     and more of it

    Package: gone
    Status: deinstall ok config-files
    Architecture: amd64
    Version: 1


    """

  private func node() throws -> NodeID { try NodeID("n") }

  private func lines(_ history: ImportedHistory) -> [String] {
    history.reports.map { report in
      report.entries.map { entry in
        let items = (entry.content ?? []).map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }
        return "\(entry.captureTime) \(entry.type): " + items.joined(separator: ", ")
      }.joined(separator: "; ")
    }
  }

  /// What a copy tells at a time: packages, and their sources.
  private func state(_ time: String, _ packages: String) -> String {
    "\(time) AWS:Application: \(packages); \(time) Custom:PackageSource: \(packages)"
  }

  @Test func `each copy of dpkg's status is a state at the time it was written`() throws {
    let tree = try TemporaryTree()
    let first = try tree.write("dpkg.status.1", status)
    try tree.setModified("dpkg.status.1", 1_770_000_000)
    let second = try tree.write("dpkg.status.0", status.replacing("5.1-2", with: "5.2-1"))
    try tree.setModified("dpkg.status.0", 1_780_000_000)
    let copy = try tree.write("copy", status)
    try tree.setModified("copy", 1_770_000_000)
    let expected = [
      state("2026-02-02T02:40:00Z", "bash 5.1-2"), state("2026-05-28T20:26:40Z", "bash 5.2-1"),
    ]
    let history = try DebianStatusImporter().history(paths: [second, copy, first], node: node())
    #expect(lines(history) == expected)
    #expect(history.warnings.isEmpty && history.recordsRead == 6)
    #expect(history.knownFrom == Instant(seconds: 1_770_000_000))
    #expect(history.reports.allSatisfy { $0.origin == .imported(.debianPackages) })
    guard output(of: "gzip", "-9", first) != nil else { return }
    let packed = try DebianStatusImporter().history(
      paths: [first + ".gz", second, second], node: node())
    #expect(lines(packed) == expected)
  }

  @Test func `two files that disagree on one time are a warning and the first`() throws {
    let tree = try TemporaryTree()
    let first = try tree.write("a", status)
    let second = try tree.write("b", status.replacing("5.1-2", with: "5.2-1"))
    let history = try DebianStatusImporter(at: utc("2026-01-01 00:00:00")).history(
      paths: [second, first], node: node())
    #expect(lines(history) == [state("2026-01-01T00:00:00Z", "bash 5.1-2")])
    // One of the packages, one of their sources.
    #expect(history.warnings.count == 2)
    #expect(history.warnings[0].contains(first) && history.warnings[0].contains(second))
  }

  @Test func `a file that is cut or damaged is an error that names it and no removal`() throws {
    let tree = try TemporaryTree()
    var random = SplitMix64(seed: 3)
    for count in 0..<status.utf8.count {
      let path = try tree.write("cut", status.utf8.prefix(count))
      do {
        // What was cut between two records cannot be told from a whole file.
        let history = try DebianStatusImporter().history(paths: [path], node: node())
        #expect(lines(history).allSatisfy { $0.contains("bash 5.1-2") }, "\(count) bytes")
      } catch let error as CollectorError {
        #expect(error.message.contains(path), "\(count) bytes")
      }
      let noise = try tree.write(
        "noise", (0..<count * 4).map { _ in UInt8.random(in: 0...255, using: &random) })
      #expect(throws: CollectorError.self) {
        try DebianStatusImporter().history(paths: [noise], node: node())
      }
      #expect(throws: CollectorError.self) {
        try ApkImporter().history(paths: [noise], node: node())
      }
    }
    #expect(throws: CollectorError.self) {
      try DebianStatusImporter().history(paths: [tree.path("none")], node: node())
    }
  }

  @Test func `a bad file among good ones is named and loses nothing of them`() throws {
    let tree = try TemporaryTree()
    let good = try tree.write("a", status)
    let bad = try tree.write("b", status.utf8.dropLast(9))
    for path in [good, bad] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1_767_225_600)], ofItemAtPath: path)
    }
    let history = try DebianStatusImporter().history(
      paths: [bad, tree.path("none"), good], node: node())
    #expect(lines(history) == [state("2026-01-01T00:00:00Z", "bash 5.1-2")])
    #expect(history.failures.count == 2 && history.warnings.isEmpty)
    #expect(history.failures[0].contains(bad) && history.failures[1].contains(tree.path("none")))
  }

  @Test(arguments: [946_684_799, 4_102_444_800, Int64(Date().timeIntervalSince1970) + 90_000])
  func `a time that no report can have is refused by name`(seconds: Int64) throws {
    let tree = try TemporaryTree()
    let path = try tree.write("a", status)
    let history = try DebianStatusImporter(at: Instant(seconds: seconds)).history(
      paths: [path], node: node())
    #expect(lines(history).isEmpty && history.failures.count == 1)
    #expect(history.failures[0].contains(path))
    #expect(history.failures[0].contains(Instant(seconds: seconds).description))
  }

  @Test func `dpkg's own status file is what the collector gives`() throws {
    let path = "/var/lib/dpkg/status"
    guard FileManager.default.fileExists(atPath: path) else { return }
    let history = try DebianStatusImporter().history(paths: [path], node: node())
    #expect(history.warnings.isEmpty)
    var items = try ApplicationCollector().collect(from: Machine())
    for index in items.indices { items[index]["InstalledTime"] = nil }
    #expect(history.reports.map { $0.entries[0].content } == [items])
    let sources = try PackageSourceCollector().collect(from: Machine())
    #expect(history.reports.map { $0.entries[1].content } == [sources] && sources.count > 100)
  }

  @Test func `apk's database is one state`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "installed",
      """
      C:Q1abc=
      P:musl
      V:1.2.5-r0
      A:x86_64
      o:musl-source
      S:1
      T:the musl c library
      U:https://musl.libc.org/
      m:Someone <s@example.org>
      F:lib
      R:ld-musl-x86_64.so.1
      a:0:0:755

      P:zlib
      V:1.3-r2
      A:noarch


      """)
    let history = try ApkImporter(at: utc("2026-01-01 00:00:00")).history(
      paths: [path], node: node())
    #expect(history.warnings.isEmpty && history.recordsRead == 2)
    #expect(
      history.reports.first { _ in true }?.entries[0].content == [
        [
          "Name": "musl", "Version": "1.2.5-r0", "Architecture": "x86_64",
          "Publisher": "Someone <s@example.org>", "Summary": "the musl c library",
          "URL": "https://musl.libc.org/",
        ],
        ["Name": "zlib", "Version": "1.3-r2", "Architecture": "noarch", "Publisher": ""],
      ])
    #expect(
      history.reports.first { _ in true }?.entries[1].content == [
        [
          "Name": "musl", "Version": "1.2.5-r0", "Architecture": "x86_64",
          "SourceName": "musl-source", "SourceVersion": "1.2.5-r0",
        ]
      ])
  }
}
