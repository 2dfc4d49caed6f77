import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Inventories as XML, and the agents that write them where they are installed.
struct OCSTests {
  private let text = """
    <?xml version="1.0" encoding="UTF-8" ?>
    <REQUEST><CONTENT>
    <ACCESSLOG><LOGDATE>2026-03-03 10:00:00</LOGDATE></ACCESSLOG>
    <HARDWARE><NAME>vm</NAME><IPADDR>192.0.2.2</IPADDR><OSNAME>Debian 12</OSNAME>
      <OSVERSION>12</OSVERSION></HARDWARE>
    <NETWORKS><DESCRIPTION>lo</DESCRIPTION><IPADDRESS>127.0.0.1</IPADDRESS></NETWORKS>
    <NETWORKS><DESCRIPTION>eth0</DESCRIPTION><IPADDRESS>192.0.2.2</IPADDRESS>
      <IPMASK>255.255.255.0</IPMASK><IPGATEWAY></IPGATEWAY><MACADDR>02:fc:00:00:00:01</MACADDR>
    </NETWORKS>
    <NETWORKS><DESCRIPTION>eth0</DESCRIPTION><IPADDRESS6>fd00::2</IPADDRESS6></NETWORKS>
    <LOCAL_USERS><HOME>/root</HOME><ID>0</ID><LOGIN>root</LOGIN><NAME>r &amp; t</NAME>
      <SHELL>/bin/sh</SHELL></LOCAL_USERS>
    <SOFTWARES><ARCH>amd64</ARCH><FROM>deb</FROM><NAME>bash</NAME><PUBLISHER>Debian</PUBLISHER>
      <SYSTEM_CATEGORY>shells</SYSTEM_CATEGORY><VERSION>5.1-2</VERSION></SOFTWARES>
    <SOFTWARES><ARCHITECTURE>amd64</ARCHITECTURE><FROM>deb</FROM><NAME>libc6:i386</NAME>
      <COMMENTS>the library<X>y</X></COMMENTS><PUBLISHER>https://www.gnu.org/</PUBLISHER>
      <INSTALLDATE>2025/07/03 10:00:00</INSTALLDATE><VERSION>2.36</VERSION></SOFTWARES>
    <SOFTWARES><VERSION>nameless</VERSION></SOFTWARES>
    <SECRETS><KEY>x</KEY></SECRETS>
    </CONTENT><DEVICEID>vm-1</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>

    """

  private func history(_ path: String) throws -> ImportedHistory {
    let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
    return try OCSImporter(timeZone: zone).history(paths: [path, path], node: NodeID("n"))
  }

  private func content(_ history: ImportedHistory) -> [String: [Item]] {
    var table: [String: [Item]] = [:]
    for entry in history.reports.flatMap(\.entries) { table[entry.type.text] = entry.content }
    return table
  }

  @Test func `each part becomes a type at the time of the inventory`() throws {
    let tree = try TemporaryTree()
    let history = try history(try tree.write("a.ocs", "some warning\n" + text))
    #expect(history.warnings.isEmpty && history.knownFrom == utc("2026-03-03 09:00:00"))
    let bash: Item = [
      "Name": "bash", "Version": "5.1-2", "Architecture": "x86_64", "Publisher": "Debian",
      "ApplicationType": "shells", "PackageId": "bash_5.1-2_amd64.deb",
    ]
    let library: Item = [
      "Name": "libc6", "Version": "2.36", "Architecture": "i386", "Publisher": "",
      "URL": "https://www.gnu.org/",
      "PackageId": "libc6_2.36_i386.deb",
    ]
    var items = content(history)
    #expect(items["AWS:Application"]?.first == bash)
    items["AWS:Application"]?[1]["Summary"] = nil
    #expect(
      items == [
        "AWS:Application": [bash, library],
        "AWS:Network": [
          [
            "Name": "eth0", "MacAddress": "02:fc:00:00:00:01", "IPV4": "192.0.2.2",
            "IPV6": "fd00::2", "SubnetMask": "255.255.255.0",
          ]
        ],
        "Custom:User": [
          [
            "Name": "root", "Uid": "0", "FullName": "r & t", "Home": "/root",
            "Shell": "/bin/sh",
          ]
        ],
        "AWS:InstanceInformation": [
          [
            "ComputerName": "vm", "InstanceId": "n", "IpAddress": "192.0.2.2",
            "PlatformName": "Debian", "PlatformVersion": "12", "ResourceType": "ManagedInstance",
          ]
        ],
      ])
  }

  @Test func `what is missing is in no observation`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write("a", "<REQUEST><CONTENT><BIOS/></CONTENT></REQUEST>")
    #expect(Array(try history(path).reports).isEmpty)
  }

  @Test func `what is cut, damaged, deep or grows is an error that names the file`() throws {
    let tree = try TemporaryTree()
    var random = SplitMix64(seed: 17)
    var texts: [Data] = []
    for count in stride(from: 0, to: text.utf8.count - 2, by: 7) {
      texts.append(Data(text.utf8.prefix(count)))
      texts.append(Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }))
    }
    texts.append(Data(String(repeating: "<REQUEST>", count: 200_000).utf8))
    var bomb = "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x0 \"aaaaaaaaaa\">"
    for n in 1...9 {
      bomb += "<!ENTITY x\(n) \"\(String(repeating: "&x\(n - 1);", count: 10))\">"
    }
    texts.append(Data((bomb + "]><REQUEST><CONTENT>&x9;</CONTENT></REQUEST>").utf8))
    texts.append(
      Data(
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><REQUEST>&x;</REQUEST>".utf8))
    for data in texts {
      let path = try tree.write("a", data)
      let error = #expect(throws: CollectorError.self) { try history(path) }
      #expect(error?.message.contains(path) == true)
    }
    var flipped = 0
    for index in stride(from: 0, to: text.utf8.count, by: 3) {
      var bytes = Array(text.utf8)
      bytes[index] ^= UInt8.random(in: 1...255, using: &random)
      if (try? history(try tree.write("a", bytes))) == nil { flipped += 1 }
    }
    #expect(flipped > 0)
  }

  @Test(arguments: ["fusioninventory-agent", "ocsinventory-agent"])
  func `the packages of the real agent are those of the collector`(agent: String) throws {
    let tree = try TemporaryTree()
    guard output(of: agent, "--local=" + tree.path) != nil else { return }
    let names = try FileManager.default.contentsOfDirectory(atPath: tree.path)
    guard let name = names.first(where: { $0.hasSuffix(".ocs") }) else { return }
    let history = try OCSImporter().history(paths: [tree.path(name)], node: NodeID("n"))
    let items = content(history)
    let known = Set((items["AWS:Application"] ?? []).map(Known.init))
    let expected = try ApplicationCollector().collect(from: Machine())
    // The agents list what dpkg remembers of removed packages, too.
    let missing = Set(expected.map(Known.init)).subtracting(known)
    #expect(missing.isEmpty)
    #expect(known.count - expected.count <= expected.count / 20)
    let now = Int64(Date().timeIntervalSince1970)
    let time = try #require(history.knownFrom).seconds
    #expect(abs(now - time) < 3600)
    var interfaces: [String: String] = [:]
    for item in items["AWS:Network"] ?? [] {
      interfaces[item["Name"] ?? ""] = item["MacAddress"]
    }
    for item in try NetworkCollector().collect(from: Machine()) where item["IPV4"] != "" {
      #expect(interfaces[item["Name"] ?? ""] == item["MacAddress"])
    }
    print("\(agent): \(known.count) packages, the collector \(expected.count)")
  }
}
