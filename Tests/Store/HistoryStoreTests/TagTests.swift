import Foundation
import Inventory
import Testing

@testable import HistoryStore

/// Tags are one inventory with a past, whoever sets them, and those that programs of before kept become part of it.
@Suite struct TagTests {
  private let folder: TemporaryFolder
  private let clock = FakeClock(baseTime.milliseconds)
  private let node = NodeID(stored: "web-1")

  init() throws { folder = try TemporaryFolder() }

  private func open() throws -> HistoryStore {
    try HistoryStore.testing(folder.path + "/store", clock: clock)
  }

  private func time(_ minutes: Int64) -> Instant { baseTime.advanced(bySeconds: minutes * 60) }

  private func report(_ id: NodeID, at time: Instant) -> Report {
    Report(
      node: id,
      entries: [.init(type: .application, captureTime: time, content: [["Name": "bash"]])])
  }

  /// The tags by which nodes are chosen.
  private func chosen(_ store: HistoryStore, at: Instant?) throws -> Tags {
    try store.reading(.local) { try $0.tags(at: at)[.local]?[node] ?? Tags() }
  }

  @Test func `tags are added, replaced and taken away, and every date keeps its own`() throws {
    let store = try open()
    try store.changeTags(of: node, at: time(0)) { try $0.set("Env", to: "prod") }
    clock.advance(by: 60_000)
    try store.changeTags(of: node) { try $0.set("Ring", to: "2") }
    clock.advance(by: 60_000)
    try store.changeTags(of: node) { tags in
      tags.remove("Env")
      tags.remove("none")
      try tags.set("Ring", to: "3")
    }
    #expect(try store.tags(of: node) == ["Ring": "3"])
    #expect(try store.tags(of: node, at: time(1)) == ["Env": "prod", "Ring": "2"])
    #expect(try store.tags(of: node, at: time(0)) == ["Env": "prod"])
    #expect(try store.tags(of: node, at: time(-1)) == Tags())
    #expect(try store.tags(of: node, knownAt: time(1)) == ["Env": "prod", "Ring": "2"])
    #expect(try store.nodes()[0].tags == [.init(name: "Ring", value: "3")])
    let changes = try store.history(of: node, type: Tags.type).map(\.kind.rawValue).sorted()
    #expect(changes == ["added", "added", "changed", "removed"])
  }

  @Test func `names and values are told apart by their bytes`() throws {
    let store = try open()
    try store.changeTags(of: node) { tags in
      for (name, value) in [("env", "a"), ("Env", "b"), ("\u{e9}", "c"), ("e\u{301}", "d")] {
        try? tags.set(name, to: value)
      }
    }
    // A combining accent is no letter: the service's rule refuses it.
    #expect(try store.tags(of: node) == ["Env": "b", "env": "a", "\u{e9}": "c"])
    #expect(try store.tags(of: node)["e\u{301}"] == nil)
  }

  @Test func `the rules of the service hold, and what breaks one changes nothing`() throws {
    let store = try open()
    try store.changeTags(of: node) { tags in
      for number in 1...Tags.countMax { try tags.set("k\(number)", to: "") }
    }
    let before = try store.tags(of: node)
    let sequence = try store.lastSequence
    func refusal(_ name: String, _ value: String) -> TagError? {
      #expect(throws: TagError.self) {
        try store.changeTags(of: node) { try $0.set(name, to: value) }
      }
    }
    #expect(refusal("k51", "") == .tooMany)
    for (name, value) in [
      ("", "v"), (String(repeating: "n", count: 129), "v"), ("aws:x", "v"), ("AWS:x", "v"),
      ("a,b", "v"), ("k1", "a\u{0}b"), ("k1", String(repeating: "v", count: 257)),
    ] {
      guard case .invalid = refusal(name, value) else {
        Issue.record("\(name) = \(value) is no \(String(describing: refusal(name, value)))")
        continue
      }
    }
    #expect(try store.tags(of: node) == before && store.lastSequence == sequence)
    // One that is there can be changed where no other has room, and what changes nothing is not recorded.
    try store.changeTags(of: node) { try $0.set("k1", to: String(repeating: "v", count: 256)) }
    #expect(try store.tags(of: node)["k1"]?.count == 256)
    #expect(try store.changeTags(of: node) { try $0.set("k2", to: "") } == nil)
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `a time far ahead is refused`() throws {
    let store = try open()
    let error = #expect(throws: ReportError.self) {
      try store.changeTags(of: node, at: time(3000)) { try $0.set("a", to: "b") }
    }
    #expect(error?.code == .invalidCaptureTime)
    #expect(try store.nodes().isEmpty)
  }

  @Test func `what an operator says of a node is no sign of life`() throws {
    let store = try open()
    _ = try store.record([report(node, at: time(0))])[0].get()
    let seen = try #require(try store.node(node)?.lastSeen)
    clock.advance(by: 3_600_000)
    try store.changeTags(of: node) { try $0.set("a", to: "b") }
    #expect(try store.node(node)?.lastSeen == seen)
    let silent = NodeID(stored: "silent")
    try store.changeTags(of: silent) { try $0.set("a", to: "b") }
    let summary = try #require(try store.node(silent))
    #expect(summary.lastSeen == nil && summary.tags.count == 1)
  }

  @Test func `a node is chosen by the tags of the date, else by those that there are`() throws {
    let store = try open()
    _ = try store.record([report(node, at: time(-600))])[0].get()
    try store.changeTags(of: node, at: time(0)) { try $0.set("Env", to: "test") }
    try store.changeTags(of: node, at: time(10)) { $0 = ["Env": "prod"] }
    #expect(try chosen(store, at: time(5)) == ["Env": "test"])
    #expect(try chosen(store, at: nil) == ["Env": "prod"])
    #expect(try chosen(store, at: time(-500)) == ["Env": "prod"], "nobody had said anything")
    try store.changeTags(of: node, at: time(20)) { $0 = Tags() }
    #expect(try chosen(store, at: time(25)) == Tags(), "that there are none was said")
    try store.changeTags(of: node, at: time(30)) { $0 = ["Env": "old"] }
    try store.recordNodeEvent(.terminated, node: node, at: time(40))
    #expect(try chosen(store, at: time(50)) == ["Env": "old"], "those that it had last")
    #expect(try store.nodes()[0].tags == [.init(name: "Env", value: "old")])
    #expect(try store.tags(of: node) == Tags(), "its inventory has ended")
  }

  @Test func `tags are no node event any more`() throws {
    let store = try open()
    let error = #expect(throws: StoreError.self) {
      try store.recordNodeEvent(.tagged, node: node, at: time(0))
    }
    #expect(error?.code == .invalidQuestion)
  }

  // MARK: Stores of before

  @Test func `events of before become the inventory that they would have been`() throws {
    do {
      let store = try open()
      try store.recordOldTags(["Env": "test", "Ring": "1"], of: node, at: time(0))
      try store.recordOldTags(["Env": "prod"], of: node, at: time(10))
      _ = try store.record([report(NodeID(stored: "untagged"), at: time(0))])[0].get()
    }
    let store = try open()
    #expect(try store.tags(of: node, at: time(-1)) == Tags())
    #expect(try store.tags(of: node, at: time(5)) == ["Env": "test", "Ring": "1"])
    #expect(try store.tags(of: node) == ["Env": "prod"])
    let state = try store.state(of: node, type: Tags.type)
    #expect(state.items.map { [$0["Key"], $0["Value"]] } == [["Env", "prod"]])
    #expect(state.observedAt == time(10) && state.source?.name == "node-events")
    #expect(try store.history(of: node, type: Tags.type).count == 4)
    #expect(try store.nodes().map(\.tags.count).sorted() == [0, 1])
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `what was said in two ways adds up, and the later word on a name counts`() throws {
    let aws = Report(
      node: node,
      entries: [
        .init(
          type: Tags.type, captureTime: time(20),
          content: [["Key": "Team", "Value": "a"], ["Key": "Env", "Value": "later"]])
      ])
    do {
      let store = try open()
      try store.recordOldTags(["Env": "prod", "Ring": "1"], of: node, at: time(10))
      _ = try store.record([aws])[0].get()
      try store.recordOldTags(["Team": "b", "Ring": "2"], of: node, at: time(30))
    }
    let store = try open()
    #expect(try store.tags(of: node, at: time(15)) == ["Env": "prod", "Ring": "1"])
    #expect(try store.tags(of: node, at: time(20)) == ["Env": "later", "Ring": "1", "Team": "a"])
    #expect(try store.tags(of: node) == ["Env": "later", "Ring": "2", "Team": "b"])
  }

  @Test func `they are carried over once, and what is changed afterwards stays`() throws {
    try open().recordOldTags(["Env": "prod"], of: node, at: time(10))
    clock.advance(by: 1_200_000)
    try open().changeTags(of: node) { $0.remove("Env") }
    let sequence = try open().lastSequence
    // Even one that is said of the very second of the event.
    try open().changeTags(of: node, at: time(10)) { $0 = ["Env": "test"] }
    let store = try open()
    #expect(try store.lastSequence.value == sequence.value + 1)
    #expect(try store.tags(of: node) == Tags())
    #expect(try store.tags(of: node, at: time(11)) == ["Env": "test"])
  }

  @Test func `an older program that writes in between is heard`() throws {
    try open().recordOldTags(["Env": "prod"], of: node, at: time(10))
    try open().recordOldTags(["Env": "test"], of: node, at: time(20))
    let store = try open()
    #expect(try store.tags(of: node) == ["Env": "test"])
    #expect(try store.tags(of: node, at: time(15)) == ["Env": "prod"])
  }

  @Test func `who only reads sees the same tags where nothing was carried over`() throws {
    try open().recordOldTags(["Env": "prod"], of: node, at: time(10))
    var configuration = HistoryStore.Configuration()
    configuration.isReadOnly = true
    let store = try HistoryStore(path: folder.path + "/store", configuration: configuration)
    #expect(try store.tags(of: node) == ["Env": "prod"])
    #expect(try store.tags(of: node, at: time(5)) == Tags())
    #expect(try store.nodes()[0].tags == [.init(name: "Env", value: "prod")])
    #expect(try chosen(store, at: nil) == ["Env": "prod"])
  }

  @Test func `what was erased is not carried over`() throws {
    do {
      let store = try open()
      try store.recordOldTags(["Env": "prod"], of: node, at: time(0))
      try store.forget(node: node, reason: "asked")
    }
    let again = try open()
    #expect(try again.state(of: node, type: Tags.type, at: time(0)).knowledge == .erased)
    #expect(try again.nodes()[0].tags.isEmpty)
  }

  @Test func `every node of more than one transaction is carried over`() throws {
    let ids = (0..<1100).map { NodeID(stored: "n-\($0)") }
    do {
      let store = try open()
      try store.write { writer, transaction throws(StoreError) in
        let scope = try writer.scope(.local, &transaction)
        for id in ids {
          let event = NodeEvent(
            node: scope.row.nextNode, newNode: id.text, valid: UInt32(baseTime.seconds),
            kind: .tagged, tags: [.init(name: "Of", value: id.text)])
          _ = try writer.record(event, in: scope, &transaction)
        }
      }
    }
    let store = try open()
    for id in ids { #expect(try store.tags(of: id)["Of"] == id.text) }
    try store.checkSoundness()
  }

  @Test(arguments: [GoldenStore.first, GoldenStore.file])
  func `the golden stores' tags are inventory`(_ file: String) throws {
    let path = folder.path + "/golden"
    try HistoryStore.restore(from: file, to: path)
    let store = try HistoryStore(path: path)
    let web = NodeID(stored: "web-2")
    #expect(try store.tags(of: web, at: GoldenStore.time("11:14:59")) == Tags())
    #expect(try store.tags(of: web, at: GoldenStore.time("11:15:00")) == ["env": "prod"])
    #expect(
      try store.holders(of: "env", type: Tags.type, at: GoldenStore.time("11:20:00"))
        .map(\.node) == [web])
    #expect(try store.node(web)?.tags == [.init(name: "env", value: "prod")])
    try store.checkSoundness()
  }
}
