import Foundation
import Inventory
import Testing

@testable import HistoryStore

/// The texts that are copied say what the items say.
@Suite struct RenderingTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore
  private let node: NodeID
  private let start = Instant(seconds: 1_772_528_400)

  init() throws {
    folder = try TemporaryFolder()
    var configuration = HistoryStore.Configuration()
    configuration.clock = { 1_772_600_000_000 }
    store = try HistoryStore(path: folder.path, configuration: configuration)
    node = try NodeID("i-1")
  }

  private func record(_ type: TypeName, _ items: [Item], after seconds: Int64 = 0) throws {
    let report = Report(
      node: node,
      entries: [.init(type: type, captureTime: start.advanced(bySeconds: seconds), content: items)])
    for result in try store.record([report]) { _ = try result.get() }
  }

  /// Parses an array of flat objects with another reader than our own.
  private func parse(_ json: [UInt8]) throws -> [Item] {
    let value = try JSONSerialization.jsonObject(with: Data(json))
    let objects = try #require(value as? [[String: String]])
    return objects.map { Item($0.map { (key: $0.key, value: $0.value) }) }
  }

  private func check(_ type: TypeName) throws {
    let state = try store.state(of: node, type: type)
    var json = Array("before".utf8)
    state.items.appendJSON(to: &json)
    #expect(Array(json[6...]) == state.items.json)
    #expect(try parse(state.items.json) == Array(state.items))
    // The order of the attributes too: each item written by itself is the same text.
    var single = Array("[".utf8)
    for (index, item) in state.items.enumerated() {
      if index > 0 { single.append(UInt8(ascii: ",")) }
      item.appendJSON(to: &single)
    }
    #expect(
      String(decoding: single + Array("]".utf8), as: UTF8.self)
        == String(decoding: state.items.json, as: UTF8.self))
  }

  @Test func `an empty content is an empty array`() throws {
    try record(.application, [])
    #expect(
      String(decoding: try store.state(of: node, type: .application).items.json, as: UTF8.self)
        == "[]")
  }

  @Test func `times stand where their attribute belongs`() throws {
    try record(
      .application,
      [
        ["Name": "b", "Version": "1", "InstalledTime": "2026-03-03T09:41:07Z"],
        ["Name": "c", "Version": "1"],
      ])
    let json = try store.state(of: node, type: .application).items.json
    #expect(
      String(decoding: json, as: UTF8.self)
        == #"[{"InstalledTime":"2026-03-03T09:41:07Z","Name":"b","Version":"1"},"#
        + #"{"Name":"c","Version":"1"}]"#)
  }

  @Test func `every kind of text and time is written as the items have it`() throws {
    let times = [
      "2026-03-03T09:41:07Z", "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
      "9999-12-31T23:59:59Z", "2000-02-29T12:00:00Z", "", "yesterday", "2026-02-30T00:00:00Z",
      "\"\\\u{1}",
    ]
    let values = [
      "", "plain", "\"quoted\"", "back\\slash", "line\nfeed", "tab\tand\rreturn", "\u{1f}\u{7f}",
      "grüße 東京 🧭", "</script>", "\u{2028}",
    ]
    var items: [Item] = []
    for (index, time) in times.enumerated() {
      for (other, value) in values.enumerated() {
        items.append([
          "Name": "item \(index) \(other)", "Publisher": value, "InstalledTime": time,
          "Architecture": value,
        ])
      }
    }
    // The time alone, first, last and nowhere.
    items.append(["InstalledTime": "2026-03-03T09:41:07Z"])
    items.append(["Architecture": "all", "InstalledTime": "2026-03-03T09:41:07Z"])
    items.append(["InstalledTime": "2026-03-03T09:41:07Z", "Name": "last"])
    items.append([:])
    try record(.application, items)
    try check(.application)
    let custom = try TypeName("Custom:Thing")
    try record(custom, values.map { ["Id": $0, "\"name\"": $0] })
    try check(custom)
    let file = try TypeName("AWS:File")
    try record(
      file,
      times.map {
        ["Name": "a\($0)", "InstalledDir": "/", "ModificationTime": $0, "LastAccessTime": $0]
      } + [["Name": "b", "ModificationTime": "2026-03-03T09:41:07Z"]])
    try check(file)
  }

  @Test func `changes and differences say the same packed as decoded`() throws {
    try record(
      .application,
      [
        ["Name": "a", "Version": "1", "InstalledTime": "2026-03-03T09:41:07Z"],
        ["Name": "b", "Version": "1", "InstalledTime": "never"],
        ["Name": "kernel", "Version": "1"], ["Name": "kernel", "Version": "2"],
      ])
    try record(
      .application,
      [
        ["Name": "a", "Version": "2", "InstalledTime": "2026-03-03T10:00:00Z"],
        ["Name": "c", "Version": "1"],
        ["Name": "kernel", "Version": "2"], ["Name": "kernel", "Version": "3"],
      ], after: 60)
    let changes = try store.history(of: node)
    #expect(changes.count == 8)
    for (index, change) in changes.enumerated() {
      #expect(changes.kind(at: index) == change.kind)
      #expect(changes.validTime(at: index) == change.validTime)
      #expect(changes.sequence(at: index) == change.sequence)
      #expect(changes.node(at: index) == change.node)
      for name in ["Name", "Version", "InstalledTime", "Absent"] {
        for (side, item) in [(Change.Side.old, change.old), (.new, change.new)] {
          var value: [UInt8] = []
          let isThere = changes.appendValue(of: name, side, at: index, to: &value)
          #expect(isThere == (item?[name] != nil))
          #expect(String(decoding: value, as: UTF8.self) == item?[name] ?? "")
        }
      }
    }
    let later = Array(changes.suffix(4))
    #expect(later.map(\.kind).filter { $0 == .changed }.count == 2)
    let differences = try store.diff(
      of: node, from: start, to: start.advanced(bySeconds: 60))[0].differences
    #expect(Set(differences.map(\.identity)) == Set(later.map(\.identity)))
    for (index, difference) in differences.enumerated() {
      #expect(differences.kind(at: index) == difference.kind)
      var value: [UInt8] = []
      let isThere = differences.appendValue(of: "Version", .new, at: index, to: &value)
      #expect(isThere == (difference.new != nil))
      #expect(String(decoding: value, as: UTF8.self) == difference.new?["Version"] ?? "")
    }
  }

  @Test func `times of many days are written right`() {
    var text = TimeText()
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<20_000 {
      let seconds = Int64.random(in: -62_135_596_800..<253_402_300_800, using: &generator)
      var bytes = [UInt8](repeating: 0, count: 20)
      bytes.withUnsafeMutableBytes { buffer in
        if let start = buffer.baseAddress { unsafe text.write(seconds, to: start) }
      }
      #expect(
        String(decoding: bytes, as: UTF8.self) == Instant(seconds: seconds).description)
    }
  }
}
