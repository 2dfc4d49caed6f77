import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

struct ApplicationCollectorTests {
  private func items(_ status: some Sequence<UInt8>) throws -> [Item] {
    let tree = try TemporaryTree()
    try tree.write("var/lib/dpkg/status", status)
    return try ApplicationCollector().collect(from: tree.machine)
  }

  private func stanza(_ name: String, _ status: String, _ more: String = "") -> String {
    "Package: \(name)\nStatus: \(status)\nMaintainer: M <m@example.org>\n"
      + "Architecture: amd64\nVersion: 1:2.0-3\n\(more)\n"
  }

  @Test func `only packages that are installed count`() throws {
    let text =
      stanza("plain", "install ok installed") + stanza("held", "hold ok installed")
      + stanza("leaving", "deinstall ok installed")
      + stanza("half", "install ok half-installed")
      + stanza("unpacked", "install ok unpacked")
      + stanza("unconfigured", "install ok half-configured")
      + stanza("rest", "deinstall ok config-files")
      + stanza("broken", "install reinstreq installed")
      + stanza("waiting", "install ok triggers-awaited")
      + stanza("pending", "install ok triggers-pending")
      + stanza("odd", "install ok something-new") + stanza("short", "installed")
    #expect(
      try items(text.utf8).map { $0["Name"] } == ["plain", "held", "leaving", "waiting", "pending"])
    let packages = DpkgStatusReader.packages(in: Array(text.utf8))
    #expect(packages.count == 12)
    #expect(packages[1].want == "hold")
    #expect(packages[3].state == .halfInstalled)
    #expect(packages[6].state == .configFiles)
    #expect(packages[10].state == nil)
  }

  @Test func `a package that was configured once is there until it is removed`() throws {
    let once = "Config-Version: 1:1.9-1\n"
    let text =
      stanza("half", "install reinstreq half-installed", once)
      + stanza("unpacked", "install ok unpacked", once)
      + stanza("unconfigured", "hold ok half-configured", once)
      + stanza("staying", "deinstall ok half-configured", once)
      + stanza("leaving", "deinstall ok half-installed", once)
      + stanza("purged", "purge ok half-installed", once)
      + stanza("rest", "deinstall ok config-files", once)
    let items = try items(text.utf8)
    #expect(items.map { $0["Name"] } == ["half", "unpacked", "unconfigured", "staying"])
    #expect(items.allSatisfy { $0["Version"] == "1:2.0-3" })
  }

  @Test func `a package has exactly the attributes the agent fills and its time`() throws {
    let tree = try TemporaryTree()
    try tree.write(
      "var/lib/dpkg/status",
      """
      Package: libthing
      Status: install ok installed
      Section: libs
      Maintainer: Debian "Thing" Team <thing@example.org>
      Architecture: amd64
      Multi-Arch: same
      Version: 1:2.0-3+b1
      Description: first line
       second line
       .
       Homepage: not a field
      Homepage: https://example.org/

      """)
    try tree.write("var/lib/dpkg/info/libthing:amd64.list", "/.\n")
    try tree.setModified("var/lib/dpkg/info/libthing:amd64.list", 1_700_000_000)
    #expect(
      try ApplicationCollector().collect(from: tree.machine) == [
        [
          "Name": "libthing", "Version": "1:2.0-3+b1",
          "Publisher": "Debian \"Thing\" Team <thing@example.org>", "Architecture": "x86_64",
          "ApplicationType": "libs", "URL": "https://example.org/", "Summary": "first line",
          "PackageId": "libthing_1:2.0-3+b1_amd64.deb", "InstalledTime": "2023-11-14T22:13:20Z",
        ]
      ])
  }

  @Test func `the list without an architecture is found too`() throws {
    let tree = try TemporaryTree()
    try tree.write("var/lib/dpkg/status", stanza("a", "install ok installed"))
    try tree.write("var/lib/dpkg/info/a.list", "")
    try tree.setModified("var/lib/dpkg/info/a.list", 0)
    let item = try #require(try ApplicationCollector().collect(from: tree.machine).first)
    #expect(item["InstalledTime"] == "1970-01-01T00:00:00Z")
  }

  @Test func `empty fields are left out as the agent leaves them out`() throws {
    let item = try #require(
      try items(stanza("a", "install ok installed", "Homepage: \nSection:\n").utf8).first)
    #expect(
      Set(item.attributes.map(\.name)) == [
        "Name", "Version", "Publisher", "Architecture", "PackageId",
      ])
  }

  @Test func `bytes that are not UTF-8 are repaired`() throws {
    var bytes = Array("Package: a\nStatus: install ok installed\nVersion: 1\nMaintainer: J".utf8)
    bytes += [0xf6, 0x72, 0x67]
    bytes += Array("\nDescription: ok \u{1F600}".utf8)
    bytes += [0xff, 0xfe, 0x0a]
    let item = try #require(try items(bytes).first)
    #expect(item["Publisher"] == "J\u{fffd}rg")
    #expect(item["Summary"] == "ok \u{1F600}\u{fffd}\u{fffd}")
  }

  @Test func `blanks at the end of a first line stay as dpkg keeps them`() throws {
    let text = stanza("a", "install ok installed", "Description: one \n more\nSection: libs \n")
    let item = try #require(try items(text.utf8).first)
    #expect(item["Summary"] == "one ")
    #expect(item["ApplicationType"] == "libs")
  }

  @Test func `a missing status file is an error that names it`() throws {
    let tree = try TemporaryTree()
    let error = #expect(throws: CollectorError.self) {
      try ApplicationCollector().collect(from: tree.machine)
    }
    #expect(error?.message.contains("var/lib/dpkg/status: No such file or directory") == true)
  }

  @Test func `an empty status file says that there is nothing`() throws {
    #expect(try items("".utf8).isEmpty)
    #expect(try items("\n\n\n".utf8).isEmpty)
  }

  @Test(arguments: [
    (String(repeating: "a", count: 99), String(repeating: "a", count: 99)),
    (String(repeating: "a", count: 100), String(repeating: "a", count: 100)),
    (String(repeating: "a", count: 101), String(repeating: "a", count: 100)),
    // Two bytes each: 100 bytes end between two of them.
    (String(repeating: "ä", count: 60), String(repeating: "ä", count: 50)),
    ("a" + String(repeating: "ä", count: 60), "a" + String(repeating: "ä", count: 49)),
    // Quotation marks take two bytes of what the agent cuts.
    (String(repeating: "\"", count: 60), String(repeating: "\"", count: 50)),
    (String(repeating: "\\", count: 50), String(repeating: "\\", count: 50)),
  ])
  func `fields are cut where the agent cuts them but never inside a character`(
    text: String, cut: String
  ) {
    #expect(AgentForm.field(text) == cut)
  }

  @Test func `architectures get the agent's names`() {
    #expect(AgentForm.architecture("amd64") == "x86_64")
    #expect(AgentForm.architecture("386") == "i386")
    #expect(AgentForm.architecture("i386") == "i386")
    #expect(AgentForm.architecture("all") == "all")
    #expect(AgentForm.architecture("arm64") == "arm64")
  }
}
