import Foundation
import Inventory
import Testing

@testable import HistoryStore

/// What those who embed the store ask beside the questions: the feed, one node, answers for a coder.
@Suite struct ChangeFeedTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore
  private let node: NodeID

  init() throws {
    folder = try TemporaryFolder()
    store = try HistoryStore(path: folder.path)
    node = try NodeID("i-1")
  }

  private func record(_ minute: Int64, _ version: String, by id: String = "i-1") throws {
    let entry = Report.Entry(
      type: .application, captureTime: baseTime.advanced(bySeconds: minute * 60),
      content: [["Name": "bash", "Version": version]])
    _ = try store.record([Report(node: try NodeID(id), entries: [entry])])[0].get()
  }

  private func versions(_ changes: ChangeList) -> [String] {
    changes.map { $0.new?["Version"] ?? "" }
  }

  @Test func `the feed has what was there, then what comes`() async throws {
    try record(0, "1")
    try record(1, "2")
    var feed = store.feed(every: .milliseconds(1)).makeAsyncIterator()
    let first = try #require(try await feed.next())
    #expect(versions(first) == ["1", "2"])
    // A record without changes is passed over.
    try record(2, "2")
    try record(3, "3")
    #expect(versions(try #require(try await feed.next())) == ["3"])
    var later = store.feed(after: try #require(first.last).sequence).makeAsyncIterator()
    #expect(versions(try #require(try await later.next())) == ["3"])
  }

  @Test func `a feed that waits gets what comes, and ends when it is cancelled`() async throws {
    let store = store
    let waiting = Task {
      var versions: [String] = []
      for try await changes in store.feed(every: .milliseconds(1)) {
        versions += changes.map { $0.new?["Version"] ?? "" }
        if versions.last == "2" { break }
      }
      return versions
    }
    try record(0, "1")
    try record(1, "2")
    #expect(try await waiting.value == ["1", "2"])
    let endless = Task {
      for try await _ in store.feed(after: try store.lastSequence) {}
    }
    endless.cancel()
    await #expect(throws: CancellationError.self) { try await endless.value }
  }

  @Test func `one node is asked for by its id`() throws {
    #expect(try store.node(node) == nil)
    try record(0, "1")
    try record(1, "1", by: "i-2")
    try store.changeTags(of: node, at: baseTime) { try $0.set("role", to: "web") }
    let all = try store.nodes()
    for summary in all { #expect(try store.node(summary.node) == summary) }
    #expect(all.count == 2 && all[0].tags.map(\.value) == ["web"])
    #expect(try store.node(NodeID("i-3")) == nil)
    #expect(try store.node(node, in: Scope(account: "111111111111", region: "local")) == nil)
  }

  @Test func `answers are coded and decoded`() throws {
    try record(0, "1")
    try record(1, "2")
    let encoder = JSONEncoder()
    let decoder = JSONDecoder()
    let changes = try store.history(of: node, type: .application)
    #expect(
      try decoder.decode([Change].self, from: encoder.encode(changes)) == Array(changes))
    let holdings = Array(try store.holders(of: "bash", from: .distantPast, to: .distantFuture))
    #expect(try decoder.decode([Holding].self, from: encoder.encode(holdings)) == holdings)
    let nodes = try store.nodes()
    #expect(try decoder.decode([NodeSummary].self, from: encoder.encode(nodes)) == nodes)
    let types = try store.schemas()
    #expect(try decoder.decode([TypeSummary].self, from: encoder.encode(types)) == types)
    struct State: Decodable {
      var node: NodeID
      var at: Instant
      var knowledge: Knowledge
      var items: [Item]
    }
    let state = try store.state(of: node, type: .application, at: baseTime)
    let read = try decoder.decode(State.self, from: encoder.encode(state))
    #expect(read.node == node && read.at == baseTime && read.knowledge == .observed)
    #expect(read.items == Array(state.items))
  }
}
