import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Packages that pacman really installs, upgrades, downgrades and removes in a root of their own.
struct RealPacmanTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func run(_ words: [String]) -> String? {
    let command = words.map { "'\($0)'" }.joined(separator: " ")
    return output(of: "timeout", "60", "sh", "-c", "\(command) </dev/null 2>/dev/null")
  }

  private func pacman(_ words: String...) -> String? {
    let root = tree.path("root")
    return run(
      [
        "pacman", "--root", root, "--dbpath", root + "/var/lib/pacman", "--logfile",
        root + "/var/log/pacman.log", "--config", tree.path("pacman.conf"), "--cachedir",
        root + "/cache", "--gpgdir", root + "/keys", "--hookdir", root + "/hooks", "--noconfirm",
      ] + words)
  }

  /// Makes a package, and gives its path.
  private func build(_ name: String, _ version: String) throws -> String {
    let folder = "build/\(name)-\(version)"
    try tree.write("\(folder)/usr/share/\(name)/version", version)
    try tree.write(
      "\(folder)/.PKGINFO",
      """
      pkgname = \(name)
      pkgbase = \(name)
      pkgver = \(version)
      pkgdesc = the program \(name)
      url = https://example.org/\(name)
      builddate = 1770000000
      packager = Someone <someone@example.org>
      size = 4
      arch = any

      """)
    let path = tree.path("\(name)-\(version)-any.pkg.tar.zst")
    let made = run(["tar", "--zstd", "-cf", path, "-C", tree.path(folder), ".PKGINFO", "usr"])
    _ = try #require(made)
    return path
  }

  /// What pacman lists: the fields of `-Qi` that an item has.
  private func listed() throws -> Set<[String]> {
    let text = try #require(pacman("-Qi"))
    var packages: Set<[String]> = []
    for stanza in text.components(separatedBy: "\n\n") where stanza.contains("Name ") {
      var fields: [String: String] = [:]
      for line in stanza.split(separator: "\n") {
        let words = line.split(separator: ":", maxSplits: 1).map {
          $0.trimmingCharacters(in: .whitespaces)
        }
        if words.count == 2 { fields[words[0]] = words[1] }
      }
      packages.insert(
        ["Name", "Version", "Architecture", "Description", "URL", "Packager"].map {
          fields[$0] ?? ""
        })
    }
    return packages
  }

  private func present() throws -> [Item] {
    try PacmanDatabase.items(inFolder: tree.path("root/var/lib/pacman/local"))
  }

  @Test func `pacman's database and its log say what pacman lists at each step`() throws {
    for folder in ["var/lib/pacman", "var/log", "cache", "keys", "hooks"] {
      try tree.write("root/\(folder)/.keep", "")
    }
    try tree.write(
      "pacman.conf", "[options]\nArchitecture = auto\nSigLevel = Never\nLocalFileSigLevel = Never\n"
    )
    guard pacman("--version") != nil else { try Test.cancel("pacman is not there") }
    let (first, second) = (try build("tool", "1.0-1"), try build("tool", "1:0.9-2"))
    let other = try build("other", "2-1")
    let steps = [
      ["-U", first, other], ["-U", second], ["-U", other], ["-R", "other"], ["-U", first],
      ["-U", other], ["-R", "tool"],
    ]
    var states: [[String]] = []
    for step in steps {
      // The log has whole seconds; what it says of one second is one state.
      let began = Int(Date().timeIntervalSince1970)
      while Int(Date().timeIntervalSince1970) == began { usleep(20_000) }
      _ = try #require(
        step.count == 3 ? pacman(step[0], step[1], step[2]) : pacman(step[0], step[1]))
      let items = try present()
      let fields = ["Name", "Version", "Architecture", "Summary", "URL", "Publisher"]
      #expect(Set(items.map { item in fields.map { item[$0] ?? "" } }) == (try listed()))
      #expect(items.allSatisfy { $0["InstalledTime"] != nil })
      states.append(items.map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }.sorted())
      try expectLog(states, items)
    }
    #expect(states.last == ["other 2-1"])
  }

  /// The log's states so far are those that were listed, and its last one the present items whole.
  private func expectLog(_ states: [[String]], _ present: [Item]) throws {
    let history = try PacmanLogImporter(timeZone: .gmt).history(
      paths: [tree.path("root/var/log/pacman.log")], current: present,
      capturedAt: Instant(seconds: Int64(Date().timeIntervalSince1970) + 1))
    #expect(history.warnings == [])
    let observations = Array(history.observations)
    var told = observations.map { observation in
      observation.items.map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }.sorted()
    }
    // Before the first line there was nothing.
    if told.first == [] { told.removeFirst() }
    // That a package was installed again changes nothing but the time.
    #expect(told == states)
    #expect(Set(observations.last?.items ?? []) == Set(present))
  }
}
