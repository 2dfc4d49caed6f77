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

    /// The version that was configured last, where that is not told by the state.
    var configured = ""

    /// As dpkg has it, told in other words: in full, or once in full and not removed since.
    var isInstalled: Bool {
      if state == "installed" || state.hasPrefix("triggers-") { return flag == "ok" }
      let isLeaving = state == "half-installed" && (want == "deinstall" || want == "purge")
      return !configured.isEmpty && state != "config-files" && state != "not-installed"
        && !isLeaving
    }
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
  private func build(
    _ name: String, _ version: String, scripts: [String: String] = [:], number: Int = 0
  ) throws -> String? {
    let folder = "build/\(name)-\(version)-\(number)"
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
    for (kind, script) in scripts {
      let path = try tree.write("\(folder)/DEBIAN/\(kind)", "#!/bin/sh\n\(script)\n")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    let path = tree.path("\(name)_\(version)_\(number).deb")
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

  private func makeRoot() throws {
    for folder in ["info", "updates", "triggers"] {
      try tree.write("root/var/lib/dpkg/\(folder)/.keep", "")
    }
    try tree.write("root/var/lib/dpkg/status", "")
  }

  private func query() throws -> [Row] {
    let format =
      ["Package", "Version", "Architecture", "db:Status-Want", "db:Status-Eflag", "Config-Version"]
      .map { "${\($0)}\\t" }.joined() + "${db:Status-Status}\\n"
    let text = try #require(
      output(of: "dpkg-query", "--admindir=\(tree.path("root/var/lib/dpkg"))", "-W", "-f=" + format)
    )
    return text.split(separator: "\n").map { line in
      let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      return Row(
        known: Known(words[0], words[1], words[2]), want: words[3], flag: words[4],
        state: words[6], configured: words[5])
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
      let broken = try build("broken", "1.0", scripts: ["postinst": "exit 1"])
    else { return }
    try makeRoot()
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
      var others = rows.filter { !$0.isPlain && $0.state != "not-installed" }
      for index in others.indices { others[index].configured = "" }
      #expect(unusual == others)
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
    try makeRoot()
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

  /// A package in version 1, one in version 2, what is done, and what is there afterwards.
  struct Mishap: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var old: [String: String] = [:]
    var new: [String: String] = [:]
    /// `1` and `2` stand for the files of the packages.
    var steps: [[String]] = [["-i", "2"]]
    var isCut = false
    /// What dpkg says at the end, and the version whose files are on the disk; nil for none.
    var state: String
    var onDisk: String?
    /// The version that counts as installed.
    var installed: String?
  }

  private static let upgrade = "case $1 in upgrade) exit 1;; esac"
  private static let failedUpgrade = "case $1 in failed-upgrade) exit 1;; esac"
  private static let abortUpgrade = "case $1 in abort-upgrade) exit 1;; esac"

  static let mishaps = [
    Mishap(
      testDescription: "the preinst of the new version fails", new: ["preinst": "exit 1"],
      state: "install ok installed", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "so does its postrm", new: ["preinst": "exit 1", "postrm": abortUpgrade],
      state: "install reinstreq half-installed", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "the prerm of both fails", old: ["prerm": upgrade],
      new: ["prerm": failedUpgrade], state: "install ok installed", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "so does the postinst of the old",
      old: ["prerm": upgrade, "postinst": abortUpgrade],
      new: ["prerm": failedUpgrade], state: "install reinstreq half-configured", onDisk: "1",
      installed: "1"),
    Mishap(
      testDescription: "the postrm of both fails", old: ["postrm": upgrade],
      new: ["postrm": failedUpgrade], state: "install ok installed", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "so does the postinst of the old, behind that",
      old: ["postrm": upgrade, "postinst": abortUpgrade], new: ["postrm": failedUpgrade],
      state: "install ok unpacked", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "the new package is damaged", isCut: true, state: "install ok installed",
      onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "the postinst of the new version fails", new: ["postinst": "exit 1"],
      state: "install ok half-configured", onDisk: "2", installed: "2"),
    Mishap(
      testDescription: "the same twice", new: ["postinst": "exit 1"],
      steps: [["-i", "2"], ["-i", "2"], ["--configure", "p"]],
      state: "install ok half-configured", onDisk: "2", installed: "2"),
    Mishap(
      testDescription: "the old version comes back", new: ["postinst": "exit 1"],
      steps: [["-i", "2"], ["-i", "1"]], state: "install ok installed", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "it is removed then", new: ["postinst": "exit 1"],
      steps: [["-i", "2"], ["-r", "p"]], state: "", onDisk: nil, installed: nil),
    Mishap(
      testDescription: "it is unpacked only", steps: [["--unpack", "2"]],
      state: "install ok unpacked", onDisk: "2", installed: "2"),
    Mishap(
      testDescription: "it is configured later",
      steps: [["--unpack", "2"], ["--configure", "p"]],
      state: "install ok installed", onDisk: "2", installed: "2"),
    Mishap(
      testDescription: "the removal is given up", old: ["prerm": "test $1 != remove"],
      steps: [["-r", "p"]], state: "deinstall ok installed", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "the removal stays half-way, before the files go",
      old: ["prerm": "test $1 != remove", "postinst": "test $1 != abort-remove"],
      steps: [["-r", "p"]], state: "deinstall ok half-configured", onDisk: "1", installed: "1"),
    Mishap(
      testDescription: "the removal stays half-way, behind the files",
      old: ["postrm": "test $1 != remove"], steps: [["-r", "p"]],
      state: "deinstall ok half-installed", onDisk: nil, installed: nil),
    Mishap(
      testDescription: "a version comes behind such a removal",
      old: ["postrm": "test $1 != remove"], new: ["postinst": "exit 1"],
      steps: [["-r", "p"], ["-i", "2"]], state: "install ok half-configured", onDisk: "2",
      installed: "2"),
    Mishap(
      testDescription: "a first installation fails", new: ["postinst": "exit 1"],
      steps: [["-P", "p"], ["-i", "2"]], state: "install ok half-configured", onDisk: "2",
      installed: nil),
    Mishap(
      testDescription: "a first installation fails behind a removal", new: ["postinst": "exit 1"],
      steps: [["-P", "p"], ["-i", "2"], ["-i", "2"], ["-r", "p"], ["-i", "2"]],
      state: "install ok half-configured", onDisk: "2", installed: nil),
  ]

  /// After each step the collector and the importer of the log say the same of the same root.
  @Test(arguments: mishaps)
  func `what goes wrong is seen alike by collector and log`(_ mishap: Mishap) throws {
    guard let old = try build("p", "1", scripts: mishap.old),
      let new = try build("p", "2", scripts: mishap.new, number: 1)
    else { return }
    try makeRoot()
    guard dpkg(["-i", old], log: 0) != nil else { return }
    if mishap.isCut {
      var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: new)))
      bytes.replaceSubrange(
        (bytes.count - 40)..<(bytes.count - 30), with: Array(repeating: 0xff, count: 10))
      try Data(bytes).write(to: URL(fileURLWithPath: new))
    }
    try setTime("2026-03-03 10:00:00", ofLog: 0)
    let machine = Machine(root: tree.path("root"))
    var expected = [try collected(ApplicationCollector(), machine).map { Known($0) }]
    for (index, step) in mishap.steps.enumerated() {
      _ = dpkg(step.map { $0 == "1" ? old : $0 == "2" ? new : $0 }, log: index + 1)
      try setTime("2026-03-03 10:0\(index + 1):00", ofLog: index + 1)
      let items = try collected(ApplicationCollector(), machine)
      let known = items.map { Known($0) }
      #expect(known == (try query()).filter(\.isInstalled).map(\.known))
      expected.append(known)
      try compare(expected, through: index + 1, with: items)
    }
    let row = try query().first { $0.state != "not-installed" }
    #expect(row.map { "\($0.want) \($0.flag) \($0.state)" } ?? "" == mishap.state)
    let file = try? String(contentsOfFile: tree.path("root/usr/share/p/version"), encoding: .utf8)
    #expect(file == mishap.onDisk)
    #expect(expected.last?.map(\.version) == (mishap.installed.map { [$0] } ?? []))
  }
}
