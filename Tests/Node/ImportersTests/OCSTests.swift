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
    <LOCAL_GROUPS><ID>0</ID><NAME>root</NAME><MEMBER>zoe</MEMBER><MEMBER>ann</MEMBER>
      </LOCAL_GROUPS>
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
    #expect(history.knownFrom == utc("2026-03-03 09:00:00"))
    #expect(history.warnings.count == 1 && history.warnings[0].contains(": 1 packages, users and"))
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
        "Custom:Group": [["Name": "root", "Gid": "0", "Members": "ann,zoe"]],
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

  @Test(arguments: [
    "03/03/2024 09:00:00", "0000-00-00 00:00:00", "2024-02-30 00:00:00", "2024-03-03", "soon",
  ])
  func `a date that cannot be understood is no other date`(date: String) throws {
    let tree = try TemporaryTree()
    let bad = try tree.write("bad", text.replacing("2026-03-03 10:00:00", with: date))
    let error = #expect(throws: CollectorError.self) { try history(bad) }
    #expect(error?.message.contains("LOGDATE \"\(date)\"") == true)
    let good = try tree.write("good", text)
    let both = try OCSImporter().history(paths: [bad, good], node: NodeID("n"))
    #expect(both.failures.count == 1 && both.failures[0].contains(bad))
    #expect(Array(both.reports).count == 1)
    let given = try OCSImporter(at: utc("2024-03-03 09:00:00")).history(
      paths: [bad], node: NodeID("n"))
    #expect(given.knownFrom == utc("2024-03-03 09:00:00"))
    #expect(given.warnings.contains { $0.contains(date) })
  }

  @Test func `the offset of a document counts, and a file without a date says so`() throws {
    let tree = try TemporaryTree()
    let zone = "<TIMEZONE><NAME>X</NAME><OFFSET>-0330</OFFSET></TIMEZONE>"
    let path = try tree.write(
      "a",
      text.replacing(
        "<SECRETS>", with: "<OPERATINGSYSTEM>\(zone)<NAME>Debian</NAME></OPERATINGSYSTEM><SECRETS>")
    )
    #expect(try history(path).knownFrom == utc("2026-03-03 13:30:00"))
    let undated = try tree.write("b", text.replacing("LOGDATE", with: "OTHER"))
    try tree.setModified("b", 1_770_000_000)
    let history = try history(undated)
    #expect(history.knownFrom == Instant(seconds: 1_770_000_000))
    #expect(history.warnings.contains { $0.contains("says no time of its own") })
  }

  @Test(arguments: [
    Array("&#0;".utf8), Array("&#x1F;".utf8), Array("&#xFFFE;".utf8), Array("&#55296;".utf8),
    [0x0b],
    [0x00], [0xe9], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xef, 0xbf, 0xbf], [0xf8], [0x01, 0x02],
  ])
  func `a character that XML does not have is replaced and named`(bytes: [UInt8]) throws {
    let tree = try TemporaryTree()
    let parts = text.replacing("<SECRETS>", with: "<MONITORS>KVM|x</MONITORS><SECRETS>")
      .split(separator: "|").map { Array($0.utf8) }
    let line = parts[0].count { $0 == 0x0a } + 1
    let path = try tree.write("a", parts[0] + bytes + parts[1])
    let plain = content(try history(tree.write("b", text)))
    let history = try history(path)
    #expect(content(history) == plain)
    #expect(history.warnings.contains { $0.hasSuffix("replaced: 1: line \(line)") })
  }

  @Test func `a character in a name is replaced there, and what is sound stays`() throws {
    let tree = try TemporaryTree()
    let name = "b&#8;sh &amp; &#x41;<![CDATA[&#0;]]>"
    let path = try tree.write("a", text.replacing("<NAME>bash<", with: "<NAME>\(name)<"))
    let items = content(try history(path))["AWS:Application"]
    #expect(items?.first?["Name"] == "b\u{fffd}sh & A&#0;")
    // In another encoding its bytes are characters.
    let latin = Array(
      text.replacing("UTF-8", with: "ISO-8859-1").replacing("Debian</PUB", with: "D~</PUB").utf8
    ).map { $0 == UInt8(ascii: "~") ? 0xe9 : $0 }
    let history = try history(tree.write("b", latin))
    #expect(content(history)["AWS:Application"]?.first?["Publisher"] == "D\u{e9}")
    // The shells of Windows write UTF-16.
    let wide = Array("\u{feff}\(text.replacing("UTF-8", with: "UTF-16"))".utf16)
    let units = wide.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    #expect(content(try self.history(tree.write("c", units))).count == 5)
  }

  // MARK: JSON

  private let json = #"""
    {"action":"inventory","deviceid":"vm-1","itemtype":"Computer","content":{
     "accesslog":{"logdate":"2026-03-03 10:00:00"},
     "hardware":{"name":"vm","memory":7800},
     "operatingsystem":{"name":"Debian","version":"12","timezone":{"name":"CET","offset":"+0100"}},
     "networks":[{"description":"lo","ipaddress":"127.0.0.1","type":"loopback"},
      {"description":"bmc","management":true,"mac":"02:fc:00:00:00:09"},
      {"description":"eth0","ipaddress":"192.0.2.2","ipmask":"255.255.255.0","virtualdev":false,
       "mac":"02:fc:00:00:00:01"},{"description":"eth0","ipaddress6":"fd00::2"}],
     "local_users":[{"home":"/root","id":"0","login":"root","name":"","shell":"/bin/sh"}],
     "local_groups":[{"id":"0","name":"root","members":["zoe","ann"]}],
     "softwares":[
      {"name":"bash","version":"1:5.2-1","arch":"amd64","from":"deb","publisher":"Debian",
       "system_category":"shells","filesize":7000,"install_date":"2026-01-01"},
      {"name":"gitg","version":"3.32.1-1.fc31","arch":"x86_64","from":"rpm"},
      {"name":"gpg-pubkey","version":"1-2","arch":"(none)","from":"rpm"}],
     "versionclient":"GLPI-Agent_v1.4"}}
    """#

  @Test func `GLPI's JSON becomes what the XML becomes`() throws {
    let tree = try TemporaryTree()
    for mark in ["", "\u{feff}", "\n "] {
      let history = try history(try tree.write("a.json", mark + json))
      #expect(history.knownFrom == utc("2026-03-03 09:00:00") && history.warnings.isEmpty)
      #expect(
        content(history) == [
          "AWS:Application": [
            [
              "Name": "bash", "Version": "1:5.2-1", "Architecture": "x86_64", "Publisher": "Debian",
              "ApplicationType": "shells", "PackageId": "bash_1:5.2-1_amd64.deb",
            ],
            [
              "Name": "gitg", "Version": "3.32.1", "Release": "1.fc31", "Architecture": "x86_64",
              "Publisher": "",
            ],
          ],
          "AWS:Network": [
            [
              "Name": "eth0", "MacAddress": "02:fc:00:00:00:01", "IPV4": "192.0.2.2",
              "IPV6": "fd00::2", "SubnetMask": "255.255.255.0",
            ]
          ],
          "Custom:User": [["Name": "root", "Uid": "0", "Home": "/root", "Shell": "/bin/sh"]],
          "Custom:Group": [["Name": "root", "Gid": "0", "Members": "ann,zoe"]],
          "AWS:InstanceInformation": [
            [
              "ComputerName": "vm", "InstanceId": "n", "IpAddress": "192.0.2.2",
              "PlatformName": "Debian", "PlatformVersion": "12", "ResourceType": "ManagedInstance",
            ]
          ],
        ])
    }
  }

  @Test(arguments: [
    (#""itemtype":"Computer""#, #""itemtype":"Printer""#, "Printer"),
    (#""action":"inventory""#, #""action":"netdiscovery""#, "netdiscovery"),
    (#""content""#, #""contents""#, "no content"),
    (#""action""#, #""partial":true,"action""#, "part"),
    ("2026-03-03 10:00:00", "2026-13-03 10:00:00", "LOGDATE"), ("}}", "}", "no JSON"),
  ])
  func `another kind of JSON is an error that names the file`(
    old: String, new: String, word: String
  ) throws {
    let tree = try TemporaryTree()
    let path = try tree.write("a.json", json.replacing(old, with: new))
    let error = #expect(throws: CollectorError.self) { try history(path) }
    #expect(error?.message.contains(path) == true && error?.message.contains(word) == true)
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
