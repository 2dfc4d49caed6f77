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
      {"name":"g","purl":"pkg:gem/g@1"}, {"name":"c","purl":"pkg:cargo/c@1"}, {"name":"none"}, 7
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
        "2026-03-03T09:00:00Z Custom:RubyGem": [["Name": "g", "Version": "1", "Path": ""]],
      ])
    #expect(history.warnings == ["\(path): left out by kind: cargo 1, no package URL 2"])
    #expect(history.recordsRead == 10)
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

  private func history(_ components: String, time: String = "2026-03-03T09:00:00Z") throws
    -> ImportedHistory
  {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "bom.json",
      #"{"bomFormat":"CycloneDX","metadata":{"timestamp":"\#(time)"},"components":[\#(components)]}"#
    )
    let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
    return try CycloneDXImporter(timeZone: zone).history(paths: [path], node: node())
  }

  private func items(_ purls: [String]) throws -> [String] {
    let history = try history(purls.map { #"{"purl":"\#($0)"}"# }.joined(separator: ","))
    return history.reports.flatMap(\.entries).flatMap { entry in
      (entry.content ?? []).map { item in
        (["\(entry.type)"] + item.attributes.filter { !$0.value.isEmpty }.map(\.value))
          .joined(separator: " ")
      }
    }
  }

  @Test(arguments: [
    // The epoch as trivy, the specification, syft and others write it.
    ("pkg:deb/debian/a@2-1%2Bb1?arch=amd64&epoch=1", "x86_64 a a_1:2-1+b1_amd64.deb 1:2-1+b1"),
    ("pkg:deb/debian/a@1%3A2-1?arch=amd64&epoch=1", "x86_64 a a_1:2-1_amd64.deb 1:2-1"),
    ("pkg:deb/debian/a@1:2-1?arch=all", "all a a_1:2-1_all.deb 1:2-1"),
    ("pkg:deb/debian/a@2-1?arch=amd64&epoch=0", "x86_64 a a_2-1_amd64.deb 2-1"),
    ("pkg:deb/debian/a@2-1", "a 2-1"),
    ("pkg:rpm/fedora/a@2-1.el9?arch=x86_64&epoch=3", "x86_64 3 a 1.el9 2"),
    ("pkg:rpm/fedora/a@3%3A2-1.el9?arch=x86_64", "x86_64 3 a 1.el9 2"),
    ("pkg:rpm/fedora/a@3:2-1.el9?arch=i686&epoch=3", "i686 3 a 1.el9 2"),
    ("pkg:rpm/fedora/a@2-1.el9?arch=noarch&epoch=0", "noarch a 1.el9 2"),
    ("pkg:rpm/fedora/a@2-1.el9?arch=noarch&epoch=(none)", "noarch a 1.el9 2"),
    ("pkg:rpm/fedora/a@2-1?arch=x86_64&upstream=b-2-1.src.rpm", "x86_64 a b-2-1.src.rpm 1 2"),
    ("pkg:rpm/fedora/a@2", "a 2"),
    ("pkg:alpm/arch/a@1%3A2-4?arch=any", "any a 1:2-4"),
    ("pkg:alpm/arch/a@2-4?arch=any&epoch=1", "any a 1:2-4"),
    ("pkg:apk/alpine/a@2-r0?arch=x86_64&upstream=b", "x86_64 a 2-r0"),
    ("pkg:opkg/openwrt/a@2-1?arch=mips_24kc", "mips_24kc a 2-1"),
  ])
  func `epochs, releases and architectures are those of the collectors`(
    purl: String, expected: String
  ) throws {
    let told = try items([purl]).filter { !$0.hasPrefix("Custom:PackageSource") }
    #expect(told == ["AWS:Application " + expected])
  }

  @Test(arguments: [
    // As syft writes it, which leaves out sources that are called as the package.
    (
      ["pkg:deb/debian/a@1%3A2-1?arch=amd64&upstream=b%402-1", "pkg:deb/debian/c@3?arch=all"],
      ["x86_64 a b 2-1 1:2-1", "all c c 3 3"]
    ),
    (["pkg:deb/debian/a@2-1?arch=amd64&upstream=b"], ["x86_64 a b 2-1 2-1"]),
    (["pkg:deb/debian/a@2-1?arch=amd64"], []),
    (
      ["pkg:apk/alpine/a@2-r0?arch=x86_64&upstream=b", "pkg:apk/alpine/c@1-r0?arch=x86_64"],
      ["x86_64 a b 2-r0 2-r0", "x86_64 c c 1-r0 1-r0"]
    ),
    // rpm's packages always name it, so that nothing follows where it is missing.
    (
      [
        "pkg:rpm/fedora/a@2-1?arch=x86_64&epoch=3&upstream=b-2-1.src.rpm",
        "pkg:rpm/fedora/c@2-1?arch=x86_64",
      ], ["x86_64 3 a 1 b 2-1 2"]
    ),
    (["pkg:npm/a@1?upstream=b"], []),
  ])
  func `sources that a bill names are those of the collectors`(
    purls: [String], expected: [String]
  ) throws {
    let told = try items(purls).filter { $0.hasPrefix("Custom:PackageSource ") }
    #expect(told == expected.map { "Custom:PackageSource " + $0 })
  }

  @Test func `trivy's names of sources are read in both forms`() throws {
    func words(_ values: [String: String]) -> String {
      values.sorted { $0.key < $1.key }.map {
        #"{"name":"aquasecurity:trivy:\#($0.key)","value":"\#($0.value)"}"#
      }.joined(separator: ",")
    }
    let debian = words([
      "SrcName": "glibc", "SrcVersion": "2.36", "SrcRelease": "9+deb12u10", "SrcEpoch": "1",
    ])
    let rpm = words([
      "SrcName": "openssl", "SrcVersion": "3.0.7", "SrcRelease": "2.el9", "SrcEpoch": "1",
    ])
    let tree = try TemporaryTree()
    let bill = try tree.write(
      "bill.json",
      #"{"bomFormat":"CycloneDX","metadata":{"timestamp":"2024-01-01T00:00:00Z"},"components":["#
        + #"{"purl":"pkg:deb/debian/libc6@2.36-9+deb12u10?arch=amd64","properties":[\#(debian)]},"#
        + #"{"purl":"pkg:rpm/redhat/openssl-libs@3.0.7-2.el9?arch=x86_64&epoch=1","properties":[\#(rpm)]}]}"#
    )
    func sources(_ history: ImportedHistory) -> [String] {
      history.reports.flatMap(\.entries).filter { $0.type == .packageSource }
        .flatMap { $0.content ?? [] }.map { item in
          "\(item["Name"] ?? "") \(item["SourceName"] ?? "") \(item["SourceVersion"] ?? "")"
        }
    }
    let node = try NodeID("n")
    #expect(
      sources(try CycloneDXImporter().history(paths: [bill], node: node)) == [
        "libc6 glibc 1:2.36-9+deb12u10", "openssl-libs openssl 3.0.7-2.el9",
      ])
    let document = try tree.write(
      "spdx.json",
      #"{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2024-01-01T00:00:00Z"},"packages":["#
        + #"{"name":"libc-utils","versionInfo":"0.7.2-r3","sourceInfo":"built package from: libc-dev 0.7.2-r3","#
        + #""externalRefs":[{"referenceLocator":"pkg:apk/alpine/libc-utils@0.7.2-r3?arch=x86_64"}]}]}"#
    )
    #expect(
      sources(try SPDXImporter().history(paths: [document], node: node)) == [
        "libc-utils libc-dev 0.7.2-r3"
      ])
  }

  @Test(arguments: [
    ("pkg:pypi/Zope_Interface@5", "Custom:PythonPackage zope-interface 5"),
    ("pkg:pypi/zope.interface@5", "Custom:PythonPackage zope.interface 5"),
    ("pkg:npm/%40a/b@1", "Custom:NodePackage @a/b 1"),
    ("pkg:npm/@a/b@1", "Custom:NodePackage @a/b 1"),
    ("pkg:npm/a/b@1", "Custom:NodePackage @a/b 1"),
    ("pkg:gem/n@1.13.1-x86_64-linux", "Custom:RubyGem n x86_64-linux 1.13.1"),
    ("pkg:gem/n@1.1.2?platform=java", "Custom:RubyGem n java 1.1.2"),
    ("pkg:gem/n@1.1.2?platform=ruby", "Custom:RubyGem n 1.1.2"),
    ("pkg:gem/n@1.0-beta", "Custom:RubyGem n 1.0-beta"),
  ])
  func `packages of languages have the names of their collectors`(
    purl: String, expected: String
  ) throws {
    #expect(try items([purl]) == [expected])
  }

  @Test func `sources and keys are no installed packages`() throws {
    let sources = [
      "pkg:deb/debian/glibc@2?arch=source", "pkg:rpm/redhat/bash@4-1?arch=src",
      "pkg:rpm/redhat/bash@4-1?arch=nosrc", "pkg:apk/alpine/musl@1?arch=source",
      "pkg:deb/debian/x@1?type=source", "pkg:rpm/redhat/y@1-1?file_name=y-1-1.src.rpm",
      "pkg:rpm/redhat/gpg-pubkey@fd431d51-4ae0493b",
    ]
    #expect(
      try items(sources + ["pkg:deb/debian/libc6@2?arch=amd64"]) == [
        "AWS:Application x86_64 libc6 libc6_2_amd64.deb 2"
      ])
    let history = try history(sources.map { #"{"purl":"\#($0)"}"# }.joined(separator: ","))
    #expect(Array(history.reports).isEmpty)
    #expect(history.warnings.first?.contains("sources and keys 7") == true)
  }

  @Test func `a package URL that cannot be read makes its type unknown, and no other`() throws {
    let history = try history(
      #"{"purl":"pkg:deb/debian/a@1?arch=all"},{"purl":"pkg:deb"},{"purl":"pkg:pypi/b@1"}"#)
    #expect(history.reports.flatMap(\.entries).map(\.type.text) == ["Custom:PythonPackage"])
    #expect(
      history.warnings.contains {
        $0.contains("AWS:Application is left out, because a package URL cannot be read: pkg:deb")
      })
  }

  @Test func `where a package was found is where the collector finds it`() throws {
    let path = "usr/lib/python3/dist-packages"
    let history = try history(
      #"{"name":"PyYAML","purl":"pkg:pypi/pyyaml@6","properties":["#
        + #"{"name":"syft:location:0:path","value":"/\#(path)/PyYAML-6.dist-info/METADATA"},"#
        + #"{"name":"syft:location:1:path","value":"/\#(path)/PyYAML-6.dist-info/RECORD"}]},"#
        + #"{"name":"six","purl":"pkg:pypi/six@1","properties":["#
        + #"{"name":"aquasecurity:trivy:FilePath","value":"\#(path)/six-1.egg-info"}]},"#
        + #"{"name":"left","purl":"pkg:npm/left@1","evidence":{"occurrences":["#
        + #"{"location":"/opt/a/node_modules/left/package.json"},"#
        + #"{"location":"/opt/a/package-lock.json"}]}},"#
        + #"{"name":"rake","purl":"pkg:gem/rake@1","properties":["#
        + #"{"name":"SrcFile","value":"/var/lib/gems/3/specifications/rake-1.gemspec"}]}"#)
    var paths: [String: String] = [:]
    for item in history.reports.flatMap(\.entries).flatMap({ $0.content ?? [] }) {
      paths[item["Name"] ?? ""] = item["Path"]
    }
    #expect(
      paths == [
        "PyYAML": "/" + path, "six": "/" + path, "left": "/opt/a/node_modules/left",
        "rake": "/var/lib/gems/3/specifications",
      ])
  }

  @Test func `a time without a zone is local, and one that is none is no other time`() throws {
    let local = try history(#"{"purl":"pkg:pypi/b@1"}"#, time: "2026-03-03T10:00:00")
    #expect(local.knownFrom == utc("2026-03-03 09:00:00"))
    let error = #expect(throws: CollectorError.self) {
      try history(#"{"purl":"pkg:pypi/b@1"}"#, time: #"yesterday\u0007"#)
    }
    #expect(error?.message.contains("metadata.timestamp \"yesterday") == true)
    let tree = try TemporaryTree()
    let path = try tree.write("bom.json", cyclone.replacing("2026-03-03T10", with: "noon"))
    let given = try CycloneDXImporter(at: utc("2026-01-01 00:00:00")).history(
      paths: [path], node: node())
    #expect(given.knownFrom == utc("2026-01-01 00:00:00") && given.warnings.count == 2)
  }

  @Test func `bills are read within what tools wrap around them, and behind a mark`() throws {
    let tree = try TemporaryTree()
    let spdx =
      #"{"spdxVersion":"SPDX-2.3","creationInfo":{"created":"2026-03-03T09:00:00Z"},"packages":["#
      + #"{"name":"a","externalRefs":[{"referenceType":"http://spdx.org/rdf/references/purl","#
      + #""referenceLocator":"pkg:deb/debian/a@1?arch=amd64"}]},"#
      + #"{"name":"z","externalRefs":[{"referenceType":"purl","referenceLocator":"pkg:generic/z@1"},"#
      + #"{"referenceType":"purl","referenceLocator":"pkg:deb/debian/zlib1g@1?arch=amd64"},"#
      + #"{"referenceType":"purl","referenceLocator":"pkg:deb/debian/zlib1g@1"}]},"#
      + #"{"name":"s","primaryPackagePurpose":"SOURCE","externalRefs":[{"referenceType":"purl","#
      + #""referenceLocator":"pkg:deb/debian/s@1"}]}]}"#
    let texts = [
      spdx, #"{"sbom":\#(spdx)}"#, #"{"predicateType":"x","predicate":\#(spdx)}"#,
      #"{"SPDX":\#(spdx)}"#, "\u{feff}" + spdx,
    ]
    var forms = texts.map { Data($0.utf8) }
    for isBig in [true, false] {
      let units = ("\u{feff}" + spdx).utf16
      forms.append(Data(units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }))
      if !isBig { forms.append(Data(units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] })) }
    }
    for form in forms {
      let path = try tree.write("spdx.json", form)
      let history = try SPDXImporter().history(paths: [path], node: node())
      #expect(
        history.reports.flatMap(\.entries).flatMap { $0.content ?? [] }.map { $0["Name"] ?? "" }
          == ["a", "zlib1g"])
      #expect(history.knownFrom == utc("2026-03-03 09:00:00"))
    }
    let path = try tree.write("bom.json", Data([0xef, 0xbb, 0xbf]) + Data(cyclone.utf8))
    let history = try CycloneDXImporter().history(paths: [path], node: node())
    #expect(entries(history)["2026-03-03T09:00:00Z AWS:Application"] == packages)
  }

  @Test func `characters that JSON does not have are replaced and named`() throws {
    let tree = try TemporaryTree()
    let bytes = Array(
      #"{"bomFormat":"CycloneDX","metadata":{"timestamp":"2026-03-03T09:00:00Z"},"#.utf8)
    let text = Array("\n\"components\":[{\"description\":\"caf".utf8) + [0xe9, 0x07, 0x09]
    let rest = Array(" x\",\n\"purl\":\"pkg:deb/debian/a@1?arch=all\"}]}".utf8)
    let path = try tree.write("bom.json", bytes + text + rest)
    let history = try CycloneDXImporter().history(paths: [path], node: node())
    #expect(
      entries(history)["2026-03-03T09:00:00Z AWS:Application"]?.first?["Summary"]
        == "caf\u{fffd}\u{fffd}\t x")
    #expect(history.warnings.first?.hasSuffix("replaced: 1: line 2") == true)
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
