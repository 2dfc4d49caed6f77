import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors
@testable import Importers

/// The same packages, seen by the collectors and told by other programs, are the same items.
struct AgreementTests {
  private let tree: TemporaryTree
  private let node: NodeID

  init() throws {
    tree = try TemporaryTree()
    node = try NodeID("n")
  }

  /// What identifies a package and its version; what else a source knows differs.
  private func essence(_ items: [Item]) -> [String] {
    let names = [
      "Name", "Version", "Release", "Epoch", "Architecture", "Path", "Platform", "PackageId",
    ]
    return items.map { item in
      names.map { "\($0)=\(item[$0] ?? "-")" }.joined(separator: " ")
    }.sorted()
  }

  private func essence(_ history: ImportedHistory, _ type: TypeName) -> [String] {
    essence(
      history.reports.flatMap(\.entries).filter { $0.type == type }.flatMap { $0.content ?? [] })
  }

  private func bill(_ components: [String]) throws -> ImportedHistory {
    let path = try tree.write(
      "bom.json",
      #"{"bomFormat":"CycloneDX","metadata":{"timestamp":"2026-03-03T09:00:00Z"},"components":["#
        + components.joined(separator: ",") + "]}")
    return try CycloneDXImporter().history(paths: [path], node: node)
  }

  private func spdx(_ packages: [String]) throws -> ImportedHistory {
    let path = try tree.write(
      "spdx.json",
      #"{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2026-03-03T09:00:00Z"},"packages":["#
        + packages.joined(separator: ",") + "]}")
    return try SPDXImporter().history(paths: [path], node: node)
  }

  private func purls(_ purls: [String]) throws -> [ImportedHistory] {
    [
      try bill(purls.map { #"{"purl":"\#($0)"}"# }),
      try spdx(
        purls.map {
          #"{"externalRefs":[{"referenceType":"purl","referenceLocator":"\#($0)"}]}"#
        }),
    ]
  }

  private func osquery(_ query: String, _ rows: [String]) throws -> ImportedHistory {
    let lines = rows.map {
      #"{"name":"\#(query)","unixTime":1700000000,"epoch":0,"counter":0,"action":"added","#
        + #""columns":{\#($0)}}"# + "\n"
    }
    return try OsqueryImporter().history(
      paths: [try tree.write("log", lines.joined())], node: node)
  }

  private func agent(_ softwares: [String]) throws -> ImportedHistory {
    let path = try tree.write(
      "agent.json",
      #"{"content":{"accesslog":{"logdate":"2026-03-03 09:00:00"},"softwares":["#
        + softwares.joined(separator: ",") + "]}}")
    return try OCSImporter().history(paths: [path], node: node)
  }

  private func ansible(_ packages: [String]) throws -> ImportedHistory {
    let members = packages.enumerated().map { #""p\#($0.offset)":[\#($0.element)]"# }
    let path = try tree.write("facts.json", "{\(members.joined(separator: ","))}")
    return try AnsibleImporter().history(paths: [path], node: node)
  }

  @Test func `packages of Debian`() throws {
    func stanza(_ name: String, _ version: String, _ architecture: String) -> String {
      "Package: \(name)\nStatus: install ok installed\nVersion: \(version)\n"
        + "Architecture: \(architecture)\n\n"
    }
    try tree.write(
      "root/var/lib/dpkg/status",
      stanza("bsdutils", "1:2.38.1-5+b1", "amd64") + stanza("libc6", "2.36-9", "i386")
        + stanza("adduser", "3.134", "all"))
    let expected = essence(
      try ApplicationCollector().collect(from: Machine(root: tree.path("root"))))
    #expect(expected.count == 3)
    let sources =
      try purls([
        "pkg:deb/debian/bsdutils@2.38.1-5%2Bb1?arch=amd64&epoch=1",
        "pkg:deb/debian/libc6@2.36-9?arch=i386",
        "pkg:deb/debian/adduser@3.134?arch=all", "pkg:deb/debian/glibc@2.36-9?arch=source",
      ])
      + purls([
        "pkg:deb/debian/bsdutils@1%3A2.38.1-5%2Bb1?arch=amd64",
        "pkg:deb/debian/libc6@2.36-9?arch=i386",
        "pkg:deb/debian/adduser@3.134?arch=all&distro=debian-12",
      ]) + [
        osquery(
          "deb_packages",
          [
            #""name":"bsdutils","version":"1:2.38.1-5+b1","arch":"amd64""#,
            #""name":"libc6","version":"2.36-9","arch":"i386""#,
            #""name":"adduser","version":"3.134","arch":"all""#,
          ]),
        agent([
          #"{"name":"bsdutils","version":"1:2.38.1-5+b1","arch":"amd64","from":"deb"}"#,
          #"{"name":"libc6:i386","version":"2.36-9","arch":"amd64","from":"deb"}"#,
          #"{"name":"adduser","version":"3.134","arch":"all","from":"deb"}"#,
        ]),
        ansible([
          #"{"name":"bsdutils","version":"1:2.38.1-5+b1","arch":"amd64","source":"apt"}"#,
          #"{"name":"libc6:i386","version":"2.36-9","arch":"i386","source":"apt"}"#,
          #"{"name":"adduser","version":"3.134","arch":"all","source":"apt"}"#,
        ]),
        DebianStatusImporter().history(
          paths: [tree.path("root/var/lib/dpkg/status")], node: node),
      ]
    for (index, history) in sources.enumerated() {
      #expect(essence(history, .application) == expected, "source \(index)")
    }
  }

  @Test func `packages of rpm`() throws {
    func line(_ words: String...) -> String {
      (words + ["V", "G", "U", "s-1-1.src.rpm", "1700000000", "S"]).joined(separator: "\t")
    }
    let items = [
      line("bash", "5.1.8", "9.el9", "(none)", "x86_64"),
      line("bind", "9.16", "1.el9", "32", "x86_64"),
      line("tzdata", "2024a", "1.el9", "(none)", "noarch"),
      line("gpg-pubkey", "1", "2", "(none)", "(none)"),
    ].compactMap { RPMPackages.item($0) }
    let expected = essence(items)
    #expect(expected.count == 3)
    let from = "upstream=s-1-1.src.rpm"
    let sources =
      try purls([
        "pkg:rpm/rhel/bash@5.1.8-9.el9?arch=x86_64&\(from)",
        "pkg:rpm/rhel/bind@9.16-1.el9?arch=x86_64&epoch=32&\(from)",
        "pkg:rpm/rhel/tzdata@2024a-1.el9?arch=noarch&\(from)", "pkg:rpm/rhel/gpg-pubkey@1-2",
        "pkg:rpm/rhel/bash@5.1.8-9.el9?arch=src",
      ])
      + purls([
        "pkg:rpm/rhel/bash@5.1.8-9.el9?arch=x86_64&epoch=0&\(from)",
        "pkg:rpm/rhel/bind@32:9.16-1.el9?arch=x86_64&\(from)",
        "pkg:rpm/rhel/tzdata@2024a-1.el9?arch=noarch&\(from)",
      ]) + [
        osquery(
          "rpm_packages",
          [
            ("bash", "5.1.8", "9.el9", "0", "x86_64"), ("bind", "9.16", "1.el9", "32", "x86_64"),
            ("tzdata", "2024a", "1.el9", "", "noarch"), ("gpg-pubkey", "1", "2", "", ""),
          ].map {
            #""name":"\#($0.0)","version":"\#($0.1)","release":"\#($0.2)","epoch":"\#($0.3)","#
              + #""arch":"\#($0.4)","source":"s-1-1.src.rpm""#
          })
      ]
    for (index, history) in sources.enumerated() {
      #expect(essence(history, .application) == expected, "source \(index)")
    }
    // These know no file that it was built from.
    let facts = try ansible([
      #"{"name":"bash","version":"5.1.8","release":"9.el9","epoch":null,"arch":"x86_64","source":"rpm"}"#,
      #"{"name":"bind","version":"9.16","release":"1.el9","epoch":32,"arch":"x86_64","source":"rpm"}"#,
      #"{"name":"tzdata","version":"2024a","release":"1.el9","epoch":0,"arch":"noarch","source":"rpm"}"#,
    ])
    #expect(
      essence(facts, .application)
        == expected.map { $0.replacing("PackageId=s-1-1.src.rpm", with: "PackageId=-") })
    let package = try #require(
      RpmLogPackage(
        name: "bash", epoch: "0", version: "5.1.8", release: "9.el9", architecture: "x86_64"))
    let logged = package.item(version: "", installedAt: nil, present: nil)
    #expect(
      essence([logged])
        == [expected[0].replacing("PackageId=s-1-1.src.rpm", with: "PackageId=-")])
  }

  @Test func `packages of Alpine and OpenWrt`() throws {
    let database = try tree.write(
      "root/lib/apk/db/installed", "P:musl\nV:1.2.3-r4\nA:x86_64\n\nP:bash\nV:5.2-r0\nA:x86_64\n\n")
    try tree.write(
      "router/usr/lib/opkg/status",
      "Package: base\nVersion: 1-2\nStatus: install user installed\nArchitecture: mips_24kc\n\n")
    let alpine = essence(try ApplicationCollector().collect(from: Machine(root: tree.path("root"))))
    let sources =
      try purls([
        "pkg:apk/alpine/musl@1.2.3-r4?arch=x86_64&upstream=musl",
        "pkg:apk/alpine/bash@5.2-r0?arch=x86_64",
      ]) + [ApkImporter().history(paths: [database], node: node)]
    for history in sources { #expect(essence(history, .application) == alpine) }
    let router = essence(
      try ApplicationCollector().collect(from: Machine(root: tree.path("router"))))
    for history in try purls(["pkg:opkg/openwrt/base@1-2?arch=mips_24kc"]) {
      #expect(essence(history, .application) == router)
    }
  }

  @Test func `packages of languages`() throws {
    let folder = "usr/lib/python3/dist-packages"
    let described = folder + "/PyYAML-6.0.dist-info/METADATA"
    let node = "opt/a/node_modules/@s/p"
    let gem = "var/lib/gems/3.1.0/specifications/nokogiri-1.13.1-x86_64-linux.gemspec"
    try tree.write("root/" + described, "Name: PyYAML\nVersion: 6.0\n")
    try tree.write("root/\(node)/package.json", #"{"name":"@s/p","version":"1.0.0"}"#)
    try tree.write("root/" + gem, "# stub: nokogiri 1.13.1 x86_64-linux lib\n")
    let machine = Machine(root: tree.path("root"))
    let expected: [TypeName: [String]] = [
      PackageKind.python.type: essence(try PythonPackageCollector().collect(from: machine)),
      PackageKind.node.type: essence(try NodePackageCollector().collect(from: machine)),
      PackageKind.gem.type: essence(try RubyGemCollector().collect(from: machine)),
    ]
    func found(_ files: String...) -> String {
      #""properties":["#
        + files.enumerated().map {
          #"{"name":"syft:location:\#($0.offset):path","value":"/\#($0.element)"}"#
        }.joined(separator: ",") + "]"
    }
    func told(_ purl: String, _ file: String) -> String {
      #""sourceInfo":"acquired package info from installed package: /\#(file), /x","#
        + #""externalRefs":[{"referenceType":"purl","referenceLocator":"\#(purl)"}]"#
    }
    let (python, scoped, ruby) = (
      "pkg:pypi/pyyaml@6.0", "pkg:npm/%40s/p@1.0.0", "pkg:gem/nokogiri@1.13.1?platform=x86_64-linux"
    )
    let sources = [
      try bill([
        #"{"name":"PyYAML","purl":"\#(python)",\#(found("x/RECORD", described))}"#,
        #"{"name":"p","group":"@s","purl":"\#(scoped)",\#(found(node + "/package.json"))}"#,
        #"{"name":"nokogiri","purl":"\#(ruby)",\#(found(gem))}"#,
      ]),
      try spdx([
        #"{"name":"PyYAML",\#(told(python, described))}"#,
        #"{"name":"@s/p",\#(told(scoped, node + "/package.json"))}"#,
        #"{"name":"nokogiri",\#(told(ruby.replacing("?platform=", with: "-"), gem))}"#,
      ]),
    ]
    for history in sources {
      for (type, items) in expected {
        #expect(items.count == 1 && essence(history, type) == items, "\(type)")
      }
    }
    let rows = try osquery(
      "python_packages", [#""name":"PyYAML","version":"6.0","path":"/\#(described)""#])
    #expect(essence(rows, PackageKind.python.type) == expected[PackageKind.python.type])
    let packages = try osquery(
      "npm_packages", [#""name":"@s/p","version":"1.0.0","path":"/\#(node)/package.json""#])
    #expect(essence(packages, PackageKind.node.type) == expected[PackageKind.node.type])
  }
}
