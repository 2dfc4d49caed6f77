import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

struct ResourceDataSyncTests {
  private func path(_ date: String, _ type: String, _ node: String) -> String {
    "\(date)AWS-copy/\(type)/accountid=123456789012/region=eu-west-1"
      + "/resourcetype=ManagedInstanceInventory/\(node).json"
  }

  private func row(_ name: String, _ node: String, _ time: String) -> String {
    #"{"Name":"\#(name)","Version":"1","resourceId":"\#(node)","captureTime":"\#(time)","#
      + #""schemaVersion":"1.1"}"# + "\n"
  }

  private func read(
    _ folders: [String], node: String? = nil
  ) throws -> (lines: [String], summary: ImportSummary) {
    var lines: [String] = []
    let summary = try ResourceDataSyncImporter(node: node.map { try NodeID($0) }).read(
      folders: folders
    ) { scoped in
      for entry in scoped.report.entries {
        let names = (entry.content ?? []).map { item in
          item.attributes.map(\.value).joined(separator: " ")
        }
        lines.append(
          "\(scoped.scope) \(scoped.report.node) \(entry.captureTime) \(entry.type)"
            + " \(entry.schemaVersion): " + names.joined(separator: ", "))
      }
      #expect(scoped.report.origin == .imported(.resourceDataSync))
    }
    return (lines, summary)
  }

  @Test func `all nodes are read, at the date of the folder or of the rows`() throws {
    let tree = try TemporaryTree()
    let time = "2026-03-01T08:00:00Z"
    let first = row("bash", "i-1", time) + row("zsh", "i-1", "2026-03-01T08:00:01Z")
    try tree.write(path("", "AWS:Application", "i-1"), first)
    try tree.write(path("2026-03-03/", "AWS:Application", "i-1"), row("bash", "i-1", time))
    try tree.write(
      path("2026-03-03T10:00:00+0100/", "Custom:Rack", "mi-2"), row("rack", "mi-2", time))
    let untimed = path("", "AWS:Tag", "i-1")
    try tree.write(untimed, #"{"Key":"a","Value":"b"}"# + "\n")
    try tree.setModified(untimed, 1_770_000_000)
    let (lines, summary) = try read([tree.path])
    let scope = "123456789012/eu-west-1"
    #expect(
      lines == [
        "\(scope) i-1 2026-02-02T02:40:00Z AWS:Tag 1.0: a b",
        "\(scope) i-1 2026-03-01T08:00:01Z AWS:Application 1.1: bash 1, zsh 1",
        "\(scope) i-1 2026-03-03T00:00:00Z AWS:Application 1.1: bash 1",
        "\(scope) mi-2 2026-03-03T09:00:00Z Custom:Rack 1.1: rack 1",
      ])
    #expect(summary.warnings.isEmpty && summary.recordsRead == 5)
    #expect(summary.knownFrom == utc("2026-02-02 02:40:00"))
    #expect(try read([tree.path, tree.path + "/"], node: "mi-2").lines == [lines[3]])
    #expect(try read([tree.path, tree.path("2026-03-03")]).lines == lines)
  }

  @Test func `a damaged row leaves its file out and names its line`() throws {
    let tree = try TemporaryTree()
    let good = row("bash", "i-1", "2026-03-01T08:00:00Z")
    for (node, text) in [
      ("i-1", good + "{\"Name\":"), ("i-2", row("a", "i-9", "2026-03-01T08:00:00Z")),
      ("i-3", "[1]\n"), ("i-4", ""), ("i-5", String(repeating: "[", count: 100_000)),
    ] {
      try tree.write(path("", "AWS:Application", node), text)
    }
    try tree.write("README", "x")
    try tree.write(path("", "AWS:NoSuchType", "i-1"), good)
    let (lines, summary) = try read([tree.path])
    #expect(lines.isEmpty)
    #expect(summary.warnings.count == 1 && summary.failures.count == 5)
    #expect(summary.warnings[0].hasPrefix("files that are none of a data sync: 2: "))
    #expect(summary.failures[0].contains("i-1.json line 2"))
    #expect(throws: CollectorError.self) { try read([tree.path("none")]) }
  }

  @Test func `links are not followed and packed objects are read`() throws {
    let tree = try TemporaryTree()
    let name = path("", "AWS:Application", "i-1")
    try tree.write(name, row("bash", "i-1", "2026-03-01T08:00:00Z"))
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("loop"), withDestinationPath: tree.path)
    let expected = try read([tree.path]).lines
    #expect(expected.count == 1)
    guard output(of: "gzip", tree.path(name)) != nil else { return }
    #expect(try read([tree.path]).lines == expected)
  }

  @Test func `random bytes and cut files are warnings or less`() throws {
    let tree = try TemporaryTree()
    var random = SplitMix64(seed: 5)
    let text = row("bash", "i-1", "2026-03-01T08:00:00Z")
    for count in 0..<text.utf8.count - 1 {
      try tree.write(path("", "AWS:Application", "i-1"), text.utf8.prefix(count))
      #expect(try read([tree.path]).lines.isEmpty, "\(count) bytes")
      let bytes = (0..<count * 5).map { _ in UInt8.random(in: 0...255, using: &random) }
      try tree.write(path("", "AWS:Application", "i-1"), bytes)
      #expect(try read([tree.path]).lines.isEmpty)
    }
  }
}
