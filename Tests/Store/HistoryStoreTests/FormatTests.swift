import Foundation
import Inventory
import LMDB
import PackedBytes
import Testing

@testable import HistoryStore

/// docs/format.md and the golden store hold the code to the bytes it once wrote.
///
/// A change that makes these fail makes stores of before unreadable, or `verify` call them unsound:
/// it needs a new format number, and a golden store of its own beside the old one. To make the
/// golden store again while a format is not published, run with `STOCKTAKE_WRITE_GOLDEN=1`.
@Suite(.serialized) struct FormatTests {
  @Test func `the golden store is written again where that is asked for`() throws {
    guard ProcessInfo.processInfo.environment["STOCKTAKE_WRITE_GOLDEN"] != nil else { return }
    try withFolder { folder in
      try GoldenStore.make(in: folder)
      try? FileManager.default.removeItem(atPath: GoldenStore.file)
      try openAsItIs(folder).backup(to: GoldenStore.file)
      let rows = try rows(of: openAsItIs(folder))
      var text = ""
      for row in rows {
        text += "## \(row.table)\n\(hex(row.key))\n--\n\(hex(row.value))\n"
        text +=
          try RowDescription(table: row.table, key: row.key, value: row.value).lines
          .joined(separator: "\n") + "\n\n"
      }
      let list = FileManager.default.temporaryDirectory.appendingPathComponent("golden-rows.txt")
      try text.write(to: list, atomically: true, encoding: .utf8)
    }
  }

  @Test func `every row of the golden store decodes and encodes to the same bytes`() throws {
    try withGolden { store in
      let rows = try rows(of: store)
      #expect(
        Set(rows.map(\.table)) == Set(Tables.names).subtracting(["control"]),
        "every table has a row")
      for row in rows {
        let decoded = try RowDescription(table: row.table, key: row.key, value: row.value)
        #expect(decoded.key == row.key, "\(row.table): \(decoded.lines)")
        #expect(decoded.value == row.value, "\(row.table): \(decoded.lines)")
      }
    }
  }

  @Test func `the present code writes the golden store's rows`() throws {
    try withFolder { folder in
      try GoldenStore.make(in: folder)
      let mine = try rows(of: openAsItIs(folder))
      try withGolden { store in
        let golden = try rows(of: store)
        #expect(mine.count == golden.count)
        for (a, b) in zip(mine, golden) where a != b {
          Issue.record("\(a.table) \(hex(a.key)): \(hex(a.value)) is not \(hex(b.value))")
        }
      }
    }
  }

  @Test(arguments: [GoldenStore.first, GoldenStore.file])
  func `the golden store is sound and rebuilds to the same rows`(_ file: String) throws {
    try withGolden(file) { store in
      let found = try store.verify()
      #expect(found.problems == [])
      #expect(found.records == 194)
      let before = try rows(of: store).filter { $0.table != "meta" }
      _ = try store.rebuild()
      #expect(try rows(of: store).filter { $0.table != "meta" } == before)
    }
  }

  @Test(arguments: [GoldenStore.first, GoldenStore.file])
  func `the golden store gives the answers it gave`(_ file: String) throws {
    try withGolden(file) { store in
      let node = GoldenStore.node
      let time = GoldenStore.time
      func versions(_ at: Instant, knownAt: Instant? = nil) throws -> [String] {
        try store.state(of: node, type: .application, at: at, knownAt: knownAt).items.sorted()
          .map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }
      }
      let first = ["bash 5.2.15-2+b7", "openssl 3.0.15-1"]
      #expect(try versions(time("09:40:00")) == [first[0], "curl 7.88.1-10", first[1]])
      #expect(try versions(time("09:40:00"), knownAt: time("11:00:01")) == first)
      #expect(try versions(time("10:00:00")) == [first[0], "openssl 3.0.16-1"])
      let newest = try store.state(of: node, type: .application, at: time("12:00:00"))
      #expect(newest.lastConfirmed == time("11:00:00"))
      #expect(newest.items.sorted()[1]["InstalledTime"] == "2026-03-03T09:41:07Z")
      #expect(try store.history(of: node, type: .application).count == 5)
      let rack = try store.state(of: node, type: GoldenStore.rack, at: time("12:00:00"))
      #expect(rack.knowledge == .unknown)
      let gone = try store.state(
        of: NodeID("laptop-9"), type: .application, at: time("11:46:00"))
      #expect(gone.knowledge == .erased && gone.items.isEmpty)
      #expect(
        try store.holders(of: "bash", at: time("11:30:00")).map(\.node.text) == [
          node.text, "web-2",
        ])
      #expect(try store.holders(of: "bash", at: time("11:59:00")).map(\.node.text) == [node.text])
      let late = try store.state(of: NodeID("db-1"), type: .application, at: time("12:44:30"))
      #expect(late.items.filter { $0["Version"] == "1.2" }.count == 6)
      #expect(try store.scopes().count == 2)
    }
  }

  @Test func `the examples of the document decode to what it says and back`() throws {
    let examples = try FormatDocument.examples()
    #expect(
      Set(examples.map(\.table)) == Set(Tables.names).subtracting(["control"]),
      "every table has an example")
    try withGolden { store in
      let golden = try rows(of: store)
      for example in examples {
        let decoded = try RowDescription(
          table: example.table, key: example.key, value: example.value)
        #expect(decoded.lines == example.lines, "\(example.table)")
        #expect(decoded.key == example.key, "\(example.table)")
        #expect(decoded.value == example.value, "\(example.table)")
        #expect(
          golden.contains(Row(table: example.table, key: example.key, value: example.value)),
          "\(example.table): \(hex(example.key)) is a row of the golden store")
      }
    }
  }
}

/// One row, copied.
private struct Row: Equatable {
  var table: String
  var key: [UInt8]
  var value: [UInt8]
}

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

private func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path)
}

private func withGolden(
  _ file: String = GoldenStore.file, _ body: (HistoryStore) throws -> Void
) throws {
  try withFolder { folder in
    try HistoryStore.restore(from: file, to: folder)
    try body(openAsItIs(folder))
  }
}

/// Opens a store without carrying over what it has of programs of before.
private func openAsItIs(_ folder: String) throws -> HistoryStore {
  var configuration = HistoryStore.Configuration()
  configuration.carriesOldTags = false
  return try HistoryStore(path: folder, configuration: configuration)
}

private func rows(of store: HistoryStore) throws -> [Row] {
  let transaction = try store.environment.beginStoreRead()
  var rows: [Row] = []
  for (name, table) in zip(Tables.names, store.tables.all) {
    var cursor = try transaction.view.cursor(in: table)
    while try cursor.next() {
      rows.append(
        Row(table: name, key: [UInt8](copying: cursor.key), value: [UInt8](copying: cursor.value)))
    }
  }
  return rows
}

/// The examples in docs/format.md.
///
/// An example is a block of language `hex` whose info string names the table: bytes in
/// hexadecimal, `;` and a comment behind them, and a line `--` between key and value. The block of
/// language `text` that follows says what it decodes to.
enum FormatDocument {
  struct Example {
    var table: String
    var key: [UInt8] = []
    var value: [UInt8] = []
    var lines: [String] = []
  }

  static func examples() throws -> [Example] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../docs/format.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    var examples: [Example] = []
    var isHex = false
    var isText = false
    var isValue = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```hex table=") {
        examples.append(Example(table: String(line.dropFirst("```hex table=".count))))
        (isHex, isValue) = (true, false)
      } else if line == "```text" && !examples.isEmpty {
        isText = true
      } else if line.hasPrefix("```") {
        (isHex, isText) = (false, false)
      } else if isText {
        examples[examples.count - 1].lines.append(String(line))
      } else if isHex {
        let bytes = line.prefix { $0 != ";" }.split(separator: " ")
        if bytes == ["--"] {
          isValue = true
          continue
        }
        let numbers = try bytes.map { try #require(UInt8($0, radix: 16), "\(line)") }
        if isValue {
          examples[examples.count - 1].value += numbers
        } else {
          examples[examples.count - 1].key += numbers
        }
      }
    }
    return examples
  }
}
