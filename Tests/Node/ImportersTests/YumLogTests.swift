import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

struct YumLogTests {
  private let late = utc("2027-01-01 00:00:00")
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private let text = """
    Feb 29 10:00:00 Installed: 1:telnet-0.17-66.el7.x86_64
    Nov 27 10:24:52 Updated: bash-4.1-2.el6.x86_64
    Nov 27 10:24:50 Installed: kernel-3.10-2.x86_64
    Jan 02 03:04:05 Updated: bash-4.1-3.el6.x86_64
    Jan 03 03:04:05 Erased: telnet
    Jan 03 03:04:06 Erased: nano
    Jan 04 00:00:00 Erased: 2:vim-7-1.x86_64
    Jan 05 00:00:00 Installed: gpg-pubkey-1-2

    """

  private func item(_ name: String, _ version: String, _ release: String) -> Item {
    ["Name": name, "Version": version, "Release": release, "Epoch": "0", "Architecture": "x86_64"]
  }

  private func history(
    _ text: String, _ current: [Item]?, at time: Instant? = nil, zone: String = "UTC"
  ) throws -> PackageHistory {
    let path = try tree.write("yum.log", text)
    try tree.setModified("yum.log", Int(utc("2018-06-01 00:00:00").seconds))
    return try RpmImporter(timeZone: try #require(TimeZone(identifier: zone)), at: time).history(
      paths: [path], current: current, capturedAt: late)
  }

  private func states(_ history: PackageHistory) -> [String] {
    history.observations.map { observation in
      let packages = observation.items.map { "\($0["Name"] ?? "") \($0["Version"] ?? "?")" }
      return "\(observation.validTime): " + packages.joined(separator: ", ")
    }
  }

  @Test func `years are worked out backwards from when the file was written`() throws {
    let history = try history(text, [item("bash", "4.1", "3.el6"), item("kernel", "3.10", "2")])
    #expect(
      states(history) == [
        "2016-02-29T09:59:59Z: bash ?, nano ?, vim 7",
        "2016-02-29T10:00:00Z: bash ?, nano ?, telnet 0.17, vim 7",
        "2017-11-27T10:24:50Z: bash 4.1, kernel 3.10, nano ?, telnet 0.17, vim 7",
        "2018-01-02T03:04:05Z: bash 4.1, kernel 3.10, nano ?, telnet 0.17, vim 7",
        "2018-01-03T03:04:05Z: bash 4.1, kernel 3.10, nano ?, vim 7",
        "2018-01-03T03:04:06Z: bash 4.1, kernel 3.10, vim 7",
        "2018-01-04T00:00:00Z: bash 4.1, kernel 3.10",
      ])
    #expect(history.warnings.count == 2, "\(history.warnings)")
  }

  @Test func `the time that is given is when the log ends`() throws {
    let history = try history(text, [], at: utc("2013-02-01 00:00:00"), zone: "America/New_York")
    #expect(states(history).first?.hasPrefix("2012-02-29T14:59:59Z") == true)
    #expect(states(history).last?.hasPrefix("2013-01-04T05:00:00Z") == true)
    let error = #expect(throws: CollectorError.self) {
      try self.history(text, [], at: utc("2090-01-01 00:00:00"))
    }
    #expect(error?.message.contains("--at TIME") == true)
  }

  @Test func `a date in the name of a rotated log is when it ends`() throws {
    let line = "Aug 02 13:25:28 Installed: a-1-1.x86_64\n"
    let old = try tree.write("yum.log-20210101", line)
    let new = try tree.write("yum.log", line.replacing("a-1", with: "b-1"))
    try tree.setModified("yum.log", Int(utc("2022-01-01 00:00:00").seconds))
    let history = try RpmImporter(timeZone: try #require(TimeZone(identifier: "UTC"))).history(
      paths: [new, old], current: nil, capturedAt: late)
    #expect(
      states(history) == ["2020-08-02T13:25:28Z: a 1", "2021-08-02T13:25:28Z: a 1, b 1"])
  }

  @Test func `without a database the log is replayed from its beginning`() throws {
    let log = try tree.write(
      "dnf.rpm.log",
      """
      2025-01-28T17:07:10+0530 SUBDEBUG Installed: browser-1.74.50-1.x86_64
      2025-01-29T17:07:10+0530 SUBDEBUG Upgrade: browser-1.75-1.x86_64
      2025-01-29T17:07:12+0530 SUBDEBUG Upgraded: browser-1.74.50-1.x86_64

      """)
    let history = try RpmImporter().history(paths: [log], current: nil, capturedAt: late)
    #expect(
      states(history) == [
        "2025-01-28T11:37:10Z: browser 1.74.50", "2025-01-29T11:37:10Z: browser 1.75",
      ])
    #expect(history.source == .rpmAlone && !history.source.tellsEveryChange)
  }

  @Test func `a time is not given to a log that has its own`() throws {
    let log = try tree.write(
      "dnf.rpm.log", "2025-01-28T17:07:10+0530 SUBDEBUG Installed: browser-1.74.50-1.x86_64\n")
    let yum = try tree.write("yum.log", text)
    let importer = RpmImporter(at: utc("2020-01-01 00:00:00"))
    let error = #expect(throws: CollectorError.self) {
      try importer.history(paths: [log], current: nil, capturedAt: late)
    }
    #expect(error?.message.contains(log) == true && error?.message.contains("--at") == true)
    #expect(try importer.history(paths: [log, yum], current: nil, capturedAt: late).failures == [])
  }

  @Test func `another log of dnf is no log of rpm`() throws {
    let path = try tree.write(
      "dnf.log",
      "2026-03-03T10:00:00+0000 DEBUG DNF version: 4.14.0\n2026-03-03T10:00:00+0000 DDEBUG x y\n")
    let error = #expect(throws: CollectorError.self) {
      try RpmImporter().history(paths: [path], current: [], capturedAt: late)
    }
    #expect(error?.message.contains(path) == true)
  }
}
