import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// A collector that does what a test says.
struct StubCollector: Collector {
  var type: TypeName
  var volatileAttributes: Set<String> = []
  var volatileName: String?
  var body: @Sendable (Machine) throws -> [Item]

  init(_ type: TypeName, _ body: @escaping @Sendable (Machine) throws -> [Item]) {
    self.type = type
    self.body = body
  }

  func isVolatile(_ item: Item) -> Bool { volatileName != nil && item["Name"] == volatileName }
  func collect(from machine: Machine) throws -> [Item] { try body(machine) }
}

struct CollectionTests {
  private let tree: TemporaryTree
  private let node: NodeID

  init() throws {
    tree = try TemporaryTree()
    node = try NodeID("n")
  }

  private func run(
    _ collectors: [any Collector], types: [TypeName]? = nil,
    change: (inout CollectionPlan) -> Void = { _ in }
  ) async -> CollectionResult {
    var plan = CollectionPlan()
    plan.collectors = collectors
    plan.types = types
    change(&plan)
    return await collect(
      plan, node: node, at: Instant(seconds: 1_767_225_600), machine: tree.machine)
  }

  private func items(_ result: CollectionResult, _ type: TypeName) -> [Item]? {
    result.reports.flatMap(\.entries).first { $0.type == type }?.content
  }

  @Test func `a collector that fails spoils no other`() async throws {
    try tree.write("var/lib/dpkg/status", "")
    let failing = StubCollector(.network) { _ in throw CollectorError("no network") }
    let result = await run([ApplicationCollector(), failing, InstanceInformationCollector()])
    #expect(result.failures.map(\.description) == ["AWS:Network: no network"])
    let report = try #require(result.reports.first)
    #expect(
      report.entries.map(\.type) == [.application, .instanceInformation, .collectorStatus])
    #expect(report.entries[0].content == [])
    #expect(report.entries[0].schemaVersion == "1.1")
    #expect(report.entries[1].content?.first?["InstanceId"] == "n")
    #expect(
      report.entries[2].content == [
        ["Name": "AWS:Application", "TypeName": "AWS:Application", "Status": "Success"],
        [
          "Name": "AWS:Network", "TypeName": "AWS:Network", "Status": "Failed",
          "Message": "no network",
        ],
        [
          "Name": "AWS:InstanceInformation", "TypeName": "AWS:InstanceInformation",
          "Status": "Success",
        ],
      ])
  }

  @Test func `a collector that hangs is left behind`() async throws {
    let release = DispatchSemaphore(value: 0)
    defer { release.signal() }
    let hanging = StubCollector(.mount) { _ in
      release.wait()
      return []
    }
    let result = await run([hanging, StubCollector(.user) { _ in [["Name": "root"]] }]) {
      $0.secondsMax = 0.2
    }
    #expect(result.failures.map(\.source) == ["Custom:Mount"])
    #expect(result.failures.first?.message.contains("longer than 0.2 s") == true)
    #expect(items(result, .user) == [["Name": "root"]])
    #expect(items(result, .mount) == nil)
  }

  @Test func `what exceeds a limit of reports is a failure of its type alone`() async throws {
    let long = String(repeating: "x", count: 5000)
    let result = await run([
      StubCollector(.mount) { _ in [["Name": "a", "Value": long]] },
      StubCollector(.group) { _ in (0..<10_001).map { ["Name": "\($0)"] } },
      StubCollector(.cronJob) { _ in
        (0..<9000).map { ["Name": "\($0)", "V": String(repeating: "y", count: 1500)] }
      }, StubCollector(.user) { _ in [["Name": "root"]] },
    ])
    #expect(result.failures.map(\.source) == ["Custom:Mount", "Custom:Group", "Custom:CronJob"])
    #expect(items(result, .user) == [["Name": "root"]])
    #expect(
      result.reports.flatMap(\.entries).map(\.type) == [.user, .collectorStatus])
  }

  @Test func `more than one report can hold is several reports of one time`() async throws {
    let rows = (0..<500).map { Item(["Name": "\($0)", "V": String(repeating: "\"", count: 500)]) }
    let types = [TypeName.user, .group, .mount, .cronJob]
    let result = await run(types.map { type in StubCollector(type) { _ in rows } })
    #expect(result.failures.isEmpty)
    #expect(result.reports.count == 4)
    for report in result.reports {
      let sizes = report.entries.flatMap { $0.content ?? [] }.map { item in
        item.attributes.reduce(0) { $0 + $1.name.utf8.count + 2 * $1.value.utf8.count }
      }
      #expect(sizes.reduce(0, +) < ReportLimits.default.bodyBytesMax)
    }
    #expect(Set(result.reports.flatMap(\.entries).map(\.captureTime)).count == 1)
  }

  @Test func `what moves by itself is left out unless it is asked for`() async throws {
    var stub = StubCollector(.mount) { _ in
      [["Name": "/", "FreeBytes": "5"], ["Name": "/tmp/x", "FreeBytes": "6"]]
    }
    stub.volatileAttributes = ["FreeBytes"]
    stub.volatileName = "/tmp/x"
    let steady = await run([stub])
    #expect(items(steady, .mount) == [["Name": "/"]])
    let kept = await run([stub]) { $0.keepsVolatile = true }
    #expect(items(kept, .mount)?.count == 2)
    #expect(items(kept, .mount)?.first?["FreeBytes"] == "5")
  }

  @Test func `noise says what moves and what would be a change`() async throws {
    let counter = Counter()
    var stub = StubCollector(.mount) { _ in
      let count = counter.next()
      return [
        ["Name": "/", "FreeBytes": "\(count)", "Options": "o\(count)"], ["Name": "x\(count)"],
      ]
    }
    stub.volatileAttributes = ["FreeBytes"]
    let noise = Noise.between(await run([stub]), await run([stub]))
    #expect(
      noise.map { "\($0.item) \($0.attribute ?? "-") \($0.isMuted)" } == [
        "/ FreeBytes true", "/ Options false", "x1 - false", "x2 - false",
      ])
  }

  @Test func `what several collectors need is read once in a collection, and anew in the next`()
    async throws
  {
    func write(_ version: String) throws {
      try tree.write(
        "var/lib/dpkg/status",
        "Package: aws-cli\nStatus: hold ok installed\nVersion: \(version)\nArchitecture: all\n")
      try tree.write(
        "var/lib/apt/lists/x_Packages",
        "Package: aws-cli\nVersion: 3.\(version)\nArchitecture: all\n")
      try tree.write("etc/passwd", "u\(version):x:\(version):0::/:/bin/sh\n")
      try tree.write("etc/group", "g\(version):x:\(version):\n")
      try tree.write("opt/dist\(version).dist-info/METADATA", "Name: p\nVersion: \(version)\n")
      try tree.write("opt/node_modules/p\(version)/package.json", #"{"name":"p","version":"1"}"#)
    }
    let tree = tree
    try write("1")
    let change = StubCollector(.mount) { _ in
      try tree.write("var/lib/dpkg/status", "")
      try tree.write("var/lib/apt/lists/x_Packages", "")
      try tree.write("etc/passwd", "")
      try tree.write("etc/group", "")
      try FileManager.default.removeItem(atPath: tree.path("opt"))
      return []
    }
    let collectors: [any Collector] = [
      ApplicationCollector(), PatchComplianceCollector(), UserCollector(), PythonPackageCollector(),
      change, AWSComponentCollector(), PackageStateCollector(), PatchSummaryCollector(),
      GroupCollector(), NodePackageCollector(),
    ]
    var plan = CollectionPlan()
    plan.collectors = collectors
    plan.customFiles = nil
    // One machine, as a program has it that collects again and again.
    let machine = tree.machine
    for version in ["1", "2"] {
      try write(version)
      let result = await collect(
        plan, node: node, at: Instant(seconds: 1_767_225_600), machine: machine)
      #expect(items(result, .awsComponent)?.map { $0["Version"] } == [version])
      #expect(items(result, .packageState)?.map { $0["Version"] } == [version])
      #expect(items(result, .patchSummary)?.map { $0["InstalledRejectedCount"] } == ["1"])
      #expect(items(result, .group)?.map { $0["Name"] } == ["g\(version)"])
      #expect(result.collected.last { $0.type == .nodePackage }?.warnings.count == 1)
    }
  }

  @Test func `only the types asked for are collected, each once`() async throws {
    try tree.write("var/lib/dpkg/status", "")
    let custom = try TypeName("Custom:Rack")
    let result = await run(CollectorTable.all, types: [.application, custom, .application])
    #expect(result.reports.first?.entries.map(\.type) == [.application])
    #expect(result.failures.map(\.source) == ["Custom:Rack"])
    let nothing = await run(CollectorTable.all, types: [custom])
    #expect(nothing.reports.isEmpty)
  }

  @Test func `warnings make a source partial`() async throws {
    let result = await run([
      StubCollector(.user) { machine in
        for number in 0..<25 { machine.warn("warning \(number)") }
        return []
      }
    ])
    #expect(result.warnings.count == 21)
    #expect(result.warnings.last?.message == "and 5 more")
    #expect(items(result, .collectorStatus)?.first?["Status"] == "Partial")
    #expect(items(result, .collectorStatus)?.first?["Message"] == "warning 0")
  }

  @Test func `an empty root gives failures and no facts of this machine`() async throws {
    let result = await run(CollectorTable.all)
    #expect(Set(result.failures.map(\.source)).isSuperset(of: ["AWS:Application", "Custom:User"]))
    let content = items(result, .instanceInformation)
    #expect(
      Set(try #require(content?.first).attributes.map(\.name)) == [
        "AgentType", "AgentVersion", "InstanceId", "InstanceStatus", "PlatformType",
        "ResourceType",
      ])
    for entry in result.reports.flatMap(\.entries)
    where entry.type != .instanceInformation && entry.type != .collectorStatus {
      #expect(entry.content == [], "\(entry.type)")
    }
  }

  @Test func `what a machine has nothing to tell of is unavailable, and did not fail`() async throws
  {
    try tree.write("proc/sys/kernel/x", "")
    let result = await run(CollectorTable.all)
    let unavailable = Set(result.failures.filter(\.isUnavailable).map(\.source))
    #expect(
      unavailable == [
        "AWS:PatchCompliance", "AWS:PatchSummary", "AWS:Service", "Custom:CronJob",
        "Custom:ListeningPort", "Custom:OutdatedService", "Custom:PackageOrigin",
        "Custom:PackageSource", "Custom:RunningKernel",
      ])
    let status = items(result, .collectorStatus)?.filter { $0["Status"] == "Unavailable" }
    #expect(Set((status ?? []).compactMap { $0["Name"] }) == unavailable)
  }

  @Test func `two collections of this machine are equal`() async throws {
    func look() async -> CollectionResult {
      await collect(node: node, at: Instant(seconds: 1_767_225_600))
    }
    let (first, second) = (await look(), await look())
    // Other tests open sockets, mount file systems and replace libraries beside this one.
    let busy: Set<TypeName> = [.listeningPort, .mount, .outdatedService]
    let moved = Noise.between(first, second).filter { !$0.isMuted && !busy.contains($0.type) }
    #expect(moved == [])
    #expect(first.reports.flatMap(\.entries).count >= 18)
  }
}

/// Counts from 1.
private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0

  func next() -> Int {
    lock.withLock {
      count += 1
      return count
    }
  }
}
