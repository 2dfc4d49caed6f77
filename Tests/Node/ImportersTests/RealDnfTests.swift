import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Packages that dnf really installs, upgrades and removes, and what its log and history tell of it.
@Suite(.enabled(if: RPMMachine.isPossible, "\(RPMMachine.obstacle ?? "")"))
struct RealDnfTests {
  /// `name epoch:version-release.architecture` of each package, as rpm itself says it.
  private func query(_ rpm: RPMMachine) throws -> [String] {
    try rpm.query("%{NAME} %|EPOCH?{%{EPOCH}}:{0}|:%{VERSION}-%{RELEASE}.%{ARCH}")
  }

  private func text(_ item: Item) -> String {
    "\(item["Name"] ?? "") \(item["Epoch"] ?? "0"):\(item["Version"] ?? "")-\(item["Release"] ?? "")"
      + ".\(item["Architecture"] ?? "")"
  }

  private func times(_ items: [Item]) -> [String: String?] {
    Dictionary(uniqueKeysWithValues: items.map { (text($0), $0["InstalledTime"]) })
  }

  private func now() -> Int64 { Int64(Date().timeIntervalSince1970) }

  /// A machine after several steps, and what rpm said was installed at a second after each.
  private func machine() async throws -> (rpm: RPMMachine, truth: [Int64: [String]]) {
    let rpm = try RPMMachine()
    for version in ["1.0", "1.1"] { try rpm.build("lib", version) }
    try rpm.build("tool", "3", epoch: 1, more: "Requires: lib")
    try rpm.build("tool", "4", epoch: 1, more: "Requires: lib")
    try rpm.build("old", "1")
    try rpm.build("new", "2", more: "Obsoletes: old")
    // Several versions of it stay beside each other.
    for version in ["6.1", "6.2"] {
      try rpm.build("kernel", version, more: "Provides: installonlypkg(kernel)")
    }
    try rpm.publish()
    try rpm.publish("later", options: "enabled=0")
    let steps: [[String]] = [
      ["install", "tool-1:3-1", "lib-1.0", "kernel-6.1"], ["install", "old-1", "--exclude=new"],
      ["upgrade", "lib", "kernel"], ["install", "new"], ["downgrade", "lib"],
      ["reinstall", "tool"], ["upgrade", "tool"], ["remove", "kernel-6.1", "new"],
      ["remove", "lib"], ["install", "lib-1.1"],
    ]
    var truth: [Int64: [String]] = [:]
    for step in steps {
      // Each step has seconds of its own.
      try await Task.sleep(for: .milliseconds(1100))
      try rpm.dnf(step)
      truth[now()] = try query(rpm)
    }
    return (rpm, truth)
  }

  private func states(_ history: ImportedHistory) -> [(instant: Instant, packages: [String])] {
    history.reports.flatMap(\.entries).filter { $0.type == .application }.map { entry in
      (entry.captureTime, (entry.content ?? []).map(text).sorted())
    }
  }

  @Test func `log and history, alone and together, give what rpm said after each step`()
    async throws
  {
    let (rpm, truth) = try await machine()
    #expect(Set(truth.values).count >= 8)
    var plan = CollectionPlan()
    plan.types = [.application]
    let result = await collect(
      plan, node: try NodeID("n"), at: Instant(seconds: now()), machine: rpm.machine)
    let items = try #require(result.collected.first?.items)
    #expect(items.map(text).sorted() == (try query(rpm)))
    let log = rpm.path("var/log/dnf.rpm.log")
    let sqlite = rpm.path("var/lib/dnf/history.sqlite")
    for paths in [[log], [sqlite], [log, sqlite]] {
      let history = try RpmImporter().imported(
        paths: paths, current: items, capturedAt: Instant(seconds: now() + 1),
        node: NodeID("n"))
      #expect(history.warnings == [], "\(paths)")
      let told = states(history)
      #expect(told.first?.packages.isEmpty == true, "\(paths)")
      for (second, packages) in truth {
        let state = told.last { $0.instant.seconds <= second }
        #expect(state?.packages == packages, "\(paths) at \(second)")
      }
      // What rpm says of the time of each installation, to the seconds that the transaction took.
      let entries = history.reports.flatMap(\.entries)
      let last = try #require(entries.last { $0.type == .application }?.content)
      #expect(times(last) == times(items))
      let lists = entries.filter { $0.type != .application }
      #expect(lists.isEmpty == (paths == [log]), "\(paths)")
      if let list = lists.last { try check(list.content ?? [], rpm) }
    }
  }

  /// Compares the items with what `dnf history` says.
  private func check(_ items: [Item], _ rpm: RPMMachine) throws {
    let rows = try rpm.dnf("history", "-q").split(separator: "\n").dropFirst(2).map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    #expect(rows.count == items.count && rows.count == 10)
    for (row, item) in zip(rows.reversed(), items) {
      // dnf counts what is reinstalled as one that goes and one that comes.
      let counts = item.attributes.filter { $0.name.hasSuffix("Count") }.compactMap { attribute in
        Int(attribute.value).map { attribute.name == "ReinstalledCount" ? 2 * $0 : $0 }
      }
      #expect(String(counts.reduce(0, +)) == row[4].prefix { $0.isNumber }, "\(row) \(item)")
      let info = try rpm.dnf("history", "info", "-q", row[0])
      func value(_ name: String) -> String? {
        info.split(separator: "\n").first { $0.hasPrefix(name) }?.split(
          separator: ":", maxSplits: 1
        )
        .last?.trimmingCharacters(in: .whitespaces)
      }
      // The root of the test has a name that looks like a key, now and then.
      let words = try #require(value("Command Line")?.split(separator: " ").dropFirst())
      #expect(words == item["CommandLine"]?.split(separator: " ").dropFirst())
      #expect(value("Return-Code") == "Success" && item["Result"] == "Done")
      #expect(value("Releasever") == item["ReleaseVersion"])
    }
    #expect(items[0]["Installed"]?.contains("tool.noarch (1:3-1)") == true)
    #expect(items[2]["Upgraded"] == "lib.noarch (1.0-1, 1.1-1)")
    #expect(items[3]["Obsoleted"] == "old.noarch (1-1)")
    #expect(items[4]["Downgraded"] == "lib.noarch (1.1-1, 1.0-1)")
    #expect(items[5]["Reinstalled"] == "tool.noarch (1:3-1)")
    #expect(items[7]["Marked"] == "kernel.noarch (6.2-1, user)")
    #expect(items[8]["Removed"] == "lib.noarch (1.0-1), tool.noarch (1:4-1, dependency)")
  }
}
