import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// Reading below a root.
struct MachineTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func link(_ name: String, to target: String) throws {
    let folder = URL(fileURLWithPath: tree.path(name)).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: tree.path(name), withDestinationPath: target)
  }

  @Test func `links lead to files below the root, and never out of it`() throws {
    try tree.write("outside/secret", "of the host")
    try tree.write("root/data/lib/status", "of the machine")
    try tree.write("root/top", "top")
    try link("root/etc/absolute", to: "/data/lib/status")
    try link("root/etc/above", to: "../../../../top")
    try link("root/etc/host", to: tree.path("outside/secret"))
    try link("root/etc/out", to: "../../outside/secret")
    try link("root/etc/passwd", to: "/etc/passwd")
    try link("root/etc/folder", to: tree.path("outside"))
    try link("root/var/lib", to: "/./data//lib/")
    try link("root/var/chain", to: "../etc/absolute")
    try link("root/etc/one", to: "two")
    try link("root/etc/two", to: "/etc/one")
    let machine = Machine(root: tree.path("root"))
    for name in [
      "data/lib/status", "etc/absolute", "var/lib/status", "var/chain", "var/lib/../lib/status",
      "../data/lib/./status", "/data/lib/status",
    ] {
      #expect(machine.text(of: name) == "of the machine", "\(name)")
      #expect(machine.exists(name) && machine.isFile(name), "\(name)")
      #expect(machine.modificationSeconds(of: name) != nil, "\(name)")
    }
    #expect(machine.text(of: "etc/above") == "top")
    #expect(try machine.names(in: "var/lib") == ["status"])
    #expect(machine.expand("var/*/status") == ["var/chain/status", "var/lib/status"])
    for (name, reason) in [
      ("etc/host", ENOENT), ("etc/out", ENOENT), ("etc/passwd", ELOOP), ("etc/one", ELOOP),
      ("etc/folder/secret", ENOENT), ("etc/absolute/x", ENOTDIR),
      ("../outside/secret", ENOENT), ("etc/one/x", ELOOP),
    ] {
      let error = #expect(throws: CollectorError.self) { try machine.bytes(of: name) }
      #expect(error == CollectorError(path: machine.path(name), errno: reason))
      #expect(!machine.exists(name) && !machine.isFile(name), "\(name)")
      #expect(machine.modificationSeconds(of: name) == nil, "\(name)")
    }
    #expect(throws: CollectorError.self) { try machine.names(in: "etc/folder") }
    #expect(machine.link(at: "etc/host") == tree.path("outside/secret"))
    #expect(machine.link(at: "var/lib/status") == nil)
    #expect(try machine.realPath(of: "var/chain") == tree.path("root/data/lib/status"))
    #expect(throws: CollectorError.self) { try machine.realPath(of: "etc/host") }
  }

  @Test func `more links than the limit are a loop, as many are none`() throws {
    try tree.write("0", "end")
    for number in 1...41 { try link("\(number)", to: "/\(number - 1)") }
    #expect(tree.machine.text(of: "40") == "end")
    #expect(tree.machine.text(of: "41") == nil)
  }

  @Test func `walks and files of rules stay below the root`() throws {
    try tree.write("outside/secret.conf", "of the host")
    try tree.write("root/data/app/a.conf", "x")
    try link("root/opt", to: tree.path("outside"))
    try link("root/srv", to: "/data")
    try link("root/data/app/b.conf", to: tree.path("outside/secret.conf"))
    let machine = Machine(root: tree.path("root"))
    var collector = FileCollector(
      rules: ["/opt", "/srv/app"].map { FileRule(path: $0, patterns: ["*"]) })
    collector.hasDigests = true
    let items = try collector.collect(from: machine)
    #expect(items.map { $0["Name"] } == ["a.conf", "b.conf"])
    #expect(items.map { $0["Description"] } == [nil, "symbolic link"])
    #expect(items[0]["Size"] == "1" && items[0]["SHA256"] != nil)
    #expect(items[1]["SHA256"] == nil)
  }

  @Test func `the running machine follows links as the kernel does`() throws {
    let machine = Machine()
    let own = tree.path.dropFirst()
    try tree.write("file", "x")
    try link("link", to: tree.path("file"))
    #expect(machine.text(of: "\(own)/link") == "x")
    #expect(try machine.realPath(of: "\(own)/link") == tree.path("link"))
    #expect(try machine.bytes(of: "proc/self/mountinfo").isEmpty == false)
    // The same machine below a root that is another name of its own.
    let beside = Machine(root: "/proc/self/root")
    #expect(beside.text(of: "\(own)/link") == "x")
    #expect(try beside.names(in: String(own)) == ["file", "link"])
    #expect(
      beside.line(of: "proc/sys/kernel/osrelease") == machine.line(of: "proc/sys/kernel/osrelease"))
  }

  @Test func `a directory tells what its entries are, and not where links lead`() throws {
    try tree.write("d/file", "")
    try tree.write("d/.hidden", "")
    try tree.write("d/sub/inner", "")
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("d/link"), withDestinationPath: "sub")
    let directory = try Directory(tree.path("d"))
    for _ in 1...2 {
      var kinds: [String: Directory.Kind] = [:]
      try directory.forEach { kinds[$0] = $1 }
      #expect(
        kinds == [".hidden": .file, "file": .file, "link": .other, "sub": .directory])
    }
    #expect(try directory.names() == [".hidden", "file", "link", "sub"])
    #expect(try Directory("sub", in: directory).names() == ["inner"])
    for name in ["link", "file", "none"] {
      let error = #expect(throws: CollectorError.self) {
        try Directory(name, in: directory).names()
      }
      #expect(error?.message.hasPrefix(tree.path("d/\(name): ")) == true)
    }
  }

  @Test func `texts are cut to bytes, never inside a character`() {
    #expect(text(cutTo: 4, "abcd") == "abcd")
    #expect(text(cutTo: 4, "abcde") == "abcd")
    #expect(text(cutTo: 4, "ab\u{e9}\u{e9}") == "ab\u{e9}")
    #expect(text(cutTo: 3, "ab\u{e9}") == "ab")
    #expect(text(cutTo: 3, "\u{1f600}") == "")
    #expect(text(cutTo: 0, "a") == "")
  }
}
