import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Packages that dpkg really installs, upgrades, removes and purges in a root of their own.
struct RealPackagesTests {
  private let tree: TemporaryTree
  private let zone: TimeZone

  init() throws {
    tree = try TemporaryTree()
    zone = try #require(TimeZone(identifier: "UTC"))
  }

  /// A package that dpkg knows, by what its own query says of it or a collector.
  private struct Row: Hashable, CustomStringConvertible {
    var known: Known
    var want: String
    var flag: String
    var state: String

    var isInstalled: Bool { flag == "ok" && (state == "installed" || state.hasPrefix("triggers-")) }
    var isPlain: Bool { want == "install" && flag == "ok" && state == "installed" }
    var description: String { "\(known) \(want) \(flag) \(state)" }
  }

  /// What a step is to lead to, by the names and versions that are installed.
  private struct Step {
    var arguments: [String]
    var installed: [String]
    var unusual: [String] = []
    /// Whether dpkg is to fail, as it does where a package's script does.
    var fails = false
  }

  private func run(_ words: [String]) -> String? {
    let command = words.map { "'\($0)'" }.joined(separator: " ")
    return output(of: "timeout", "120", "sh", "-c", "\(command) </dev/null 2>&1")
  }

  /// Builds a package; nil where that cannot be done here.
  private func build(_ name: String, _ version: String, script: String? = nil) throws -> String? {
    let folder = "build/\(name)-\(version)"
    try tree.write("\(folder)/usr/share/\(name)/version", version)
    try tree.write(
      "\(folder)/DEBIAN/control",
      """
      Package: \(name)
      Version: \(version)
      Architecture: all
      Section: misc
      Maintainer: Someone <someone@example.org>
      Description: a package of a test

      """)
    if name == "conf" {
      try tree.write("\(folder)/etc/conf.conf", version)
      try tree.write("\(folder)/DEBIAN/conffiles", "/etc/conf.conf\n")
    }
    if let script {
      let path = try tree.write("\(folder)/DEBIAN/postinst", "#!/bin/sh\n\(script)\n")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    let path = tree.path("\(name)_\(version).deb")
    let words = ["dpkg-deb", "--build", "--root-owner-group", tree.path(folder), path]
    return run(words) == nil ? nil : path
  }

  private func dpkg(_ arguments: [String], log number: Int) -> String? {
    run(
      [
        "dpkg", "--root=\(tree.path("root"))", "--force-not-root", "--force-script-chrootless",
        "--log=\(tree.path("log.\(number)"))",
      ] + arguments)
  }

  private func query() throws -> [Row] {
    let format =
      ["Package", "Version", "Architecture", "db:Status-Want", "db:Status-Eflag"]
      .map { "${\($0)}\\t" }.joined() + "${db:Status-Status}\\n"
    let text = try #require(
      output(of: "dpkg-query", "--admindir=\(tree.path("root/var/lib/dpkg"))", "-W", "-f=" + format)
    )
    return text.split(separator: "\n").map { line in
      let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Row(
        known: Known(words[0], words[1], words[2]), want: words[3], flag: words[4],
        state: words[5])
    }
  }

  /// Gives a step's part of the log a time of its own: dpkg needs no second for all of them.
  private func setTime(_ time: String, ofLog number: Int) throws {
    let text = try String(contentsOfFile: tree.path("log.\(number)"), encoding: .utf8)
    let lines = text.split(separator: "\n").map { time + $0.dropFirst(time.count) + "\n" }
    #expect(!lines.isEmpty)
    try tree.write("log.\(number)", lines.joined())
  }

  @Test func `collectors, dpkg and its log agree after each step`() throws {
    guard let plain = try build("plain", "1.0"), let newPlain = try build("plain", "1.1"),
      let conf = try build("conf", "1.0"), let newConf = try build("conf", "1.1"),
      let broken = try build("broken", "1.0", script: "exit 1")
    else { return }
    for folder in ["info", "updates", "triggers"] {
      try tree.write("root/var/lib/dpkg/\(folder)/.keep", "")
    }
    try tree.write("root/var/lib/dpkg/status", "")
    let steps = [
      Step(arguments: ["-i", plain, conf], installed: ["conf 1.0", "plain 1.0"]),
      Step(
        arguments: ["-i", broken], installed: ["conf 1.0", "plain 1.0"],
        unusual: ["broken half-configured"], fails: true),
      Step(
        arguments: ["-i", newConf, newPlain], installed: ["conf 1.1", "plain 1.1"],
        unusual: ["broken half-configured"]),
      Step(arguments: ["-P", "broken"], installed: ["conf 1.1", "plain 1.1"]),
      Step(
        arguments: ["-r", "conf", "plain"], installed: [], unusual: ["conf config-files"]),
      Step(
        arguments: ["-i", plain], installed: ["plain 1.0"], unusual: ["conf config-files"]),
      Step(arguments: ["-P", "conf"], installed: ["plain 1.0"]),
      Step(arguments: ["--purge", "plain"], installed: []),
    ]
    let machine = Machine(root: tree.path("root"))
    var expected: [[Known]] = []
    for (number, step) in steps.enumerated() {
      let isDone = dpkg(step.arguments, log: number) != nil
      // Where no package can be installed at all, there is nothing to compare.
      if number == 0, !isDone { return }
      #expect(isDone != step.fails, "\(step.arguments)")
      try setTime("2026-03-03 10:0\(number):00", ofLog: number)

      let rows = try query()
      let items = try collected(ApplicationCollector(), machine)
      let known = items.map { Known($0) }
      #expect(known == rows.filter(\.isInstalled).map(\.known))
      #expect(known.map { "\($0.name) \($0.version)" } == step.installed)
      #expect(items.allSatisfy { $0["InstalledTime"] != nil })
      let unusual = try collected(PackageStateCollector(), machine).map { item in
        Row(
          known: Known(item), want: item["Want"] ?? "", flag: item["Flag"] ?? "",
          state: item["State"] ?? "")
      }
      #expect(unusual == rows.filter { !$0.isPlain && $0.state != "not-installed" })
      #expect(unusual.map { "\($0.known.name) \($0.state)" } == step.unusual)

      expected.append(known)
      try compare(expected, through: number, with: items)
    }
  }

  /// Collects as a collection does: each time anew.
  private func collected(_ collector: some Collector, _ machine: Machine) throws -> [Item] {
    try collector.collect(from: Machine(root: machine.root))
  }

  /// What the log tells of all steps so far, from the packages as they are after the last of them.
  private func compare(_ expected: [[Known]], through last: Int, with items: [Item]) throws {
    let history = try DpkgLogImporter(timeZone: zone).history(
      paths: (0...last).map { tree.path("log.\($0)") }, current: items,
      capturedAt: utc("2026-03-03 11:00:00"))
    #expect(history.warnings.isEmpty)
    // There was nothing before the first step.
    var states: [Instant: [Known]] = [utc("2026-03-03 09:59:59"): []]
    var before: [Known] = []
    for (number, known) in expected.enumerated() where known != before {
      states[utc("2026-03-03 10:0\(number):00")] = known
      before = known
    }
    var told: [Instant: [Known]] = [:]
    for observation in history.observations {
      told[observation.validTime] = observation.items.map { Known($0) }
    }
    #expect(told == states)
  }

  @Test func `a package on hold is installed and stands apart`() throws {
    guard let plain = try build("plain", "1.0") else { return }
    for folder in ["info", "updates", "triggers"] {
      try tree.write("root/var/lib/dpkg/\(folder)/.keep", "")
    }
    try tree.write("root/var/lib/dpkg/status", "")
    guard dpkg(["-i", plain], log: 0) != nil else { return }
    let choose = "echo plain hold | timeout 60 dpkg --root='\(tree.path("root"))' --set-selections"
    guard output(of: "sh", "-c", choose + " --force-not-root") != nil else { return }
    let machine = Machine(root: tree.path("root"))
    #expect(try query().map(\.description) == ["plain:all 1.0 hold ok installed"])
    #expect(
      try PackageStateCollector().collect(from: machine) == [
        [
          "Name": "plain", "Architecture": "all", "Version": "1.0", "Want": "hold", "Flag": "ok",
          "State": "installed",
        ]
      ])
    #expect(try ApplicationCollector().collect(from: machine).map { $0["Name"] } == ["plain"])
  }
}
