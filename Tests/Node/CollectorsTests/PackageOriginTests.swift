import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// Whose packages are, by apt's lists and by rpm's vendors.
struct PackageOriginTests {
  private let tree: TemporaryTree
  private let lists = "var/lib/apt/lists/"

  init() throws { tree = try TemporaryTree() }

  private func install(_ packages: [(name: String, version: String)]) throws {
    try tree.write(
      "var/lib/dpkg/status",
      packages.map {
        "Package: \($0.name)\nStatus: install ok installed\nArchitecture: amd64\n"
          + "Version: \($0.version)\n\n"
      }.joined())
  }

  /// Writes what an archive has.
  private func offer(
    _ archive: String, _ release: String, _ packages: [(name: String, version: String)]
  ) throws {
    if !release.isEmpty { try tree.write("\(lists)\(archive)_dists_x_InRelease", release + "\n") }
    try tree.write(
      "\(lists)\(archive)_dists_x_main_binary-amd64_Packages",
      packages.map { "Package: \($0.name)\nVersion: \($0.version)\nArchitecture: amd64\n\n" }
        .joined())
  }

  private func origins() throws -> [String] {
    try PackageOriginCollector().collect(from: tree.machine).map {
      "\($0["Name"] ?? "") \($0["Architecture"] ?? "") \($0["Origin"] ?? "")"
    }
  }

  @Test func `a package is of whose archive has its version`() throws {
    try install([("nginx", "1.27-1~bookworm"), ("libc6", "2.36-9"), ("own", "1")])
    try offer("a", "Origin: Debian\nLabel: Debian", [("nginx", "1.22-9"), ("libc6", "2.36-9")])
    try offer("b", "Origin: nginx", [("nginx", "1.27-1~bookworm"), ("nginx", "1.26-1~bookworm")])
    try offer("c", "Origin: Debian\nLabel: Debian-Security", [("libc6", "2.36-9")])
    try offer("d", "", [("own", "1")])
    #expect(try origins() == ["nginx x86_64 nginx", "libc6 x86_64 Debian"])
  }

  @Test func `a version that gave way to a newer one is still of its archive`() throws {
    try install([("libc6", "2.36-9"), ("tzdata", "2024a-1"), ("git", "2.39-1")])
    func offers(_ libc: String) throws {
      try offer("a", "Origin: Debian", [("libc6", libc), ("tzdata", "2024a-1"), ("git", "2.39-5")])
    }
    try offers("2.36-9")
    let before = try origins()
    try offers("2.36-10")
    #expect(try origins() == before && before.count == 3)
    // Two archives can have had it, and none has it: whose it is nobody knows.
    try offer(
      "b", "Origin: Debian Backports\nNotAutomatic: yes",
      [("git", "2.45-1~bpo12+1"), ("tzdata", "2025a-1~bpo12+1")])
    #expect(try origins() == ["libc6 x86_64 Debian", "tzdata x86_64 Debian"])
  }

  @Test func `a version that is newer than all of an archive was never in it`() throws {
    try install([("nginx", "1.99-custom"), ("gone", "1")])
    try offer("a", "Origin: Debian", [("nginx", "1.22-9")])
    #expect(try origins() == [])
  }

  @Test func `without lists nothing is said, and an upgrade from the same archive is no change`()
    throws
  {
    try install([("libc6", "2.36-9")])
    let error = #expect(throws: CollectorError.self) { try origins() }
    #expect(error?.isUnavailable == true)
    try FileManager.default.createDirectory(
      atPath: tree.path(lists), withIntermediateDirectories: true)
    #expect(throws: CollectorError.self) { try origins() }
    try offer("a", "Origin: Debian", [("libc6", "2.36-10")])
    let before = try PackageOriginCollector().collect(from: tree.machine)
    try install([("libc6", "2.36-10")])
    #expect(try PackageOriginCollector().collect(from: tree.machine) == before)
    #expect(before == [["Name": "libc6", "Architecture": "x86_64", "Origin": "Debian"]])
  }

  /// The origin that apt itself names for the installed version of each package that it can still fetch.
  private func aptOrigins(_ names: [String]) throws -> [String: String] {
    guard let releases = output(of: "apt-cache", "policy"),
      let text = policy(names)
    else { try Test.cancel("there is no apt-cache") }
    // ` 500 http://deb.debian.org/debian bookworm/main amd64 Packages`, and in the next line
    // `     release v=12.11,o=Debian,a=oldstable,…`.
    var origins: [String: String] = [:]
    var source = ""
    for line in releases.split(separator: "\n").map(String.init) {
      let words = line.split(separator: " ").map(String.init)
      if words.count >= 4, words.last == "Packages" {
        source = words.dropFirst().joined(separator: " ")
      } else if words.first == "release" {
        let parts = line.split(separator: ",").map { $0.split(separator: "=") }
        origins[source] = parts.first { $0.first?.hasSuffix("o") == true && $0.count == 2 }
          .map { String($0[1]) }
      }
    }
    var found: [String: String] = [:]
    var (name, isInstalled) = ("", false)
    for line in text.split(separator: "\n").map(String.init) {
      let words = line.split(separator: " ").map(String.init)
      if !line.hasPrefix(" ") {
        name = String(line.dropLast())
        isInstalled = false
      } else if words.first == "***" {
        isInstalled = true
      } else if line.hasPrefix("     "), !line.hasPrefix("        ") {
        isInstalled = false
      } else if isInstalled, words.last == "Packages",
        let origin = origins[words.dropFirst().joined(separator: " ")]
      {
        found[name] = origin
      }
    }
    return found
  }

  private func policy(_ names: [String]) -> String? {
    output(of: "sh", "-c", "apt-cache policy " + names.joined(separator: " "))
  }

  @Test func `origins of this machine's packages are those that apt names`() async throws {
    let machine = Machine()
    let installed = try machine.dpkgPackages().filter(\.isInstalled)
    // Names of several architectures are two things to apt.
    let names = installed.filter { $0.architecture != "i386" }.map(\.name)
    let expected = try aptOrigins(names)
    guard !expected.isEmpty else { try Test.cancel("apt has no lists here") }
    var found: [String: String] = [:]
    for item in try await collected(by: PackageOriginCollector()) {
      found[item["Name"] ?? ""] = item["Origin"]
    }
    for (name, origin) in expected {
      #expect(found[name] == origin, "\(name)")
    }
    print("\(expected.count) of \(names.count) packages are in apt's lists, we tell \(found.count)")
  }
}
