import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// Roots of containers, routers and disks, and what broken upgrades leave in them.
struct PackageRootTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func applications() throws -> [Item] {
    try ApplicationCollector().collect(from: tree.machine)
  }

  private func lines(_ items: [Item]) -> [String] {
    items.map { "\($0["Name"] ?? "") \($0["Version"] ?? "") \($0["Architecture"] ?? "")" }
  }

  private static let apk = """
    C:Q1abcdefghijklmnopqrstuvwxyz0=
    P:musl
    V:1.2.3-r4
    A:x86_64
    T:the musl c library
    U:https://musl.libc.org/
    m:Someone <s@example.org>
    F:lib
    R:ld-musl-x86_64.so.1
    a:0:0:755

    P:busybox
    V:1.35.0-r29
    A:x86_64


    """

  @Test(arguments: ["lib/apk/db/installed", "usr/lib/apk/db/installed"], ["\n", "\r\n"])
  func `Alpine's packages are those of its database`(path: String, end: String) throws {
    try tree.write(path, Self.apk.replacing("\n", with: end))
    let items = try applications()
    #expect(lines(items) == ["musl 1.2.3-r4 x86_64", "busybox 1.35.0-r29 x86_64"])
    #expect(
      items.first == [
        "Name": "musl", "Version": "1.2.3-r4", "Architecture": "x86_64",
        "Publisher": "Someone <s@example.org>", "Summary": "the musl c library",
        "URL": "https://musl.libc.org/",
      ])
  }

  @Test func `a database of Alpine that was cut is an error that names it`() throws {
    try tree.write("lib/apk/db/installed", "P:musl\nV:1\n\nP:busy")
    let error = #expect(throws: CollectorError.self) { try applications() }
    #expect(error?.message.contains("lib/apk/db/installed: package number 2") == true)
  }

  @Test(arguments: ["usr/lib/opkg/status", "var/lib/opkg/status", "opt/lib/opkg/status"])
  func `opkg's packages are those that are installed or unpacked`(path: String) throws {
    func stanza(_ name: String, _ status: String) -> String {
      "Package: \(name)\nVersion: 1.35.0-5\nDepends: libc\nStatus: \(status)\n"
        + "Architecture: mips_24kc\nInstalled-Time: 1700000000\n\n"
    }
    try tree.write(
      path,
      stanza("busybox", "install user installed") + stanza("base", "install ok unpacked")
        + stanza("gone", "deinstall ok not-installed"))
    let items = try applications()
    #expect(lines(items) == ["busybox 1.35.0-5 mips_24kc", "base 1.35.0-5 mips_24kc"])
    #expect(items.first?["InstalledTime"] == "2023-11-14T22:13:20Z")
  }

  @Test func `images without dpkg have a file for each package`() throws {
    let folder = "var/lib/dpkg/status.d/"
    try tree.write(
      folder + "libc6",
      "Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\nMaintainer: M <m@example.org>\n"
        + "Description: the library\n more\n")
    try tree.write(folder + "base", "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n")
    try tree.write(folder + "libc6.md5sums", "0123  lib/x.so\n")
    #expect(lines(try applications()) == ["base-files 12.4 x86_64", "libc6 2.36-9 x86_64"])
    #expect(try PackageStateCollector().collect(from: tree.machine) == [])
    // What stands in the status file too is told once, as that has it.
    try tree.write(
      "var/lib/dpkg/status",
      "Package: libc6\nStatus: install ok installed\nVersion: 2.37-1\nArchitecture: amd64\n\n")
    let machine = Machine(root: tree.path)
    let items = try ApplicationCollector().collect(from: machine)
    #expect(lines(items) == ["libc6 2.37-1 x86_64", "base-files 12.4 x86_64"])
  }

  @Test func `a status file with carriage returns has the same packages`() throws {
    let status = """
      Package: bash
      Status: install ok installed
      Maintainer: M <m@example.org>
      Architecture: amd64
      Version: 5.2
      Description: the shell
       and more

      Package: citrix
      Status: install ok installed
      Architecture: amd64
      Version: 1.0


      """
    let plain = DpkgStatusReader.packages(in: Array(status.utf8))
    let text = Array(status.replacing("\n", with: "\r\n").utf8)
    #expect(plain.count == 2 && DpkgStatusReader.packages(in: text) == plain)
    // However it is cut into pieces.
    for count in [1, 2, 7, 50] {
      var reader = DpkgStatusReader()
      for start in stride(from: 0, to: text.count, by: count) {
        reader.take(Array(text[start..<min(start + count, text.count)]))
      }
      reader.end()
      #expect(reader.packages == plain, "pieces of \(count)")
    }
  }

  @Test func `what pip, npm and gem left behind is not installed`() throws {
    let python = "usr/lib/python3/dist-packages/"
    for name in ["numpy-1.3", "~umpy-1.2", "-umpy-1.1", ".umpy-1.0", "~~mpy-0.9"] {
      try tree.write(python + name + ".dist-info/METADATA", "Name: numpy\nVersion: 0\n")
    }
    try tree.write(python + "~ix-1.egg-info", "Name: six\nVersion: 1\n")
    let node = "opt/app/node_modules/"
    let package = #"{"name":"left","version":"1"}"#
    for name in [
      "left", ".left-a1B2c3D4", ".left-a1B2c3D4/node_modules/inner", "@s/.p-a1B2c3D4",
      ".staging/left-0a1b2c3d", ".pnpm/deep@1/node_modules/deep", ".odd",
    ] {
      try tree.write(node + name + "/package.json", package)
    }
    let gems = "var/lib/gems/3.1.0/specifications/"
    try tree.write(gems + "rake-13.0.6.gemspec", "# stub: rake 13.0.6 ruby lib\r\nGem::X\r\n")
    try tree.write(gems + "rack-2.0.gemspec", "")
    let machine = tree.machine
    #expect(
      try PythonPackageCollector().collect(from: machine).map { $0["Name"] ?? "" } == ["numpy"])
    #expect(
      try NodePackageCollector().collect(from: machine).map { $0["Path"] ?? "" } == [
        "/opt/app/node_modules/.pnpm/deep@1/node_modules/deep", "/opt/app/node_modules/left",
      ])
    #expect(try RubyGemCollector().collect(from: machine).map { $0["Name"] ?? "" } == ["rake"])
  }
}
