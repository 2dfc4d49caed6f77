import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Logs of dpkg as machines of other years, languages and installers have written them.
struct DpkgLogKindTests {
  private let late = utc("2027-01-01 00:00:00")
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func history(
    _ text: String, _ current: [Item], zone: String = "UTC"
  ) throws -> PackageHistory {
    let importer = DpkgLogImporter(timeZone: try #require(TimeZone(identifier: zone)))
    return try importer.history(
      paths: [try tree.write("dpkg.log", text)], current: current, capturedAt: late)
  }

  private func states(_ history: PackageHistory) -> [String] {
    history.observations.map { observation in
      let packages = observation.items.map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }
      return "\(observation.validTime): " + packages.joined(separator: ", ")
    }
  }

  @Test func `a removal that begins with status installed removes what was there before`() throws {
    let removal = """
      2026-03-03 09:00:00 status installed a:amd64 1
      2026-03-03 09:00:08 remove a:amd64 1 1
      2026-03-03 09:00:08 status half-configured a:amd64 1
      2026-03-03 09:00:09 status half-installed a:amd64 1
      2026-03-03 09:00:09 status config-files a:amd64 1

      """
    for start in ["", "2026-03-03 09:00:00 startup packages remove\n"] {
      let history = try history(start + removal, [present("z", "9")])
      #expect(
        states(history) == ["2026-03-03T08:59:59Z: a 1, z 9", "2026-03-03T09:00:09Z: z 9"])
      #expect(history.warnings.isEmpty)
    }
  }

  @Test func `a purge of what was removed before says remove and removes nothing`() throws {
    let purge = """
      2026-03-03 09:00:00 startup packages purge
      2026-03-03 09:00:00 status config-files a:amd64 1
      2026-03-03 09:00:01 remove a:amd64 1 <none>
      2026-03-03 09:00:02 purge a:amd64 1 <none>
      2026-03-03 09:00:02 status config-files a:amd64 1
      2026-03-03 09:00:03 status not-installed a:amd64 <none>

      """
    let older = purge.replacing("09:00:00 status config-files a:amd64 1\n", with: "")
      .replacing("2026-03-03 2026", with: "2026").replacing(
        "09:00:02 purge", with: "09:00:02 status"
      )
      .replacing("status a:amd64 1 <none>", with: "status config-files a:amd64 1")
    for text in [purge, older] {
      let history = try history(text, [present("z", "9")])
      #expect(states(history) == ["2026-03-03T08:59:59Z: z 9"])
      #expect(history.warnings.isEmpty, "\(history.warnings)")
    }
  }

  @Test func `a log that begins within an installation says nothing of before its end`() throws {
    let text = """
      2026-03-03 09:00:00 status half-configured a:amd64 2
      2026-03-03 09:00:03 status installed a:amd64 2
      2026-03-03 09:00:04 status installed b:amd64 3
      2026-03-03 09:00:05 startup packages remove
      2026-03-03 09:00:06 remove b:amd64 3 <none>
      2026-03-03 09:00:07 status not-installed b:amd64 <none>

      """
    let history = try history(text, [present("a", "2"), present("z", "9")])
    #expect(
      states(history) == ["2026-03-03T09:00:04Z: a 2, b 3, z 9", "2026-03-03T09:00:07Z: a 2, z 9"])
    #expect(history.knownFrom == utc("2026-03-03 09:00:04"))
    #expect(history.warnings.count == 2)
  }

  @Test func `names without architectures are those of the present packages`() throws {
    let text = """
      2010-02-11 06:16:23 startup archives install
      2010-02-11 06:16:24 install acl <none> 2.2.45-1
      2010-02-11 06:16:25 status installed acl 2.2.45-1
      2010-02-11 06:18:00 upgrade acl 2.2.45-1 2.2.47-2
      2010-02-11 06:18:01 status unpacked acl 2.2.47-2
      2010-02-11 06:18:01 status installed acl 2.2.47-2
      2010-02-11 06:19:00 install gone <none> 1
      2010-02-11 06:19:01 status installed gone 1
      2012-01-01 00:00:00 upgrade acl:armel 2.2.47-2 3
      2012-01-01 00:00:01 status unpacked acl:armel 3
      2012-01-01 00:00:02 status installed acl:armel 3
      2012-01-01 00:00:03 remove gone 1 1
      2012-01-01 00:00:04 status not-installed gone <none>

      """
    let history = try history(text, [present("acl", "3", "armel")])
    #expect(
      states(history) == [
        "2010-02-11T06:16:22Z: ", "2010-02-11T06:16:25Z: acl 2.2.45-1",
        "2010-02-11T06:18:01Z: acl 2.2.47-2", "2010-02-11T06:19:01Z: acl 2.2.47-2, gone 1",
        "2012-01-01T00:00:01Z: acl 3, gone 1", "2012-01-01T00:00:04Z: acl 3",
      ])
    #expect(history.warnings.isEmpty)
    let items = Array(history.observations)[3].items
    #expect(items[0]["Architecture"] == "armel" && items[1]["Architecture"] == nil)
  }

  @Test func `a bootstrap upgrades dpkg before it knows its architecture`() throws {
    let text = """
      2021-04-22 08:41:05 startup archives install
      2021-04-22 08:41:05 upgrade dpkg 1.19 1.19
      2021-04-22 08:41:05 status half-configured dpkg 1.19
      2021-04-22 08:41:05 status unpacked dpkg 1.19
      2021-04-22 08:41:05 status half-installed dpkg 1.19
      2021-04-22 08:41:06 status unpacked dpkg:armhf 1.19
      2021-04-22 08:41:06 configure dpkg:armhf 1.19 1.19
      2021-04-22 08:41:06 status installed dpkg:armhf 1.19

      """
    let history = try history(text, [present("dpkg", "1.19", "armhf", installed: nil)])
    #expect(
      states(history) == ["2021-04-22T08:41:04Z: dpkg 1.19", "2021-04-22T08:41:06Z: dpkg 1.19"])
    #expect(history.warnings.isEmpty)
  }

  @Test func `a package that changes its architecture is replaced`() throws {
    let text = """
      2026-03-03 09:00:00 startup archives unpack
      2026-03-03 09:00:00 upgrade a:amd64 1 2
      2026-03-03 09:00:00 status half-configured a:amd64 1
      2026-03-03 09:00:00 status unpacked a:amd64 1
      2026-03-03 09:00:00 status half-installed a:amd64 1
      2026-03-03 09:00:01 status unpacked a:all 2
      2026-03-03 09:00:02 configure a:all 2 <none>
      2026-03-03 09:00:02 status unpacked a:all 2
      2026-03-03 09:00:03 status installed a:all 2

      """
    let history = try history(text, [present("a", "2", "all")])
    #expect(
      history.observations.map { $0.items.map { Known($0) } } == [
        [Known("a", "1")], [Known("a", "2", "all")],
      ])
    #expect(history.warnings.isEmpty)
  }

  @Test(arguments: ["<none>", "<keine>", "<bat ere ez>", "<pas cap>", "<なし>"])
  func `the word for no version is one in every language`(none: String) throws {
    let text = """
      2026-03-03 09:00:01 install a:amd64 \(none) 2
      2026-03-03 09:00:01 status half-installed a:amd64 2
      2026-03-03 09:00:04 configure a:amd64 2 \(none)
      2026-03-03 09:00:04 status installed a:amd64 2
      2026-03-03 09:00:05 remove b:amd64 1 \(none)
      2026-03-03 09:00:05 status not-installed b:amd64 \(none)
      2026-03-03 09:00:06 purge c:amd64 \(none) \(none)
      2026-03-03 09:00:06 status not-installed c:amd64 \(none)

      """
    let history = try history(text, [present("a", "2")])
    #expect(
      states(history) == [
        "2026-03-03T09:00:00Z: b 1", "2026-03-03T09:00:04Z: a 2, b 1", "2026-03-03T09:00:05Z: a 2",
      ])
    #expect(history.warnings.isEmpty)
  }

  @Test func `installed times that only the log knows are the log's`() throws {
    let text = """
      2026-03-03 09:00:01 install a:amd64 <none> 2
      2026-03-03 09:00:04 status installed a:amd64 2

      """
    let collected = try history(text, [present("a", "2")])
    #expect(Array(collected.observations)[1].items[0]["InstalledTime"] == "2026-01-01T00:00:00Z")
    let told = try history(text, [present("a", "2", installed: nil)])
    #expect(Array(told.observations)[1].items[0]["InstalledTime"] == "2026-03-03T09:00:04Z")
  }

  @Test func `what cannot be read makes unknown what was before it`() throws {
    let before = """
      2026-03-01 09:00:00 install a:amd64 <none> 1
      2026-03-01 09:00:01 status installed a:amd64 1

      """
    let after = """
      2026-03-03 09:00:00 install b:amd64 <none> 1
      2026-03-03 09:00:01 status installed b:amd64 1

      """
    let current = [present("a", "1"), present("b", "1"), present("z", "9")]
    for damage in ["\0\0\0\0\n", "2026-03-02 09:00:00 frobnicate z:amd64 9\n", "0-03-02 09:00:0\n"]
    {
      let history = try history(before + damage + after, current)
      #expect(
        states(history) == [
          "2026-03-03T09:00:00Z: a 1, z 9", "2026-03-03T09:00:01Z: a 1, b 1, z 9",
        ])
      #expect(history.knownFrom == utc("2026-03-03 09:00:00"))
      #expect(history.warnings.count == 2, "\(history.warnings)")
    }
    // Nothing is behind it that could be known; a last line that is being written is no damage.
    #expect(states(try history(before + after + "\0\n", current)).isEmpty)
    #expect(states(try history(before + after + "2026-03-03 09:00:02 st", current)).count == 3)
  }

  @Test func `a file that is none of dpkg's, or cut, is named and leaves the others`() throws {
    let older = try tree.write(
      "dpkg.log.2",
      "2026-01-01 09:00:00 install a:amd64 <none> 1\n2026-01-01 09:00:01 status installed a:amd64 1\n"
    )
    let newer = try tree.write(
      "dpkg.log",
      "2026-03-01 09:00:00 install b:amd64 <none> 1\n2026-03-01 09:00:01 status installed b:amd64 1\n"
    )
    let other = try tree.write("passwd", "root:x:0:0:root:/root:/bin/bash\n")
    let importer = DpkgLogImporter(timeZone: try #require(TimeZone(identifier: "UTC")))
    let current = [present("a", "1"), present("b", "1")]
    let error = #expect(throws: CollectorError.self) {
      try importer.history(paths: [other], current: current, capturedAt: late)
    }
    #expect(error?.message == "\(other) is no log of dpkg's")
    let history = try importer.history(
      paths: [older, newer, other], current: current, capturedAt: late)
    #expect(history.failures == ["\(other) is no log of dpkg's"])
    #expect(states(history).count == 3)
    // Between two files that can be read: what was before the missing one is not known.
    try tree.write("dpkg.log.1.gz", [0x1f, 0x8b, 8, 0, 0])
    let cut = try importer.history(
      paths: [older, newer, tree.path("dpkg.log.1.gz")], current: current, capturedAt: late)
    #expect(
      states(cut) == ["2026-03-01T09:00:00Z: a 1", "2026-03-01T09:00:01Z: a 1, b 1"])
    #expect(cut.failures.count == 1 && cut.failures[0].contains("dpkg.log.1.gz cannot be unpacked"))
  }
}
