import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Bills of materials and package URLs.
struct BillTests {
  @Test func `package URLs are read by their specification`() throws {
    let deb = try #require(
      PackageURL("pkg:deb/debian/bash@5.1-2%2Bdeb11u1?arch=amd64&distro=debian-11#usr/bin"))
    #expect(deb.type == "deb" && deb.namespace == "debian" && deb.name == "bash")
    #expect(deb.version == "5.1-2+deb11u1")
    #expect(deb.qualifiers == ["arch": "amd64", "distro": "debian-11"])
    let npm = try #require(PackageURL("PKG:NPM/%40angular/animation@12.3.1"))
    #expect(npm.type == "npm" && npm.namespace == "@angular" && npm.name == "animation")
    let plain = try #require(PackageURL("pkg://npm/@angular/animation"))
    #expect(plain.namespace == "@angular" && plain.version == nil)
    let odd = try #require(PackageURL("pkg:generic/a%zz%ff%2/@?x&=y&z=%31"))
    #expect(odd.name == "a%zz\u{fffd}%2" && odd.version == nil && odd.qualifiers["z"] == "1")
    for text in ["", "pkg:", "pkg:deb", "pkg:deb/", "pkg:/bash", "bash", "pkg:a/?x=y"] {
      #expect(PackageURL(text) == nil, "\(text)")
    }
  }

  private let cyclone = #"""
    {"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"timestamp":"2026-03-03T10:00:00.5+01:00"},
     "components":[
      {"type":"library","name":"bash","version":"5.1-2","publisher":"Someone <s@example.org>",
       "description":"the shell\nand more","purl":"pkg:deb/debian/bash@5.1-2?arch=amd64",
       "components":[{"name":"x","purl":"pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&epoch=2"}]},
      {"name":"bash","purl":"pkg:deb/debian/bash@5.1-2?arch=amd64","description":"the shell",
       "publisher":"Someone <s@example.org>"},
      {"name":"musl","purl":"pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64"},
      {"name":"P","purl":"pkg:pypi/Typing_Extensions@4.1"},
      {"name":"n","purl":"pkg:npm/%40a/b@1"},
      {"name":"g","purl":"pkg:gem/g@1"}, {"name":"none"}, 7
     ]}
    """#

  private func node() throws -> NodeID { try NodeID("n") }

  private func entries(_ history: ImportedHistory) -> [String: [Item]] {
    var table: [String: [Item]] = [:]
    for entry in history.reports.flatMap(\.entries) {
      table["\(entry.captureTime) \(entry.type)"] = entry.content
    }
    return table
  }

  private let packages: [Item] = [
    [
      "Name": "bash", "Version": "5.1-2", "Architecture": "x86_64",
      "Publisher": "Someone <s@example.org>", "Summary": "the shell",
      "PackageId": "bash_5.1-2_amd64.deb",
    ],
    [
      "Name": "curl", "Version": "7.50.3", "Release": "1.fc25", "Epoch": "2",
      "Architecture": "i386", "Publisher": "",
    ],
    ["Name": "musl", "Version": "1.2.5-r0", "Architecture": "x86_64", "Publisher": ""],
  ]

  @Test func `a bill of CycloneDX is a state at its time`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write("bom.json", cyclone)
    let history = try CycloneDXImporter().history(paths: [path, path], node: node())
    #expect(
      entries(history) == [
        "2026-03-03T09:00:00Z AWS:Application": packages,
        "2026-03-03T09:00:00Z Custom:PythonPackage": [
          ["Name": "typing-extensions", "Version": "4.1", "Path": ""]
        ],
        "2026-03-03T09:00:00Z Custom:NodePackage": [
          ["Name": "@a/b", "Version": "1", "Path": ""]
        ],
      ])
    #expect(history.warnings == ["\(path): left out by kind: gem 1, no package URL 2"])
    #expect(history.recordsRead == 9)
  }

  @Test func `a bill of SPDX is a state at its time`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "spdx.json",
      #"""
      {"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2026-03-03T09:00:00Z"},"packages":[
       {"name":"bash","supplier":"Person: Someone <s@example.org>","summary":"the shell",
        "homepage":"NOASSERTION","externalRefs":[
        {"referenceType":"cpe23Type","referenceLocator":"cpe:2.3:a"},
        {"referenceType":"purl","referenceLocator":"pkg:deb/debian/bash@5.1-2?arch=amd64"}]},
       {"name":"curl","supplier":"NOASSERTION","externalRefs":[{"referenceType":"purl",
        "referenceLocator":"pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&epoch=2"}]},
       {"name":"musl","externalRefs":[{"referenceType":"purl",
        "referenceLocator":"pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64"}]}
      ]}
      """#)
    let history = try SPDXImporter().history(paths: [path], node: node())
    #expect(entries(history) == ["2026-03-03T09:00:00Z AWS:Application": packages])
    #expect(history.warnings.isEmpty)
  }

  @Test func `what is no bill is an error that names the file`() throws {
    let tree = try TemporaryTree()
    var random = SplitMix64(seed: 13)
    var texts = [Data("{}".utf8), Data("[]".utf8), Data()]
    texts.append(Data(String(repeating: "[", count: 1_000_000).utf8))
    for count in 0..<cyclone.utf8.count / 8 { texts.append(Data(cyclone.utf8.prefix(count * 8))) }
    for count in 0..<50 {
      texts.append(Data((0..<count * 9).map { _ in UInt8.random(in: 0...255, using: &random) }))
    }
    for text in texts {
      let path = try tree.write("bom.json", text)
      let error = #expect(throws: CollectorError.self) {
        try CycloneDXImporter().history(paths: [path], node: node())
      }
      #expect(error?.message.contains(path) == true)
      #expect(throws: CollectorError.self) {
        try SPDXImporter().history(paths: [path], node: node())
      }
    }
  }
}
