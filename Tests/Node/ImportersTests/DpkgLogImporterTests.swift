import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

struct DpkgLogImporterTests {
  private let late = utc("2027-01-01 00:00:00")

  private func zone(_ name: String) throws -> TimeZone {
    try #require(TimeZone(identifier: name))
  }

  /// Reads one log of the given lines in UTC.
  private func history(_ text: String, _ current: [Item]) throws -> PackageHistory {
    let tree = try TemporaryTree()
    return try DpkgLogImporter(timeZone: try zone("UTC")).history(
      paths: [try tree.write("dpkg.log", text)], current: current, capturedAt: late)
  }

  /// The observations as `time: name version, …`.
  private func states(_ history: PackageHistory) -> [String] {
    history.observations.map { observation in
      let packages = observation.items.map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }
      return "\(observation.validTime): " + packages.joined(separator: ", ")
    }
  }

  private let upgrade = """
    2026-03-03 09:00:00 startup archives unpack
    2026-03-03 09:00:01 upgrade a:amd64 1 2
    2026-03-03 09:00:01 status half-configured a:amd64 1
    2026-03-03 09:00:01 status unpacked a:amd64 1
    2026-03-03 09:00:01 status half-installed a:amd64 1
    2026-03-03 09:00:02 status triggers-pending libc:amd64 5
    2026-03-03 09:00:02 status unpacked a:amd64 2
    2026-03-03 09:00:03 startup packages configure
    2026-03-03 09:00:04 configure a:amd64 2 <none>
    2026-03-03 09:00:04 status unpacked a:amd64 2
    2026-03-03 09:00:04 conffile /etc/a keep
    2026-03-03 09:00:04 status half-configured a:amd64 2
    2026-03-03 09:00:05 status installed a:amd64 2
    2026-03-03 09:00:06 trigproc libc:amd64 5 <none>
    2026-03-03 09:00:06 status half-configured libc:amd64 5
    2026-03-03 09:00:07 status installed libc:amd64 5

    """

  @Test func `an upgrade holds the old version until the new one is unpacked`() throws {
    let current = [present("a", "2"), present("libc", "5"), present("old", "7", "all")]
    let history = try history(upgrade, current)
    #expect(
      states(history) == [
        "2026-03-03T08:59:59Z: a 1, libc 5, old 7", "2026-03-03T09:00:02Z: a 2, libc 5, old 7",
      ])
    let observations = Array(history.observations)
    #expect(
      observations[0].items[0] == [
        "Name": "a", "Version": "1", "Architecture": "x86_64", "PackageId": "a_1_amd64.deb",
      ])
    #expect(observations[1].items == current)
    #expect(observations[0].items[1...] == current[1...])
    #expect(history.knownFrom == utc("2026-03-03 08:59:59"))
    #expect(history.linesRead == 16)
    #expect(history.warnings.isEmpty)
  }

  @Test func `the reports carry the observations`() throws {
    let node = try NodeID("n")
    let history = try history(upgrade, [present("a", "2"), present("libc", "5")])
    let reports = Array(history.reports(node: node))
    #expect(reports.count == 2)
    #expect(reports[1].node == node)
    #expect(reports[1].origin == .imported(.dpkgLog))
    let entry = try #require(reports[1].entries.first)
    #expect(entry.type == .application)
    #expect(entry.schemaVersion == "1.1")
    #expect(entry.captureTime == utc("2026-03-03 09:00:02"))
    #expect(entry.content == [present("a", "2"), present("libc", "5")])
  }

  @Test func `removal and purge end a package and leave what the log knows`() throws {
    let text = """
      2026-03-03 09:00:00 install a:amd64 <none> 1
      2026-03-03 09:00:01 status installed a:amd64 1
      2026-03-04 09:00:00 remove a:amd64 1 <none>
      2026-03-04 09:00:00 status half-configured a:amd64 1
      2026-03-04 09:00:01 status half-installed a:amd64 1
      2026-03-04 09:00:02 status config-files a:amd64 1
      2026-03-05 09:00:00 purge a:amd64 1 <none>
      2026-03-05 09:00:00 status config-files a:amd64 1
      2026-03-05 09:00:00 status not-installed a:amd64 <none>
      2026-03-06 09:00:00 remove b:all 3 <none>
      2026-03-06 09:00:01 status not-installed b:all <none>
      2026-03-07 09:00:00 purge c:all 3 <none>
      2026-03-07 09:00:00 status not-installed c:all <none>
      2026-03-08 09:00:00 install d:all 1 2
      2026-03-08 09:00:01 status installed d:all 2

      """
    let history = try history(text, [present("d", "2", "all"), present("z", "9")])
    #expect(
      states(history) == [
        "2026-03-03T08:59:59Z: b 3, z 9", "2026-03-03T09:00:01Z: a 1, b 3, z 9",
        "2026-03-04T09:00:01Z: b 3, z 9", "2026-03-06T09:00:01Z: z 9",
        "2026-03-08T09:00:01Z: d 2, z 9",
      ])
    #expect(history.warnings.isEmpty)
    let item = Array(history.observations)[1].items[0]
    #expect(item["InstalledTime"] == "2026-03-03T09:00:01Z")
  }

  @Test func `a reinstallation changes only the time, which earlier periods have from the log`()
    throws
  {
    let text = """
      2026-03-03 09:00:00 install a:amd64 <none> 1
      2026-03-03 09:00:01 status unpacked a:amd64 1
      2026-03-03 09:00:01 status installed a:amd64 1
      2026-03-04 09:00:00 upgrade a:amd64 1 1
      2026-03-04 09:00:00 status unpacked a:amd64 1
      2026-03-04 09:00:01 status installed a:amd64 1

      """
    let now = present("a", "1", installed: "2026-03-04T09:00:00Z")
    let observations = Array(try history(text, [now]).observations)
    #expect(observations.map(\.items.count) == [0, 1, 1])
    #expect(observations[1].items[0]["InstalledTime"] == "2026-03-03T09:00:01Z")
    #expect(observations[1].items[0]["Summary"] == "the program a")
    #expect(observations[2].items == [now])
  }

  @Test func `a downgrade returns to a version and an upgrade to it again`() throws {
    let text = """
      2026-03-03 09:00:00 upgrade a:amd64 3 2
      2026-03-03 09:00:01 status installed a:amd64 2
      2026-03-04 09:00:00 upgrade a:amd64 2 3
      2026-03-04 09:00:01 status installed a:amd64 3

      """
    let observations = Array(try history(text, [present("a", "3")]).observations)
    #expect(observations.map { $0.items[0]["Version"] } == ["3", "2", "3"])
    // The version of today, held before the log: all but its time is known.
    #expect(observations[0].items[0]["Summary"] == "the program a")
    #expect(observations[0].items[0]["InstalledTime"] == nil)
    #expect(observations[1].items[0]["Summary"] == nil)
    #expect(observations[2].items[0] == present("a", "3"))
  }

  @Test func `architectures of one name are packages of their own`() throws {
    let text = """
      2026-03-03 09:00:00 install a:i386 <none> 1
      2026-03-03 09:00:01 status installed a:i386 1
      2026-03-04 09:00:00 upgrade a:amd64 1 2
      2026-03-04 09:00:00 upgrade a:i386 1 2
      2026-03-04 09:00:01 status installed a:amd64 2
      2026-03-04 09:00:02 status installed a:i386 2

      """
    let history = try history(text, [present("a", "2"), present("a", "2", "i386")])
    let known = history.observations.map { Set($0.items.map { Known($0) }) }
    #expect(
      known == [
        [Known("a", "1")], [Known("a", "1"), Known("a", "1", "i386")],
        [Known("a", "2"), Known("a", "1", "i386")], [Known("a", "2"), Known("a", "2", "i386")],
      ])
  }

  @Test func `an upgrade that is given up changes nothing, one that stays half-way does`() throws {
    let text = """
      2026-03-03 09:00:00 upgrade a:amd64 1 2
      2026-03-03 09:00:00 status half-installed a:amd64 1
      2026-03-03 09:00:01 status unpacked a:amd64 1
      2026-03-03 09:00:01 status installed a:amd64 1
      2026-03-04 09:00:00 upgrade a:amd64 1 2
      2026-03-04 09:00:00 status unpacked a:amd64 2
      2026-03-04 09:00:00 status half-configured a:amd64 2
      2026-03-04 10:00:00 upgrade a:amd64 2 3
      2026-03-04 10:00:00 status unpacked a:amd64 3
      2026-03-04 10:00:01 status installed a:amd64 3

      """
    let history = try history(text, [present("a", "3")])
    #expect(
      states(history) == [
        "2026-03-03T08:59:59Z: a 1", "2026-03-04T09:00:00Z: a 2", "2026-03-04T10:00:00Z: a 3",
      ])
    #expect(history.warnings.isEmpty)
  }

  @Test func `what comes and goes within one second is no observation`() throws {
    let text = """
      2026-03-03 09:00:00 install a:amd64 <none> 1
      2026-03-03 09:00:01 status installed a:amd64 1
      2026-03-03 09:00:01 remove a:amd64 1 <none>
      2026-03-03 09:00:01 status not-installed a:amd64 <none>

      """
    #expect(states(try history(text, [])) == ["2026-03-03T08:59:59Z: "])
  }

  @Test func `contradictions are warnings, each side keeping its own time`() throws {
    let text = """
      2026-03-03 09:00:00 install a:amd64 <none> 1
      2026-03-03 09:00:01 status installed a:amd64 1
      2026-03-04 09:00:00 upgrade a:amd64 2 3
      2026-03-04 09:00:01 status installed a:amd64 3
      2026-03-05 09:00:00 configure m:amd64 1 <none>
      2026-03-05 09:00:01 status installed m:amd64 1
      2026-03-06 09:00:00 remove r:amd64 1 <none>
      2026-03-06 09:00:01 status not-installed r:amd64 <none>

      """
    let history = try history(text, [present("a", "4"), present("r", "5"), present("m", "1")])
    #expect(
      states(history) == [
        "2026-03-03T08:59:59Z: r 1", "2026-03-03T09:00:01Z: a 1, r 1",
        "2026-03-04T09:00:00Z: a 2, r 1", "2026-03-04T09:00:01Z: a 3, r 1",
        "2026-03-05T09:00:01Z: a 3, m 1, r 1", "2026-03-06T09:00:01Z: a 3, m 1",
      ])
    #expect(history.warnings.count == 4)
    let text2 = history.warnings.joined(separator: "\n")
    #expect(text2.contains("a:amd64: 1 until 2026-03-04T09:00:00Z"))
    #expect(text2.contains("a:amd64: the log ends with 3 installed, now it is 4"))
    #expect(text2.contains("r:amd64: the log ends with nothing installed, now it is 5"))
    #expect(text2.contains("m:amd64: the log begins in the middle"))
  }

  @Test func `lines that do not parse are counted, named and skipped`() throws {
    var text = Array("2026-03-03 09:00:00 install a:amd64 <none> 1\n".utf8)
    text += [0xff, 0x00, 0x80, 0x0a, 0x0a]
    text += Array(
      """
      2026-02-30 09:00:00 status installed a:amd64 1
      2026-03-03 09:00:01 dance a:amd64 1 2
      2026-03-03 09:00:01 status happy a:amd64 1
      2026-03-03 09:00:01 status installed a 1
      2026-03-03 09:00:01 status installed a:amd64
      2026-03-03 09:00:01
      2026-03-03 09:00:01 status installed a:amd64 1
      2026-03-03 09:00:02 status installed a:amd64 1.2.3 cut of
      """.utf8)
    let tree = try TemporaryTree()
    let path = try tree.write("dpkg.log", text)
    let history = try DpkgLogImporter(timeZone: try zone("UTC")).history(
      paths: [path], current: [present("a", "1")], capturedAt: late)
    // What was before the last of them is not known; that the last line is cut is no harm.
    #expect(states(history) == ["2026-03-03T09:00:01Z: a 1"])
    #expect(history.linesRead == 10)
    #expect(history.warnings.count == 2)
    #expect(history.warnings[0].hasPrefix("lines that are none of dpkg's: 7: \(path) line 2, "))
  }

  @Test func `an empty log gives no observation`() throws {
    let history = try history("", [present("a", "1")])
    #expect(states(history).isEmpty)
    #expect(history.knownFrom == late)
    #expect(history.linesRead == 0)
    #expect(history.warnings.isEmpty)
    let none = try DpkgLogImporter().history(paths: [], current: [], capturedAt: late)
    #expect(states(none).isEmpty)
  }

  @Test func `lines after the present state are left out`() throws {
    let text = """
      2026-12-31 09:00:00 install a:amd64 <none> 1
      2026-12-31 09:00:01 status installed a:amd64 1
      2038-01-01 09:00:00 upgrade a:amd64 1 2
      2038-01-01 09:00:01 status installed a:amd64 2
      2026-12-31 09:00:02 install b:amd64 <none> 1
      2026-12-31 09:00:03 status installed b:amd64 1
      2027-01-01 09:00:02 install c:amd64 <none> 1
      2027-01-01 09:00:03 status installed c:amd64 1

      """
    let history = try history(text, [present("a", "2"), present("b", "1")])
    #expect(
      states(history) == [
        "2026-12-31T08:59:59Z: ", "2026-12-31T09:00:01Z: a 1", "2026-12-31T09:00:02Z: a 2",
        "2026-12-31T09:00:03Z: a 2, b 1",
      ])
    #expect(history.warnings.count == 2)
    #expect(history.warnings[0].contains("line 3 (2038-01-01 09:00:00)"))
    #expect(history.warnings[1].contains("2027-01-01T00:00:00Z: 2"))
  }
}
