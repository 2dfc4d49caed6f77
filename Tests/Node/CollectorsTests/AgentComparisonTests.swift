import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// What the agent of Systems Manager sends of this machine, asked for and worked on as it does, beside ours.
///
/// Every attribute of every item is compared. What may differ stands in docs/collectors.md, "Beside the
/// agent", and is taken out here by name.
struct AgentComparisonTests {
  private let machine = Machine()

  private func values(_ item: Item) -> [String: String] {
    Dictionary(uniqueKeysWithValues: item.attributes.map { ($0.name, $0.value) })
  }

  // MARK: AWS:Application

  /// The first line of a field, escaped for JSON and then cut to 100 bytes, and so maybe inside a character.
  private func cleaned(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var escaped: [UInt8] = []
    for byte in field.prefix(while: { $0 != 0x0a }) {
      switch byte {
      case 0x5c, 0x22: escaped += [0x5c, byte]
      case 0x09: escaped += [0x5c, 0x74]
      default: escaped.append(byte)
      }
    }
    return Array(escaped.prefix(100))
  }

  /// dpkg-query's answer to the agent's question, as JSON, each field between two marks.
  private func agentsApplications(_ folder: String = "/var/lib/dpkg") throws -> [[String: String]]?
  {
    let (start, end) = ("<start-of-field>", "<end-of-field>")
    let asked = [
      ("Name", "${Package}"), ("Publisher", "${Maintainer}"), ("Version", "${Version}"),
      ("ApplicationType", "${Section}"), ("Architecture", "${Architecture}"),
      ("URL", "${Homepage}"), ("Summary", "${Description}"),
      ("PackageId", "${Package}_${Version}_${Architecture}.deb"), ("Status", "${Status}"),
    ]
    let format =
      "{" + asked.map { "\"\($0)\":\"\(start)\($1)\(end)\"" }.joined(separator: ",") + "},"
    guard let text = output(of: "dpkg-query", "--admindir=" + folder, "-W", "-f=" + format) else {
      return nil
    }
    var json = Array("[".utf8)
    for (index, part) in text.components(separatedBy: start).enumerated() {
      let halves = part.components(separatedBy: end)
      if index > 0 { json += cleaned(Array(halves[0].utf8)[...]) }
      json += Array((index > 0 ? halves[1] : halves[0]).utf8)
    }
    // A character that was cut becomes U+FFFD, as Go reads it.
    let array = String(decoding: json.dropLast() + Array("]".utf8), as: UTF8.self)
    return try JSONDecoder().decode([[String: String]].self, from: Data(array.utf8))
  }

  /// Of a field that was cut inside a character ours ends before it.
  private func withoutCut(_ text: String) -> String {
    text.hasSuffix("\u{fffd}") && text.utf8.count > 96
      ? String(text.prefix { $0 != "\u{fffd}" }) : text
  }

  @Test func `every application has the values that the agent sends`() async throws {
    guard let rows = try agentsApplications() else { try Test.cancel("there is no dpkg-query") }
    #expect(rows.count > 100)
    expectSame(try await collected(by: ApplicationCollector(), on: machine), rows)
  }

  @Test func `long fields are cut where the agent cuts them`() throws {
    let tree = try TemporaryTree()
    var status = ""
    for length in 90...110 {
      for (index, end) in ["x", "é", "€", "𝄞", "\t", "\"", "a \\", "\\ b"].enumerated() {
        // One that is cut inside an escape makes the agent's whole list fail.
        if length == (index == 6 ? 97 : 99), index > 3 { continue }
        let text = String(repeating: "y", count: length) + end
        status += """
          Package: p\(length)-\(index)
          Status: install ok installed
          Section: \(text)
          Maintainer: \(text)\(text)
          Architecture: amd64
          Version: 1
          Homepage: \(text)
          Description: \(text)z
           \(text)


          """
      }
    }
    try tree.write("var/lib/dpkg/status", status)
    try tree.write("var/lib/dpkg/info/format", "1\n")
    guard let rows = try agentsApplications(tree.path("var/lib/dpkg")) else {
      try Test.cancel("there is no dpkg-query")
    }
    let items = try ApplicationCollector().collect(from: tree.machine)
    #expect(rows.count > 150 && rows.count == items.count)
    expectSame(
      items.map { item in
        var item = item
        item["InstalledTime"] = "2026-01-01T00:00:00Z"
        return item
      }, rows)
  }

  private func expectSame(_ items: [Item], _ rows: [[String: String]]) {
    var ours: [String: [[String: String]]] = [:]
    for item in items {
      var own = values(item)
      // snap and flatpak have no packages of dpkg; those of rpm have a release.
      guard own["PackageId"]?.hasSuffix(".deb") == true || own["Release"] == nil else { continue }
      // Ours; the agent has none on Debian.
      #expect(own.removeValue(forKey: "InstalledTime") != nil)
      ours["\(own["Name"] ?? "") \(own["Architecture"] ?? "")", default: []].append(own)
    }
    var agents: [String: [[String: String]]] = [:]
    for row in rows {
      // Not asked for by the agent, which also sends packages that were removed.
      let status = row["Status"] ?? ""
      guard status.hasSuffix(" ok installed") || status.contains(" ok triggers-") else { continue }
      var values = row.mapValues(withoutCut)
      values["Status"] = nil
      let architecture = row["Architecture"]?.lowercased().trimmed ?? ""
      values["Architecture"] = ["amd64": "x86_64", "386": "i386"][architecture] ?? architecture
      for name in ["ApplicationType", "URL", "Summary", "PackageId"] where values[name] == "" {
        values[name] = nil
      }
      agents["\(values["Name"] ?? "") \(values["Architecture"] ?? "")", default: []].append(values)
    }
    #expect(ours.count == agents.count)
    for (name, own) in ours { #expect(agents[name] == own, "\(name)") }
  }

  @Test func `components of AWS are at least those that the agent picks`() {
    for name in [
      "amazon-ssm-agent", "aws-cfn-bootstrap", "AWS-CFN-Bootstrap", "aws-apitools-ec2",
      "aws-apitools-new", "my-aws-amitools-x",
    ] {
      #expect(AWSComponentCollector.isComponent(name), "\(name)")
    }
    #expect(!AWSComponentCollector.isComponent("awscli"))
  }

  // MARK: AWS:InstanceDetailedInformation

  @Test func `the processor has the values that the agent reads from lscpu`() throws {
    guard let text = output(of: "lscpu"), let release = output(of: "uname", "-r") else {
      try Test.cancel("there is no lscpu")
    }
    /// What follows the first time that a name and a colon stand anywhere.
    func field(_ name: String) -> String {
      guard let range = text.range(of: name + ":") else { return "" }
      return text[range.upperBound...].prefix { $0 != "\n" }.trimmed
    }
    let cores = Int(field("Socket(s)")).flatMap { sockets in
      Int(field("Core(s) per socket")).map { String(sockets * $0) }
    }
    let agents = [
      "CPUModel": field("Model name"), "CPUs": field("CPU(s)"), "CPUSockets": field("Socket(s)"),
      "CPUCores": cores ?? "",
      "CPUHyperThreadEnabled": Int(field("Thread(s) per core")).map { String($0 > 1) } ?? "",
      "CPUSpeedMHz": Double(field("CPU MHz")).map { String(Int($0)) } ?? "",
      "KernelVersion": release.trimmed, "OSServicePack": "",
    ]
    let items = try InstanceDetailedInformationCollector().collect(from: machine)
    var own = values(try #require(items.first))
    #expect(items.count == 1)
    for name in ["Virtualization", "Manufacturer", "Model"] { own[name] = nil }
    #expect(Set(own.keys) == Set(agents.keys))
    for (name, value) in agents {
      // The speed of the moment, which newer versions of lscpu do not tell at all.
      if name == "CPUSpeedMHz" { continue }
      // lscpu has a table of Arm's processors.
      if name == "CPUModel", own[name] == "" { continue }
      #expect(own[name] == value, "\(name)")
    }
  }

  // MARK: AWS:Network

  @Test func `every interface has the values that the agent sends, in its order`() throws {
    guard let text = output(of: "ip", "-j", "addr"),
      let links = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
    else { try Test.cancel("there is no ip") }
    var agents: [[String: String]] = []
    for link in links where !(link["flags"] as? [String] ?? []).contains("LOOPBACK") {
      var values = [
        "Name": link["ifname"] as? String ?? "", "MacAddress": "", "IPV4": "", "IPV6": "",
      ]
      let address = link["address"] as? String ?? ""
      // Addresses of tunnels are those of IPv4 and IPv6; zeros are none.
      if address.split(separator: ":").count == 6, address.contains(where: { !"0:".contains($0) }) {
        values["MacAddress"] = address
      }
      for address in link["addr_info"] as? [[String: Any]] ?? [] {
        let name = address["family"] as? String == "inet" ? "IPV4" : "IPV6"
        values[name] = address["local"] as? String
      }
      agents.append(values)
    }
    let own = try NetworkCollector().collect(from: machine).map { item in
      values(item).filter { ["Name", "MacAddress", "IPV4", "IPV6"].contains($0.key) }
    }
    #expect(own == agents)
  }

  // MARK: AWS:File

  @Test func `files have the values that the agent reads, but links`() throws {
    let tree = try TemporaryTree()
    for name in ["a.conf", ".hidden.conf", "sub/deep/b.conf", "sub/c.txt"] {
      try tree.write(name, "text of \(name)")
      try tree.setModified(name, 1_767_225_600 + name.utf8.count)
    }
    #expect(mkfifo(tree.path("pipe.conf"), 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("link.conf"), withDestinationPath: "a.conf")
    var rule = FileRule(path: tree.path, patterns: ["*.conf", "c.*"], isRecursive: true)
    rule.directoriesMax = 100
    let items = try FileCollector(rules: [rule]).collect(from: machine)
    var agents: Set<[String: String]> = []
    let walk = try #require(FileManager.default.enumerator(atPath: tree.path))
    for case let path as String in walk {
      var status = stat()
      let name = String(path.split(separator: "/").last ?? "")
      // The agent looks at what a link leads to; ours at the link.
      guard unsafe stat(tree.path(path), &status) == 0, status.st_mode & S_IFMT != S_IFDIR,
        name.hasSuffix(".conf") || name.hasPrefix("c."), name != "link.conf"
      else { continue }
      var parts = tm()
      _ = unsafe gmtime_r(&status.st_mtim.tv_sec, &parts)
      var text = [CChar](repeating: 0, count: 32)
      _ = unsafe strftime(&text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts)
      agents.insert([
        "Name": name, "Size": String(status.st_size),
        "InstalledDir": URL(fileURLWithPath: tree.path(path)).deletingLastPathComponent().path,
        "ModificationTime": String(
          decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
      ])
    }
    let sent = ["Name", "Size", "InstalledDir", "ModificationTime"]
    let own = items.filter { $0["Name"] != "link.conf" }.map { item in
      values(item).filter { sent.contains($0.key) }
    }
    #expect(own.count == agents.count && Set(own) == agents && agents.count == 5)
    let link = try #require(items.first { $0["Name"] == "link.conf" })
    #expect(link["Size"] == "6" && link["Description"] == "symbolic link")
  }

  // MARK: Custom

  @Test func `a document that the agent takes is told with the same values`() throws {
    let document = #"{"TypeName":"Custom:Rack","SchemaVersion":"1.0","Content":"#
    let rows = [
      ["Place": "B2", "Empty": "", "Text": " a \"quoted\"\\ \t text, é"], ["Place": "B3"],
    ]
    for (index, content) in [rows, [rows[0]]].enumerated() {
      let json = try JSONEncoder().encode(content)
      let text = String(decoding: json, as: UTF8.self)
      // One row may stand without a list around it.
      let body = index == 0 ? text : String(text.dropFirst().dropLast())
      let whole = document + body + "}"
      let read = try CustomDocument(parsing: Array(whole.utf8))
      #expect(read.type.text == "Custom:Rack" && read.schemaVersion == "1.0")
      #expect(read.items.map(values) == content)
    }
  }
}
