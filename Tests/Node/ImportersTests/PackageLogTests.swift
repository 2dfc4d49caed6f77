import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

struct PackageLogTests {
  private let late = utc("2027-01-01 00:00:00")

  private func states(_ history: PackageHistory) -> [String] {
    history.observations.map { observation in
      let packages = observation.items.map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }
      return "\(observation.validTime): " + packages.joined(separator: ", ")
    }
  }

  @Test(arguments: [
    ("bash-5.1-2.x86_64", "bash 0:5.1-2 x86_64"),
    ("vim-minimal-2:8.2.3642-1.fc34.x86_64", "vim-minimal 2:8.2.3642-1.fc34 x86_64"),
    ("2:vim-8.2-1.noarch", "vim 2:8.2-1 noarch"),
    ("gpg-pubkey-5a6340b3-6229229e", nil), ("bash", nil), ("-1-2.x", nil), ("a-1-2.", nil),
    ("a--2.x", nil), ("x:a-y:1-2.z", nil),
  ])
  func `names of dnf are split from their end`(word: String, expected: String?) {
    let package = RpmLogPackage(word)
    #expect(package.map { "\($0.name) \($0.fullVersion) \($0.architecture)" } == expected)
  }

  @Test func `what dnf logs becomes states with the present ones as they were collected`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "dnf.rpm.log",
      """
      2026-03-03T09:59:59+0100 INFO --- logging initialized ---
      2026-03-03T10:00:00+0100 SUBDEBUG Installed: nano-8.1-1.fc41.x86_64
      2026-03-04T09:00:00Z SUBDEBUG Upgrade: openssl-1:3.2-6.x86_64
      2026-03-04T09:05:00Z SUBDEBUG Upgraded: openssl-1:3.0-2.x86_64
      2026-03-05T09:00:00+00 SUBDEBUG Erase: nano-8.1-1.fc41.x86_64
      2026-03-05T09:00:01+0000 INFO warning: /etc/a created as /etc/a.rpmnew

      """)
    let present: Item = [
      "Name": "openssl", "Version": "3.2", "Release": "6", "Epoch": "1",
      "Architecture": "x86_64", "Summary": "TLS",
    ]
    let old: Item = ["Name": "old", "Version": "1", "Release": "1", "Architecture": "noarch"]
    let history = try RpmImporter().history(
      paths: [path], current: [present, old], capturedAt: late)
    #expect(
      states(history) == [
        "2026-03-03T08:59:58Z: old 1, openssl 3.0",
        "2026-03-03T09:00:00Z: nano 8.1, old 1, openssl 3.0",
        "2026-03-04T09:00:00Z: nano 8.1, old 1, openssl 3.2",
        "2026-03-05T09:00:00Z: old 1, openssl 3.2",
      ])
    #expect(history.warnings.isEmpty)
    let last = try #require(Array(history.observations).last)
    var told = present
    // Nothing was collected of it.
    told["InstalledTime"] = "2026-03-04T09:00:00Z"
    #expect(last.items == [old, told])
    let imported = history.imported(node: try NodeID("n"))
    #expect(imported.reports.map(\.entries.count) == [1, 1, 1, 1])
    #expect(imported.recordsRead == 6 && imported.knownFrom == utc("2026-03-03 08:59:58"))
  }

  @Test func `pacman's old lines have minutes of a local clock`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "pacman.log",
      """
      [2012-01-01 10:00] installed bash (4.2-1)
      [2019-01-01 10:00] [PACMAN] Running 'pacman -S zsh'
      [2019-01-01 10:01] [ALPM] installed zsh (5.7-1)
      [2019-01-01 10:01] [ALPM-SCRIPTLET] installed something (else)
      [2026-03-03T10:00:00+0100] [ALPM] upgraded bash (4.2-1 -> 5.1-2)
      [2026-03-03T10:00:00+0100] [ALPM] running 'systemd.hook'...
      [2026-03-04T10:00:00+0100] [ALPM] removed mesa (1:2-1)
      a line of something else

      """)
    let importer = PacmanLogImporter(
      timeZone: try #require(TimeZone(identifier: "Europe/Berlin")))
    let history = try importer.history(paths: [path], current: nil, capturedAt: late)
    #expect(
      states(history) == [
        "2012-01-01T09:00:00Z: bash 4.2-1, mesa 1:2-1",
        "2019-01-01T09:01:00Z: bash 4.2-1, mesa 1:2-1, zsh 5.7-1",
        "2026-03-03T09:00:00Z: bash 5.1-2, mesa 1:2-1, zsh 5.7-1",
        "2026-03-04T09:00:00Z: bash 5.1-2, zsh 5.7-1",
      ])
    #expect(history.knownFrom == utc("2012-01-01 09:00:00"))
    #expect(history.warnings.count == 2)
    #expect(history.warnings[0] == "lines that are none of pacman's: 1: \(path) line 8")
    #expect(history.warnings[1].contains("1 of its packages are older"))
  }

  @Test func `a named pipe is refused and not waited for`() throws {
    let tree = try TemporaryTree()
    let path = tree.path("pipe")
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: CollectorError.self) {
      try RpmImporter().history(paths: [path], current: [], capturedAt: late)
    }
  }

  @Test func `bytes of any kind are warnings or no log`() throws {
    var random = SplitMix64(seed: 7)
    let tree = try TemporaryTree()
    for round in 0..<60 {
      var bytes = (0..<(round * 40)).map { _ in UInt8.random(in: 0...255, using: &random) }
      if round % 2 == 0 {
        let words = ["[2019-01-01 10:00] ", "installed", " -> ", "(", ")", "\n", " ", "SUBDEBUG "]
        bytes = (0..<(round * 5)).flatMap { _ in
          Array((words.randomElement(using: &random) ?? "").utf8)
        }
      }
      let path = try tree.write("log", bytes)
      for history in [
        try? RpmImporter().history(paths: [path], current: [], capturedAt: late),
        try? PacmanLogImporter().history(paths: [path], current: nil, capturedAt: late),
      ] {
        if let history { _ = Array(history.observations) }
      }
    }
  }

  @Test func `a line of 50 MB is no log`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write("log", Data(count: 50_000_000))
    #expect(throws: CollectorError.self) {
      try RpmImporter().history(paths: [path], current: [], capturedAt: late)
    }
  }

  @Test func `pacman's database is the present state for its log`() throws {
    let tree = try TemporaryTree()
    try tree.write(
      "local/bash-5.1-2/desc",
      """
      %NAME%
      bash

      %VERSION%
      5.1-2

      %DESC%
      the shell

      %ARCH%
      x86_64

      %INSTALLDATE%
      1770000000

      %PACKAGER%
      Someone <s@example.org>

      %DEPENDS%
      readline
      glibc

      """)
    try tree.write("local/bash-5.1-2/files", "%FILES%\nusr/\n")
    let bash: Item = [
      "Name": "bash", "Version": "5.1-2", "Architecture": "x86_64", "Summary": "the shell",
      "Publisher": "Someone <s@example.org>", "InstalledTime": "2026-02-02T02:40:00Z",
    ]
    let current = try PacmanDatabase.items(inFolder: tree.path("local"))
    #expect(current == [bash])
    let path = try tree.write(
      "pacman.log", "[2026-02-02T02:40:00+0000] [ALPM] upgraded bash (5.0-1 -> 5.1-2)\n")
    let history = try PacmanLogImporter().history(
      paths: [path], current: current, capturedAt: late)
    let old: Item = ["Name": "bash", "Version": "5.0-1", "Architecture": "x86_64"]
    #expect(history.observations.map(\.items) == [[old], [bash]])
    try tree.write("local/broken/desc", "%NAME%\n")
    #expect(throws: CollectorError.self) {
      try PacmanDatabase.items(inFolder: tree.path("local"))
    }
  }
}
