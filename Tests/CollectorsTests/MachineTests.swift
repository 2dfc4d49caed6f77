import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// Reading below a root.
struct MachineTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func link(_ name: String, to target: String) throws {
    try tree.write(name + ".beside", "")
    try FileManager.default.createSymbolicLink(
      atPath: tree.path(name), withDestinationPath: target)
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
