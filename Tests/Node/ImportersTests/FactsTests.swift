import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// What Ansible and Puppet know of packages.
struct FactsTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func lines(_ history: ImportedHistory) -> [String] {
    history.reports.flatMap(\.entries).flatMap { entry in
      (entry.content ?? []).map { item in
        let words = ["Name", "Epoch", "Version", "Release", "Architecture", "Platform"]
          .compactMap { item[$0] }.filter { !$0.isEmpty }
        return "\(entry.captureTime) \(entry.type): " + words.joined(separator: " ")
      }
    }
  }

  // MARK: Ansible

  private func ansible(
    _ text: String, host: String? = nil, at time: Instant? = nil
  ) throws -> ImportedHistory {
    try AnsibleImporter(host: host, at: time).history(
      paths: [try tree.write("facts.json", text)], node: NodeID("n"))
  }

  private static let packages = #"""
    {"bash":[{"name":"bash","version":"1:5.2-1","arch":"amd64","category":"shells","origin":"Debian",
       "source":"apt"}],
     "libc6:i386":[{"name":"libc6:i386","version":"2.36-9","arch":"i386","source":"apt"}],
     "kernel":[
      {"name":"kernel","version":"6.1","release":"1.el9","epoch":null,"arch":"x86_64","source":"rpm"},
      {"name":"kernel","version":"6.2","release":"1.el9","epoch":null,"arch":"x86_64","source":"rpm"}],
     "bind":[{"name":"bind","version":"9","release":"2.el9","epoch":32,"arch":"x86_64","source":"rpm"}],
     "gpg-pubkey":[{"name":"gpg-pubkey","version":"1","release":"2","epoch":null,"arch":null,
       "source":"rpm"}],
     "musl":[{"name":"musl","version":"1.2.3","release":"r4","source":"apk"}],
     "pacman":[{"name":"pacman","version":"6.0-1","arch":"x86_64","source":"pacman"}],
     "curl":[{"name":"curl","version":"7.9","revision":"2","port_epoch":"1","arch":"amd64",
       "source":"pkg"}]}
    """#

  private static let found = [
    "bash 1:5.2-1 x86_64", "bind 32 9 2.el9 x86_64", "curl 7.9_2,1 x86_64",
    "kernel 6.1 1.el9 x86_64",
    "kernel 6.2 1.el9 x86_64", "libc6 2.36-9 i386", "musl 1.2.3-r4", "pacman 6.0-1 x86_64",
  ]

  @Test func `facts of Ansible are a state in every form in which they are kept`() throws {
    let clock = #""ansible_date_time":{"iso8601":"2026-03-03T09:00:00Z"}"#
    let own = #"{"ansible_facts":{\#(clock),"packages":\#(Self.packages)},"changed":false}"#
    let forms = [
      own, "\u{feff}" + own, "web-1 | SUCCESS => " + own,
      #"{\#(clock),"packages":\#(Self.packages),"ansible_distribution":"Debian"}"#,
      #"{"plays":[{"tasks":[{"task":{"duration":{"end":"2026-03-03T09:00:00.123Z"}},"hosts":{"#
        + #""web-1":{"ansible_facts":{"packages":\#(Self.packages)}},"web-2":{"changed":false}}}]}]}"#,
    ]
    for form in forms {
      let history = try ansible(form)
      #expect(lines(history) == Self.found.map { "2026-03-03T09:00:00Z AWS:Application: " + $0 })
      #expect(history.recordsRead == 9)
      #expect(history.warnings.isEmpty)
    }
    let variable = try ansible(Self.packages, at: utc("2026-01-01 00:00:00"))
    #expect(lines(variable) == Self.found.map { "2026-01-01T00:00:00Z AWS:Application: " + $0 })
    #expect(try ansible(Self.packages).warnings.first?.contains("says no time of its own") == true)
  }

  @Test func `several hosts of Ansible are told apart or refused`() throws {
    let facts = #"{"ansible_facts":{"packages":{"a":[{"name":"a","version":"1","source":"apt"}]}}}"#
    let text =
      #"{"plays":[{"tasks":[{"task":{"duration":{"end":"2026-03-03T09:00:00Z"}},"#
      + #""hosts":{"one":\#(facts),"two":\#(facts.replacing("1", with: "2"))}}]}]}"#
    #expect(lines(try ansible(text, host: "two")) == ["2026-03-03T09:00:00Z AWS:Application: a 2"])
    var error = #expect(throws: CollectorError.self) { try ansible(text) }
    #expect(error?.message.contains("one, two") == true)
    error = #expect(throws: CollectorError.self) { try ansible(text, host: "three") }
    #expect(error?.message.contains("three") == true)
  }

  @Test(arguments: [
    "{}", "[]", "", "{\"ansible_facts\":{}}", #"{"packages":{"a":[{"name":"a"}]}}"#,
    #"{"packages":{"a":[{"version":"1"}]}}"#, #"{"packages":{"a":[7]}}"#, #"{"a":[{"b":"c"}]}"#,
    "web-1 | SUCCESS => {", #"{"ansible_date_time":{"iso8601":"now"},"packages":{}}"#,
  ])
  func `what are no facts of packages is an error that names the file`(text: String) throws {
    let error = #expect(throws: CollectorError.self) { try ansible(text) }
    #expect(error?.message.contains(tree.path) == true)
  }

  // MARK: Puppet

  private func puppet(
    _ text: String, host: String? = nil, at time: Instant? = utc("2026-03-03 09:00:00")
  ) throws -> ImportedHistory {
    try PuppetImporter(host: host, at: time).history(
      paths: [try tree.write("packages.json", text)], node: NodeID("n"))
  }

  private static let resources = #"""
    {"package":{
     "bash":{"ensure":"5.2-1","provider":"apt"}, "gone":{"ensure":"purged","provider":"apt"},
     "bind":{"ensure":"32:9-2.el9","provider":"yum"}, "kernel":{"ensure":"6.1-1.el9","provider":"dnf"},
     "gpg-pubkey":{"ensure":"1-2","provider":"rpm"}, "some":{"ensure":"present","provider":"windows"},
     "rake":{"ensure":["13.0","12.3"],"provider":"gem"}, "six":{"ensure":"1.16","provider":"pip3"},
     "left":{"ensure":"1.0.0","provider":"npm"}}}
    """#

  private static let known = [
    "AWS:Application: bash 5.2-1", "AWS:Application: bind 32 9 2.el9",
    "AWS:Application: kernel 6.1 1.el9", "AWS:Application: some", "Custom:NodePackage: left 1.0.0",
    "Custom:PythonPackage: six 1.16", "Custom:RubyGem: rake 12.3", "Custom:RubyGem: rake 13.0",
  ].map { "2026-03-03T09:00:00Z " + $0 }

  private static let rows: [(String, String, String)] = [
    ("bash", "5.2-1", "apt"), ("gone", "absent", "apt"), ("bind", "32:9-2.el9", "yum"),
    ("kernel", "6.1-1.el9", "dnf"), ("gpg-pubkey", "1-2", "rpm"), ("some", "present", "windows"),
    ("rake", "13.0", "gem"), ("rake", "12.3", "puppet_gem"), ("six", "1.16", "pip3"),
    ("left", "1.0.0", "npm"),
  ]

  @Test func `what Puppet knows is a state in each of its forms`() throws {
    let list = Self.rows.map { #"["\#($0.0)","\#($0.1)","\#($0.2)"]"# }.joined(separator: ",")
    let fact = #""_puppet_inventory_1":{"packages":[\#(list)]}"#
    func row(_ node: String, _ row: (String, String, String)) -> String {
      #"{"certname":"\#(node)","package_name":"\#(row.0)","version":"\#(row.1)","#
        + #""provider":"\#(row.2)"}"#
    }
    let database = Self.rows.map { row("web-1", $0) }.joined(separator: ",")
    let time = #""timestamp":"2026-03-03T09:00:00.5+00:00""#
    let forms = [
      Self.resources, "{\(fact)}", #"{"name":"web-1","values":{\#(fact)},\#(time)}"#,
      #"[{"certname":"web-1","facts":{\#(fact)},\#(time)}]"#, "[\(database)]",
    ]
    for form in forms {
      let history = try puppet(form)
      #expect(lines(history) == Self.known, "\(form.prefix(40))")
      #expect(history.warnings.isEmpty)
    }
    let two = "[\(database),\(row("web-2", ("a", "1", "apt")))]"
    #expect(
      try lines(puppet(two, host: "web-2")) == ["2026-03-03T09:00:00Z AWS:Application: a 1"])
    let error = #expect(throws: CollectorError.self) { try puppet(two) }
    #expect(error?.message.contains("web-1, web-2") == true)
    #expect(try puppet(Self.resources, at: nil).warnings.count == 1)
  }

  @Test(arguments: [
    "{}", "[]", "", "7", #"{"package":{"a":{}}}"#, #"{"_puppet_inventory_1":{"packages":[["a"]]}}"#,
    #"[{"package_name":"a","version":"1","provider":"apt"}]"#, #"[{"certname":"a"}]"#,
    #"[{"certname":"a","package_name":"b","version":null,"provider":"apt"}]"#,
  ])
  func `what Puppet does not write is an error that names the file`(text: String) throws {
    let error = #expect(throws: CollectorError.self) { try puppet(text) }
    #expect(error?.message.contains(tree.path) == true)
  }
}
