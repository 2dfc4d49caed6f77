import Inventory
import Testing

@testable import HistoryStore

/// One reader sees one snapshot, whatever is recorded while it is open.
@Suite struct HistoryReaderTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore
  private let node: NodeID

  init() throws {
    folder = try TemporaryFolder()
    store = try HistoryStore(path: folder.path)
    node = try NodeID("web-1")
    try record(at: baseTime, version: "1")
  }

  /// A report of two types that say the same version.
  private func record(at time: Instant, version: String) throws {
    let types: [TypeName] = [.application, try TypeName("AWS:AWSComponent")]
    let entries = types.map { type in
      Report.Entry(
        type: type, captureTime: time, content: [["Name": "agent", "Version": version]])
    }
    for result in try store.record([Report(node: node, entries: entries)]) { _ = try result.get() }
  }

  @Test func `a report that is recorded between two types shows up in neither`() throws {
    let later = baseTime.advanced(bySeconds: 60)
    let seen = try store.reading(.local) { reader in
      let types = try reader.types(of: node)
      var versions: [String?] = []
      for type in types {
        versions.append(try reader.state(of: node, type: type).items.first?["Version"])
        try record(at: later, version: "2")
      }
      versions.append(
        contentsOf: try reader.diff(of: node, from: baseTime, to: later).map {
          $0.right.items.first?["Version"]
        })
      let changes = try reader.history(of: node).count
      #expect(changes == types.count)
      return versions
    }
    #expect(seen == ["1", "1", "1", "1"])
    let now = try store.reading(.local) { reader in
      try reader.types(of: node).map {
        try reader.state(of: node, type: $0).items.first?["Version"]
      }
    }
    #expect(now == ["2", "2"])
  }

  @Test func `who asks again through the same record gets the same answers`() throws {
    let first = try store.reading(.local) { ($0.sequence, try $0.history(of: node).count) }
    try record(at: baseTime.advanced(bySeconds: 60), version: "2")
    try record(at: baseTime.advanced(bySeconds: -60), version: "0")
    let later = baseTime.advanced(bySeconds: 100)
    let again = try store.reading(.local, Moment(through: first.0)) { reader in
      let early = baseTime.advanced(bySeconds: -100)
      let ranged = try reader.changes(from: early, to: later).count
      let logged = try reader.changes(after: .zero, limit: 100).count
      #expect(ranged == first.1 && logged == first.1)
      return (reader.sequence, try reader.history(of: node).count)
    }
    #expect(again == first)
    #expect(try store.history(of: node).count > first.1)
  }

  @Test func `a reader of all scopes has each in order, and no node of its own`() throws {
    let other = try Scope(account: "111111111111", region: "eu-central-1")
    let entry = Report.Entry(
      type: .application, captureTime: baseTime, content: [["Name": "agent", "Version": "1"]])
    for result in try store.record([Report(node: node, entries: [entry])], in: other) {
      _ = try result.get()
    }
    try store.reading(nil) { reader in
      let nodes = try reader.nodes()
      #expect(nodes.map(\.scope) == [.local, other])
      let holders = try reader.holders(
        of: ItemNames("agent"), type: .application, version: nil, from: baseTime,
        to: baseTime.advanced(bySeconds: 1))
      #expect(holders.map(\.scope) == [.local, other])
      let state = try? reader.state(of: node, type: .application)
      #expect(state?.node == nil)
    }
  }
}
