import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// Compares with the tools of the machine that runs the tests.
struct RealMachineTests {
  let machine = Machine()

  @Test func `applications are those of dpkg-query`() async throws {
    let format = "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\n"
    guard let text = output(of: "dpkg-query", "-W", "-f=" + format) else { return }
    var expected: Set<Known> = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: "\t").map(String.init)
      guard words[0] == "installed" || words[0].hasPrefix("triggers-") else { continue }
      expected.insert(Known(words[1], words[2], AgentForm.architecture(words[3])))
    }
    let items = try await collected(by: ApplicationCollector())
    #expect(Set(items.map(Known.init)) == expected)
    #expect(items.count == expected.count)
    #expect(items.allSatisfy { $0["InstalledTime"] != nil })
  }

  @Test func `network interfaces and addresses are those of ip`() throws {
    guard let links = output(of: "ip", "-j", "addr"),
      let list = try JSONSerialization.jsonObject(with: Data(links.utf8)) as? [[String: Any]]
    else { return }
    let items = try NetworkCollector().collect(from: machine)
    var byName: [String: Item] = [:]
    for item in items { byName[item["Name"] ?? ""] = item }
    var count = 0
    for link in list where !((link["flags"] as? [String] ?? []).contains("LOOPBACK")) {
      let item = try #require(byName[link["ifname"] as? String ?? ""])
      count += 1
      let addresses = link["addr_info"] as? [[String: Any]] ?? []
      let v4 = addresses.last { $0["family"] as? String == "inet" }
      let v6 = addresses.last { $0["family"] as? String == "inet6" }
      #expect(item["IPV4"] == v4?["local"] as? String ?? "")
      #expect(item["IPV6"] == v6?["local"] as? String ?? "")
      #expect(item["SubnetMask"] == (v4?["prefixlen"] as? Int).map(mask))
      if link["link_type"] as? String == "ether" {
        #expect(item["MacAddress"] == link["address"] as? String)
      }
    }
    #expect(items.count == count)
  }

  @Test func `the gateway is that of ip route`() throws {
    guard let text = output(of: "ip", "route", "show", "default") else { return }
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let via = words.firstIndex(of: "via"), let dev = words.firstIndex(of: "dev") else {
      return
    }
    let items = try NetworkCollector().collect(from: machine)
    let item = try #require(items.first { $0["Name"] == words[dev + 1] })
    #expect(item["Gateway"] == words[via + 1])
  }

  private func mask(_ length: Int) -> String {
    let bits = length == 0 ? 0 : UInt32.max << UInt32(32 - length)
    return [24, 16, 8, 0].map { String(bits >> UInt32($0) & 0xff) }.joined(separator: ".")
  }

  @Test func `processor and kernel are those of lscpu and uname`() throws {
    let items = try InstanceDetailedInformationCollector().collect(from: machine)
    #expect(items.count == 1)
    let item = try #require(items.first)
    if let release = output(of: "uname", "-r") {
      #expect(item["KernelVersion"] == release.trimmed)
    }
    guard let text = output(of: "lscpu", "-J"),
      let root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
      let fields = root["lscpu"] as? [[String: Any]]
    else { return }
    var values: [String: String] = [:]
    for field in fields {
      if let name = field["field"] as? String { values[name] = field["data"] as? String }
    }
    func number(_ name: String) -> Int? { values[name].flatMap { Int($0) } }
    #expect(item["CPUs"] == values["CPU(s):"])
    if let model = values["Model name:"], item["CPUModel"] != "" {
      #expect(item["CPUModel"] == model)
    }
    if let sockets = number("Socket(s):"), let cores = number("Core(s) per socket:") {
      #expect(item["CPUSockets"] == String(sockets))
      #expect(item["CPUCores"] == String(sockets * cores))
    }
    if let threads = number("Thread(s) per core:") {
      #expect(item["CPUHyperThreadEnabled"] == String(threads > 1))
    }
  }

  @Test func `the machine's name and platform are those of hostname and os-release`() throws {
    let items = try InstanceInformationCollector().collect(from: machine)
    #expect(items.count == 1)
    let item = try #require(items.first)
    if let name = output(of: "hostname") { #expect(item["ComputerName"] == name.trimmed) }
    let script = ". /etc/os-release; printf '%s|%s' \"$NAME\" \"$VERSION_ID\""
    if let release = output(of: "sh", "-c", script) {
      #expect("\(item["PlatformName"] ?? "")|\(item["PlatformVersion"] ?? "")" == release)
    }
    #expect(item["PlatformType"] == "Linux")
    #expect(item["AgentType"] == "stocktake")
  }

  @Test func `all types together have one time and the attributes of their types`() async throws {
    let node = try NodeID("here")
    let result = await collect(node: node, at: Instant(milliseconds: 1_700_000_000_999))
    // A machine that never fetched apt's lists has nothing to say of patches.
    #expect(
      Set(result.failures.map(\.source)).isSubset(of: ["AWS:PatchCompliance", "AWS:PatchSummary"]))
    let entries = result.reports.flatMap(\.entries)
    #expect(entries.count == CollectionPlan().defaultTypes.count - result.failures.count)
    #expect(entries.allSatisfy { $0.captureTime == Instant(seconds: 1_700_000_000) })
    #expect(result.reports.allSatisfy { $0.origin == .reported })
    let ours: Set = [
      "Virtualization", "Manufacturer", "Model", "RebootRequired", "CVEIds", "AdvisoryIds",
    ]
    for entry in entries where entry.type.text.hasPrefix("AWS:") {
      let known = ours.union(TypeDefinition.of(entry.type).attributes)
      for item in entry.content ?? [] where !known.isSuperset(of: item.attributes.map(\.name)) {
        Issue.record("\(entry.type): \(item)")
        break
      }
    }
  }
}
