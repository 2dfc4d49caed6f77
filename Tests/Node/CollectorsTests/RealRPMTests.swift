import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// Updates of packages that dnf really installs, compared with what dnf and rpm say.
@Suite(.enabled(if: RPMMachine.isPossible, "\(RPMMachine.obstacle ?? "")"))
struct RealRPMTests {
  private func collect(_ collector: some Collector, _ rpm: RPMMachine) async throws -> [Item] {
    let machine = rpm.machine
    return try await onOwnThread { Result { try collector.collect(from: machine) } }.get()
  }

  /// `name.architecture version` of each update that dnf would make.
  private func dnfUpdates(_ rpm: RPMMachine) throws -> [String] {
    try rpm.dnf("check-update", "-q").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      return words.count == 3 ? "\(words[0]) \(words[1])" : nil
    }.sorted()
  }

  private func ours(_ items: [Item]) -> [String] {
    items.map { item in
      "\(item["KBId"] ?? "") \((item["Title"] ?? "").split(separator: " ").dropFirst().first ?? "")"
    }.sorted()
  }

  private func advisory(
    _ id: String, _ kind: String, _ severity: String?, _ name: String, _ version: String
  ) -> String {
    """
    <update from="x@y" status="final" type="\(kind)" version="1"><id>\(id)</id>
    <title>\(kind) of \(name)</title><issued date="2026-03-03 10:00:00"/>
    \(severity.map { "<severity>\($0)</severity>" } ?? "")<description>d</description><references>
    <reference href="https://example.org" id="CVE-2026-\(id)" type="cve" title="x"/></references>
    <pkglist><collection short="x"><name>x</name>
    <package name="\(name)" version="\(version)" release="1" epoch="0" arch="noarch" src="x">
    <filename>\(name)-\(version)-1.noarch.rpm</filename></package></collection></pkglist></update>
    """
  }

  @Test(arguments: ["gz", "xz"])
  func `updates and advisories are those of dnf`(compression: String) async throws {
    let rpm = try RPMMachine()
    for version in ["1.0", "1.1~rc1", "1.1", "1.2"] { try rpm.build("lib", version) }
    for release in ["1", "2"] { try rpm.build("tool", "3", release, epoch: 1) }
    try rpm.build("done", "1")
    try rpm.build("low", "2")
    try rpm.build("low", "9", for: "other")
    try rpm.build("done", "7", for: "disabled")
    try rpm.publish(
      options: "priority=10", compression: compression,
      advisories: "<?xml version=\"1.0\" encoding=\"UTF-8\"?><updates>"
        + advisory("1", "security", "Important", "lib", "1.1")
        + advisory("2", "bugfix", nil, "lib", "1.2")
        + advisory("3", "security", "Critical", "lib", "1.0")
        + advisory("4", "enhancement", nil, "other", "1.0") + "</updates>")
    try rpm.publish("other", compression: compression)
    try rpm.publish("disabled", options: "enabled=0", compression: compression)
    try rpm.dnf("install", "lib-1.0", "tool-1:3-1", "done", "low-2")

    let expected = try dnfUpdates(rpm)
    #expect(expected == ["lib.noarch 1.2-1", "tool.noarch 1:3-2"])
    let items = try await collect(PatchComplianceCollector(), rpm)
    #expect(ours(items) == expected)
    let told = try rpm.dnf("updateinfo", "list", "-q").split(separator: "\n").map { line in
      line.split(separator: " ").map(String.init)
    }
    #expect(told.map { $0[1] } == ["Important/Sec.", "bugfix"])
    let lib = try #require(items.first)
    #expect(lib["AdvisoryIds"] == told.map { $0[0] }.joined(separator: ","))
    #expect(lib["CVEIds"] == "CVE-2026-1,CVE-2026-2")
    #expect(lib["Classification"] == "Security" && lib["Severity"] == "Important")
    #expect(lib["Title"] == "lib 1.2-1 (installed 1.0-1): security of lib")
    #expect(items.allSatisfy { $0["State"] == "Missing" })

    let summary = try #require(try await collect(PatchSummaryCollector(), rpm).first)
    #expect(summary["InstalledCount"] == "2" && summary["MissingCount"] == "2")
    #expect(summary["SecurityNonCompliantCount"] == "1")
    #expect(summary["OtherNonCompliantCount"] == "1")
    #expect(summary["CriticalNonCompliantCount"] == "0" && summary["RebootRequired"] == nil)
    let fetched = try #require(Instant(captureTime: summary["OperationEndTime"] ?? ""))
    #expect(abs(fetched.seconds - Int64(Date().timeIntervalSince1970)) < 600)

    try rpm.dnf("upgrade")
    #expect(try dnfUpdates(rpm) == [])
    #expect(try await collect(PatchComplianceCollector(), rpm) == [])
    let packages = try await collect(ApplicationCollector(), rpm).map { item in
      "\(item["Name"] ?? "") \(item["Epoch"] ?? "(none)"):\(item["Version"] ?? "")-\(item["Release"] ?? "").\(item["Architecture"] ?? "")"
    }
    #expect(packages.sorted() == (try rpm.query("%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE}.%{ARCH}")))
    #expect(packages.count == 4)
  }

  @Test func `sources are those of rpm, and origins its vendors`() async throws {
    let rpm = try RPMMachine()
    let part = """
      Vendor: The Project
      %package -n tool-libs
      Summary: its libraries
      Version: 7
      %description -n tool-libs
      x
      %files -n tool-libs
      """
    try rpm.build("tool", "3.1~rc1", "2.el9", epoch: 1, more: part)
    try rpm.build("plain-name", "1", "1")
    try rpm.publish()
    try rpm.dnf("install", "tool", "tool-libs", "plain-name")
    let sources = try await collect(PackageSourceCollector(), rpm)
    let lines = sources.map { item in
      "\(item["Name"] ?? "") \(item["SourceName"] ?? "")-\(item["SourceVersion"] ?? "").src.rpm"
    }
    #expect(lines.sorted() == (try rpm.query("%{NAME} %{SOURCERPM}")) && lines.count == 3)
    // A source has a version of its own.
    let libraries = try #require(sources.first { $0["Name"] == "tool-libs" })
    #expect(libraries["Version"] == "7" && libraries["Epoch"] == "1")
    #expect(libraries["SourceVersion"] == "3.1~rc1-2.el9" && libraries["SourceName"] == "tool")
    let origins = try await collect(PackageOriginCollector(), rpm)
    #expect(
      origins.map { "\($0["Name"] ?? "") \($0["Origin"] ?? "")" }.sorted()
        == (try rpm.query("%{NAME} %{VENDOR}")).filter { !$0.hasSuffix("(none)") })
    #expect(origins.count == 2)
  }

  @Test func `updates of packages with versions at random are those of dnf`() async throws {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("seed \(seed); STOCKTAKE_SEED repeats it")
    var random = SplitMix64(seed: seed)
    let machine = try #require(output(of: "uname", "-m")).trimmed
    let parts = ["1", "2", "10", "01", ".0", ".a", "~rc", "^git", ".1", "b"]
    func version() -> String {
      let tail = (0..<Int.random(in: 0...3, using: &random))
        .map { _ in parts.randomElement(using: &random) ?? "" }.joined()
      return "1" + tail
    }
    let rpm = try RPMMachine()
    var names: [String] = []
    for number in 0..<16 {
      names.append("p\(number)")
      for _ in 0..<4 {
        let architecture = number % 4 == 0 && Bool.random(using: &random) ? machine : "noarch"
        try rpm.build(
          "p\(number)", version(), ["1", "2.el9", "1~x"].randomElement(using: &random) ?? "1",
          epoch: number % 5 == 0 ? Int.random(in: 0...1, using: &random) : nil,
          architecture: architecture,
          for: ["first", "second", "third"].randomElement(using: &random) ?? "first")
      }
    }
    // No machine is without a package of its own architecture.
    try rpm.build("anchor", "1", architecture: machine, for: "first")
    names.append("anchor")
    for name in ["first", "second", "third"] {
      try rpm.publish(name, options: name == "third" ? "priority=50" : "")
    }
    // Any version that there is: dnf takes the one that is named with all its parts.
    for name in names {
      let all = try rpm.dnf(
        "repoquery", "-q", "--queryformat", "%{name}-%{epoch}:%{version}-%{release}.%{arch}", name)
      let some = try #require(all.split(separator: "\n").randomElement(using: &random))
      try rpm.dnf("install", String(some))
    }
    let expected = try dnfUpdates(rpm)
    let found = try await ours(collect(PatchComplianceCollector(), rpm))
    #expect(found == expected, "seed \(seed)")
    print("\(expected.count) updates of \(names.count) packages")
    #expect(!expected.isEmpty)
  }
}
