import Foundation
import Inventory
import Testing

@testable import HistoryStore

@Suite struct RepeatedBodyTests {
  private let start = 1_772_528_400  // 2026-03-03T09:00:00Z

  private func body(
    _ seconds: Int, items: String, node: String = "i-1", type: String = "AWS:Application"
  ) -> [UInt8] {
    let time = Instant(seconds: Int64(start + seconds))
    return Array(
      #"{"InstanceId":"\#(node)","Items":[{"TypeName":"\#(type)","SchemaVersion":"1.0","#
        .utf8)
      + Array(#""CaptureTime":"\#(time)","Content":[\#(items)]}]}"#.utf8)
  }

  private func makeStore() throws -> HistoryStore {
    try HistoryStore(
      path: FileManager.default.temporaryDirectory.appendingPathComponent(
        "repeat-\(UUID().uuidString)"
      ).path)
  }

  private let bash = #"{"Name":"bash","Version":"5.2"}"#
  private let zsh = #"{"Name":"bash","Version":"5.9"}"#

  @Test func `a repeated body is an observation of its own that changes nothing`() throws {
    let store = try makeStore()
    _ = try store.record(json: [body(0, items: bash)])
    for minute in 1...200 {
      let receipt = try store.record(json: [body(minute * 60, items: bash)])[0].get()
      #expect(receipt.changeCount == 0 && receipt.itemCount == 1 && receipt.sequence != nil)
    }
    let node = try NodeID("i-1")
    let state = try store.state(of: node, type: .application)
    #expect(state.observedAt == Instant(seconds: Int64(start + 12000)))
    #expect(state.items.count == 1)
    #expect(try store.history(of: node).count == 1)
    #expect(try store.verify().isSound)
  }

  @Test func `a body that repeats an older one is read again`() throws {
    let store = try makeStore()
    for (minute, items) in [bash, bash, zsh, bash, bash, zsh].enumerated() {
      _ = try store.record(json: [body(minute * 60, items: items)])[0].get()
    }
    // Late: behind what the fingerprint stands for.
    _ = try store.record(json: [body(30, items: zsh)])[0].get()
    _ = try store.record(json: [body(45, items: zsh), body(50, items: zsh)])
    let changes = try store.history(of: NodeID("i-1"))
    #expect(changes.map { $0.new?["Version"] } == ["5.2", "5.9", "5.2", "5.9", "5.2", "5.9"])
    #expect(try store.verify().isSound)
  }

  @Test func `the same body again changes nothing but last seen`() throws {
    let store = try makeStore()
    _ = try store.record(json: [body(0, items: bash)])
    let again = try store.record(json: [body(0, items: bash), body(0, items: bash)])
    #expect(try again.allSatisfy { try $0.get().isDuplicate })
  }

  @Test func `an attribute called CaptureTime is content`() throws {
    let store = try makeStore()
    func report(_ minute: Int, _ inner: String) -> [UInt8] {
      body(
        minute * 60, items: #"{"Name":"a","CaptureTime":"\#(inner)"}"#, type: "Custom:Scan")
    }
    _ = try store.record(json: [report(0, "2026-03-03T09:00:00Z")])
    _ = try store.record(json: [report(1, "2026-03-03T09:00:00Z")])
    let receipt = try store.record(json: [report(2, "2026-03-03T09:05:00Z")])[0].get()
    #expect(receipt.changeCount == 1)
  }

  @Test func `several repeats of a node in one transaction are told from other content`() throws {
    let store = try makeStore()
    _ = try store.record(json: [body(0, items: bash)])
    _ = try store.record(json: [body(60, items: bash), body(120, items: bash)])
    let mixed = [bash, bash, zsh, zsh, bash, zsh, zsh, zsh, bash]
    for round in 0..<4 {
      let bodies = mixed.enumerated().map { step, items in
        body(600 * (round + 1) + step * 60, items: items)
      }
      for result in try store.record(json: bodies) { _ = try result.get() }
      // Late, and different from what is newest.
      _ = try store.record(json: [body(600 * (round + 1) + 30, items: zsh)])
    }
    let node = try NodeID("i-1")
    for round in 0..<4 {
      for (step, items) in mixed.enumerated() {
        let time = Instant(seconds: Int64(start + 600 * (round + 1) + step * 60))
        let version = try store.state(of: node, type: .application, at: time).items.first?[
          "Version"]
        #expect(version == (items == bash ? "5.2" : "5.9"), "\(round) \(step)")
      }
    }
    #expect(try store.verify().isSound)
  }

  private func statement(_ seconds: Int, _ hash: String) -> [UInt8] {
    let time = Instant(seconds: Int64(start + seconds))
    return Array(
      #"{"InstanceId":"i-1","Items":[{"TypeName":"Custom:Tool","SchemaVersion":"1.0","#.utf8)
      + Array(#""CaptureTime":"\#(time)","ContentHash":"\#(hash)"}]}"#.utf8)
  }

  @Test func `a repeated unchanged statement is a statement of its own until it is wrong`() throws {
    let store = try makeStore()
    func observe(_ seconds: Int, _ items: String, _ hash: String) throws {
      let text = String(decoding: body(seconds, items: items, type: "Custom:Tool"), as: UTF8.self)
      let tagged = text.replacingOccurrences(
        of: #""Content":"#, with: #""ContentHash":"\#(hash)","Content":"#)
      _ = try store.record(json: [Array(tagged.utf8)])[0].get()
    }
    let node = try NodeID("i-1")
    let type = TypeName(stored: "Custom:Tool")
    try observe(0, bash, "h1")
    for minute in 1...40 {
      let receipt = try store.record(json: [statement(minute * 60, "h1")])[0].get()
      #expect(receipt.changeCount == 0 && receipt.sequence != nil)
    }
    #expect(try store.record(json: [statement(2400, "h1")])[0].get().isDuplicate)
    let state = try store.state(of: node, type: type)
    #expect(state.observedAt == Instant(seconds: Int64(start)))
    #expect(state.lastConfirmed == Instant(seconds: Int64(start + 2400)))
    try observe(2500, zsh, "h2")
    #expect(throws: ReportError.self) {
      try store.record(json: [statement(2600, "h1")])[0].get()
    }
    try observe(2700, bash, "h1")
    _ = try store.record(json: [statement(2800, "h1")])[0].get()
    _ = try store.record(json: [statement(2900, "h1")])[0].get()
    try store.deleteType(type, at: Instant(seconds: Int64(start + 3000)))
    #expect(throws: ReportError.self) {
      try store.record(json: [statement(3100, "h1")])[0].get()
    }
    #expect(try store.history(of: node).count == 4)
    #expect(try store.verify().isSound)
  }

  @Test func `a repeated body after its type ended is read and stored`() throws {
    let store = try makeStore()
    _ = try store.record(json: [body(0, items: bash, type: "Custom:Tool")])
    _ = try store.record(json: [body(60, items: bash, type: "Custom:Tool")])
    _ = try store.deleteType(
      TypeName("Custom:Tool"), at: Instant(seconds: Int64(start + 90)))
    let receipt = try store.record(json: [body(120, items: bash, type: "Custom:Tool")])[0].get()
    #expect(receipt.changeCount == 1)
    #expect(try store.verify().isSound)
  }
}

@Suite struct RepeatedBodyCacheTests {
  @Test func `a body that was accepted is known by its fingerprint`() throws {
    let store = try HistoryStore(
      path: FileManager.default.temporaryDirectory.appendingPathComponent(
        "repeat-\(UUID().uuidString)"
      ).path)
    func body(_ minute: Int) -> [UInt8] {
      Array(
        """
        {"InstanceId":"i-1","Items":[{"TypeName":"AWS:Application","SchemaVersion":"1.1",\
        "CaptureTime":"2026-03-03T09:0\(minute):00Z","Content":[{"Name":"bash"}]}]}
        """.utf8)
    }
    let zeroth = body(0)
    let second = body(1)
    _ = try store.record(json: [zeroth])
    let known = store.repeatedBodies.look(
      for: second.span.bytes, in: .local, hash: store.hash)
    let minuteLater = try #require(Instant(captureTime: "2026-03-03T09:01:00Z"))
    guard case .repetition(let first) = known else { Issue.record("not known"); return }
    #expect(first.captureTimes == [minuteLater])
    _ = try store.record(json: [second])
    let third = body(2)
    let again = store.repeatedBodies.look(
      for: third.span.bytes, in: .local, hash: store.hash)
    guard case .repetition(let repetition) = again else { Issue.record("not known"); return }
    #expect(repetition.entries.first?.sequence == 3)
  }
}
