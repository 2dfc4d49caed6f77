import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// Which source packages are from, compared with what dpkg, rpm and apt say of the same packages.
struct PackageSourceTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func lines(_ items: [Item]) -> [String] {
    items.map { item in
      ["Name", "Version", "Architecture", "SourceName", "SourceVersion"]
        .map { item[$0] ?? "-" }.joined(separator: " ")
    }.sorted()
  }

  /// What dpkg-query says of the sources of what is installed, below a folder of dpkg's.
  private func dpkgSources(_ folder: String) throws -> [String] {
    let format =
      "${db:Status-Status}\t${Package}\t${Version}\t${Architecture}\t${source:Package}"
      + "\t${source:Version}\n"
    guard let text = output(of: "dpkg-query", "--admindir=" + folder, "-W", "-f=" + format) else {
      try Test.cancel("there is no dpkg-query")
    }
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard words[0] == "installed" || words[0].hasPrefix("triggers-") else { return nil }
      return
        ([words[1], words[2], AgentForm.architecture(words[3])] + words[4...])
        .joined(separator: " ")
    }.sorted()
  }

  @Test func `sources of this machine's packages are those of dpkg-query`() async throws {
    let expected = try dpkgSources("/var/lib/dpkg")
    let items = try await collected(by: PackageSourceCollector())
    #expect(lines(items) == expected && expected.count > 100)
    // What makes the type worth while: most packages are called otherwise than their source.
    let others = items.count { $0["SourceName"] != $0["Name"] }
    let versions = items.count { $0["SourceVersion"] != $0["Version"] }
    print("\(items.count) packages, \(others) of another name, \(versions) of another version")
    #expect(others > items.count / 2 && versions > 0)
  }

  @Test func `sources at random are those of dpkg-query`() throws {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("seed \(seed); STOCKTAKE_SEED repeats it")
    var random = SplitMix64(seed: seed)
    func word(_ letters: String, _ count: Int) -> String {
      String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
    }
    var status = ""
    for number in 0..<400 {
      let version = "\(Int.random(in: 0...9, using: &random))" + word("0123456789.+~", 4) + "0"
      let name = word("abcxyz0129", 1) + word("abc-+.09", 5) + "0"
      let field: String? =
        switch Int.random(in: 0..<5, using: &random) {
        case 0: nil
        case 1: name
        case 2: "\(name) (\(Int.random(in: 0...3, using: &random)):\(version)-1)"
        case 3: "  \(name)   (\(version))  "
        default: "\(name) (\(version)"
        }
      status += "Package: p\(number)\nStatus: install ok installed\nMaintainer: m <m@example.org>\n"
      status += "Architecture: \(number % 3 == 0 ? "all" : "amd64")\n"
      if let field, number % 2 == 0 { status += "Source: \(field)\n" }
      status += "Version: \(version)-\(number)\n"
      if let field, number % 2 == 1 { status += "source:\(field)\n" }
      status += "Description: x\n\n"
    }
    try tree.write("var/lib/dpkg/status", status)
    try tree.write("var/lib/dpkg/info/format", "1\n")
    let expected = try dpkgSources(tree.path("var/lib/dpkg"))
    #expect(expected.count == 400)
    let items = try PackageSourceCollector().collect(from: tree.machine)
    #expect(lines(items) == expected, "seed \(seed)")
  }

  @Test func `sources of Alpine's packages are their origins`() throws {
    try tree.write(
      "lib/apk/db/installed",
      """
      P:libcrypto3
      V:3.1.4-r5
      A:x86_64
      o:openssl
      F:lib
      o:no field of the package

      P:local
      V:1-r0
      A:noarch


      """)
    let items = try PackageSourceCollector().collect(from: tree.machine)
    #expect(lines(items) == ["libcrypto3 3.1.4-r5 x86_64 openssl 3.1.4-r5"])
  }

  @Test func `packages of rpm have the source that its file is called by`() throws {
    func line(_ source: String) -> String {
      ["libssl", "3.0.7", "2.el9", "1", "x86_64", "V", "G", "U", source, "1700000000", "S"]
        .joined(separator: "\t")
    }
    func source(_ file: String) throws -> Item? {
      RPMPackages.source(of: try #require(RPMPackages.item(line(file))))
    }
    #expect(
      try source("openssl-3.0.7-2.el9.src.rpm") == [
        "Name": "libssl", "Version": "3.0.7", "Release": "2.el9", "Epoch": "1",
        "Architecture": "x86_64", "SourceName": "openssl", "SourceVersion": "3.0.7-2.el9",
      ])
    // Not every package was built by rpmbuild.
    #expect(try source("(none)") == nil)
  }

  @Test func `where no package manager tells of sources nothing is known of them`() throws {
    try tree.write(
      "usr/lib/opkg/status",
      "Package: base\nVersion: 1-2\nStatus: install user installed\nArchitecture: mips_24kc\n\n")
    let error = #expect(throws: CollectorError.self) {
      try PackageSourceCollector().collect(from: tree.machine)
    }
    #expect(error?.isUnavailable == true)
  }

  @Test func `nothing of a package changes but what it is built from, where only that changes`()
    throws
  {
    func write(_ version: String) throws -> Machine {
      try tree.write(
        "var/lib/dpkg/status",
        "Package: libc6\nSource: glibc\(version)\nStatus: install ok installed\n"
          + "Architecture: amd64\nVersion: 2.36-9+b1\n\n")
      return tree.machine
    }
    let before = try write("")
    let applications = try ApplicationCollector().collect(from: before)
    let sources = try PackageSourceCollector().collect(from: before)
    let after = try write(" (2.36-9)")
    #expect(try ApplicationCollector().collect(from: after) == applications)
    #expect(lines(sources) == ["libc6 2.36-9+b1 x86_64 glibc 2.36-9+b1"])
    #expect(
      lines(try PackageSourceCollector().collect(from: after)) == [
        "libc6 2.36-9+b1 x86_64 glibc 2.36-9"
      ])
  }
}
