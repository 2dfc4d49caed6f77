import Foundation
import HistoryStore
import Inventory
import Testing
import JSONTape
import Times

@testable import Questions

/// Questions asked of a store, page by page.
@Suite final class StoreSourceTests {
  private let directory = NSTemporaryDirectory() + "questions-\(UUID().uuidString)"
  private let store: HistoryStore
  private let source: StoreSource
  private let start = Instant(seconds: 1_772_496_000)

  init() throws {
    store = try HistoryStore(path: directory)
    source = StoreSource(store, .local)
    for step in 0..<5 { try record("web-1", step, version: "\(step)") }
    try record("web-2", 0, version: "0")
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func record(_ node: String, _ step: Int, version: String) throws {
    let entry = Report.Entry(
      type: .application, captureTime: start.advanced(bySeconds: Int64(step) * 60),
      content: [["Name": "bash", "Version": version], ["Name": "vim", "Version": version]])
    for result in try store.record([Report(node: try NodeID(node), entries: [entry])]) {
      _ = try result.get()
    }
  }

  private func arguments(_ question: Question, _ given: [String: String]) throws -> Arguments {
    try Arguments(
      question, given, Arguments.Reading(times: TimeParser(zone: .utc, now: store.now)))
  }

  /// All pages of an answer, the rows of each; `between` runs after the first.
  private func pages(
    _ question: Question, _ given: [String: String], between: () throws -> Void = {}
  ) throws -> [[String]] {
    var arguments = try arguments(question, given)
    var pages: [[String]] = []
    while true {
      let answer = try source.ask(question, arguments)
      pages.append(answer.rows.map(\.compact))
      if pages.count == 1 { try between() }
      guard let next = answer.next, !answer.rows.isEmpty else { return pages }
      arguments.goOn(after: next)
    }
  }

  @Test(
    arguments: [
      (Question.history, ["id": "web-1"]), (.history, ["id": "web-1", "name": "v*"]),
      (.changes, ["from": "2026-03-01", "to": "2026-03-04"]), (.nodes, [:]),
      (.changes, ["from": "2026-03-01", "name": "bash", "node": "*-1"]),
    ] as [(Question, [String: String])])
  func `pages make up the whole, whatever is recorded between them`(
    question: Question, given: [String: String]
  ) throws {
    let whole = try pages(question, given).flatMap(\.self)
    #expect(whole.count >= 2)
    let parts = try pages(question, given.merging(["limit": "3"]) { $1 }) {
      // Before all others in valid time: the rows of a list that is made anew would move.
      if question.name != "nodes" { try record("web-1", -10, version: "late") }
    }
    #expect(parts.flatMap(\.self) == whole)
    #expect(parts.dropLast().allSatisfy { $0.count <= 3 })
  }

  @Test func `the log goes on behind its last record`() throws {
    let parts = try pages(.changes, ["limit": "3"])
    let whole = try pages(.changes, [:]).flatMap(\.self)
    #expect(parts.flatMap(\.self) == whole)
    let end = try source.ask(
      .changes, try arguments(.changes, ["after": "281474976710656", "limit": "1"]))
    let newest = try store.lastSequence
    #expect(end.rows.isEmpty && end.next == newest.description)
  }

  @Test(
    "changes are chosen, in the log and in a range",
    arguments: [
      (["name": "vim"], 6), (["node": "web-2"], 2), (["change": "added"], 4),
      (["type": "Service"], 0),
      (["change": "changed", "name": "b*", "node": "*1"], 4), (["tag": "Env"], 0),
    ] as [([String: String], Int)])
  func choice(given: [String: String], count: Int) throws {
    for limit in ["1", "3", "1000"] {
      let parts = try pages(.changes, given.merging(["limit": limit]) { $1 }).flatMap(\.self)
      #expect(parts.count == count)
    }
    let range = try pages(.changes, given.merging(["from": "2026-03-01"]) { $1 }).flatMap(\.self)
    #expect(range.count == count)
  }

  @Test func `a node is meant by its id, its host name, or the beginning of its id`() throws {
    for (node, host) in [
      ("mi-0a", "db-1"), ("mi-0b", "db-2"), ("web-3", "web-1"), ("x-1", "twin"), ("x-2", "twin"),
    ] {
      let entry = Report.Entry(
        type: .instanceInformation, captureTime: start, content: [["ComputerName": host]])
      for result in try store.record([Report(node: try NodeID(node), entries: [entry])]) {
        _ = try result.get()
      }
    }
    func meant(_ text: String) throws -> String {
      try store.reading(.local) { try $0.meant(NodeID(text)).text }
    }
    for (text, node) in [
      ("web-1", "web-1"), ("db-2", "mi-0b"), ("mi-0a", "mi-0a"), ("nobody", "nobody"),
      ("web-3", "web-3"),
    ] { #expect(try meant(text) == node) }
    for text in ["mi-", "twin", "web"] {
      #expect(throws: StoreError.self) { try meant(text) }
    }
  }

  @Test func `a name that was never heard of`() throws {
    #expect(throws: NothingKnown.self) {
      try source.ask(.history, try arguments(.history, ["id": "web-9"]))
    }
    let nobody = try source.ask(.rollout, try arguments(.rollout, ["name": "x", "from": "now"]))
    #expect(nobody.rows.count == 1 && !nobody.isFound(.rollout))
  }

  @Test func `what a comparison is founded on survives a header field`() throws {
    let answer = try source.ask(
      .diff, try arguments(.diff, ["id": "web-1", "from": "2026-01-01", "to": "2026-03-04"]))
    let compared = try #require(answer.compared)
    #expect(compared.count == 0 && compared.missing.map(\.node) == ["web-1"])
    let field = compared.field { $0 }
    #expect(ComparedStates(field: field) { String($0) } == compared)
    #expect(ComparedStates(field: "x") { String($0) } == nil)
  }

  @Test func `a state is the same with its text copied and made anew`() throws {
    let answer = try source.ask(
      .state, try arguments(.state, ["id": "web-1", "at": "2026-03-04", "sources": "true"]))
    var bytes: [UInt8] = []
    let state = try #require(answer.states.first)
    state.write(to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == state.json.compact)
    #expect(StateAnswer(json: state.json, isFiltered: false).json == state.json)
    #expect(state["itemCount"]?.whole == 2)
  }
}
