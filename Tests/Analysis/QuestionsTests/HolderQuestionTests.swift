import HistoryStore
import Inventory
import Testing

@testable import Questions

/// Who had what, when it was first there, and how sure that is.
@Suite struct HolderQuestionTests {
  private let bench: QuestionBench

  init() throws {
    bench = try QuestionBench()
    func item(_ name: String, _ version: String) -> Item { ["Name": name, "Version": version] }
    try bench.record("web-1", day: 0, [item("libssl3", "3.0"), item("a*b", "1")])
    try bench.record("web-1", day: 2, [item("libssl3", "3.1"), item("libcurl4", "8")])
    try bench.record("web-2", day: 1, [item("bash", "5")])
    try bench.record("web-2", day: 3, [item("bash", "5"), item("libssl3", "3.1")])
    try bench.record("web-2", day: 9, [item("bash", "5"), item("libssl3", "3.1")])
    try bench.record("web-3", day: 4, [item("libssl3", "3.2"), item("axb", "1")])
    try bench.record("web-3", day: 5, [item("axb", "1")])
  }

  private func holders(_ name: String, _ more: [String: [String]] = [:]) throws -> [String] {
    try bench.rows(
      .holders, ["name": [name]].merging(more) { $1 }, "node", "name", "version")
  }

  @Test func `names are chosen by a pattern of the shell`() throws {
    #expect(
      try holders("lib*") == [
        "web-1 libssl3 3.1", "web-1 libcurl4 8", "web-2 libssl3 3.1",
      ])
    #expect(try holders("*ssl[23]", ["version": [">3.1"]]) == [])
    #expect(
      try holders("*ssl?", ["from": [QuestionBench.day(0)], "version": [">3.1"]])
        == ["web-3 libssl3 3.2"])
    #expect(try holders("nothing*") == [])
  }

  @Test func `what is spelled like a pattern can be a name too`() throws {
    let range = ["from": [QuestionBench.day(0)]]
    #expect(try holders("a*b", range) == ["web-1 a*b 1", "web-3 axb 1"])
    #expect(try holders(#"a\*b"#, range) == ["web-1 a*b 1"])
  }

  @Test func `a pattern that chooses too much is refused`() throws {
    let many: [Item] = (0..<5001).map { ["Name": "p\($0)", "Version": "1"] }
    try bench.record("web-4", day: 0, many)
    try bench.record("web-5", day: 0, many.map { ["Name": "q" + ($0["Name"] ?? "")] })
    let error = #expect(throws: StoreError.self) { try holders("*") }
    #expect(error?.code == .invalidQuestion && error?.message.contains("10000") == true)
    #expect(try holders("p*").count == 5001)
  }

  @Test func `a holding tells when it was confirmed, and is marked where that is long ago`() throws
  {
    func rows(_ given: [String: [String]]) throws -> [String] {
      try bench.rows(
        .holders, ["name": ["libssl3"]].merging(given) { $1 }, "node", "confirmed", "stale")
    }
    let (two, nine) = (QuestionBench.day(2), QuestionBench.day(9))
    #expect(try rows([:]) == ["web-1 \(two) false", "web-2 \(nine) false"])
    #expect(try rows(["stale": ["7d"]]) == ["web-1 \(two) true", "web-2 \(nine) false"])
    #expect(try rows(["stale": ["8d"]]) == ["web-1 \(two) false", "web-2 \(nine) false"])
    // Before day 9 nothing was known of what was said then.
    #expect(
      try rows(["at": [QuestionBench.day(8)], "stale": ["4d"]])
        == ["web-1 \(two) true", "web-2 \(QuestionBench.day(3)) true"])
    // What went is not in doubt.
    let all = try rows(["from": [QuestionBench.day(0)], "stale": ["1d"]])
    #expect(
      all == [
        "web-1 \(QuestionBench.day(0)) false", "web-1 \(two) true", "web-2 \(nine) false",
        "web-3 \(QuestionBench.day(4)) false",
      ])
  }

  @Test func `an item and its versions have a first time`() throws {
    func rows(_ given: [String: [String]]) throws -> [String] {
      try bench.rows(
        .firstSeen, given, "name", "version", "first", "node", "fromStart", "nodes", "still")
    }
    let day = QuestionBench.day
    #expect(
      try rows(["name": ["libssl3"]]) == [
        "libssl3 3.0 \(day(0)) web-1 true 1 0", "libssl3 3.1 \(day(2)) web-1 false 2 2",
        "libssl3 3.2 \(day(4)) web-3 true 1 0",
      ])
    #expect(
      try rows(["name": ["lib*"], "node": ["web-2"]]) == [
        "libssl3 3.1 \(day(3)) web-2 false 1 1"
      ])
    #expect(
      try rows(["name": ["lib*"], "version": [">3.1"]]) == [
        "libcurl4 8 \(day(2)) web-1 false 1 1", "libssl3 3.2 \(day(4)) web-3 true 1 0",
      ])
    #expect(
      try bench.rows(.firstSeen, ["name": ["libssl3"]], "last") == [day(2), "-", day(5)])
    #expect(try rows(["name": ["libssl3"], "type": ["Service"]]) == [])
    #expect(try rows(["name": ["zsh"]]) == [])
  }

  @Test func `a roll-out tells when each version was first there, also before its range`() throws {
    let rows = try bench.rows(
      .rollout,
      [
        "name": ["libssl3"], "from": [QuestionBench.day(1)], "to": [QuestionBench.day(5)],
        "every": ["2d"],
      ], "nodes", "firstSeen")
    let day = QuestionBench.day
    // 3.2 came and went between two steps.
    #expect(
      rows == [
        #"{"3.0":1} {"3.0":"\#(day(0))"}"#, #"{"3.1":2} {"3.1":"\#(day(2))"}"#, #"{"3.1":2} {}"#,
      ])
  }
}

/// What a roll-up shows, in which order, and who is behind its numbers.
@Suite struct RollupQuestionTests {
  private let bench: QuestionBench

  init() throws {
    bench = try QuestionBench()
    func item(_ name: String, _ version: String) -> Item { ["Name": name, "Version": version] }
    try bench.record("web-1", day: 0, [item("bash", "5"), item("curl", "8"), item("vim", "10")])
    try bench.record("web-2", day: 0, [item("bash", "5"), item("curl", "8"), item("vim", "9")])
    try bench.record("web-3", day: 0, [item("bash", "5"), item("curl", "7")])
  }

  private func rows(_ given: [String: [String]] = [:]) throws -> [String] {
    try bench.rows(.rollup, given, "name", "version", "nodes", "someNodes")
  }

  @Test func `a line that one node has names it`() throws {
    let lines = [
      "bash 5 3 []", #"curl 7 1 ["web-3"]"#, "curl 8 2 []", #"vim 9 1 ["web-2"]"#,
      #"vim 10 1 ["web-1"]"#,
    ]
    #expect(try rows() == lines)
    #expect(try rows(["known-at": ["2026-03-12"]]).isEmpty)
    #expect(
      try rows(["node": ["web-[12]"]]) == [
        "bash 5 2 []", "curl 8 2 []", #"vim 9 1 ["web-2"]"#, #"vim 10 1 ["web-1"]"#,
      ])
  }

  @Test(arguments: [[:], ["node": ["*"]]] as [[String: [String]]])
  func `as many nodes are named as are asked for`(given: [String: [String]]) throws {
    let two = try rows(given.merging(["nodes": ["2"], "name": ["[bc]*"]]) { $1 })
    #expect(
      two == [
        #"bash 5 3 ["web-1","web-2"]"#, #"curl 7 1 ["web-3"]"#, #"curl 8 2 ["web-1","web-2"]"#,
      ])
    let none = try rows(given.merging(["nodes": ["0"]]) { $1 })
    #expect(none.allSatisfy { $0.hasSuffix("[]") })
  }

  @Test func `lines are sorted, and the first ones shown`() throws {
    func names(_ given: [String: [String]]) throws -> [String] {
      try bench.rows(.rollup, given, "name", "version")
    }
    #expect(
      try names(["sort": ["count"]]) == ["bash 5", "curl 8", "curl 7", "vim 9", "vim 10"])
    #expect(
      try names(["sort": ["version"]]) == ["bash 5", "curl 7", "curl 8", "vim 9", "vim 10"])
    #expect(try names(["sort": ["count"], "top": ["2"]]) == ["bash 5", "curl 8"])
    #expect(try bench.ask(.rollup, ["top": ["2"]]).leftOut == 3)
    #expect(try bench.ask(.rollup, ["top": ["5"]]).leftOut == 0)
  }
}
