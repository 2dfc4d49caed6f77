import Inventory
import Testing

@testable import Questions

/// The same change on many nodes in one row, and first observations in one.
@Suite struct ChangeGroupTests {
  private let bench: QuestionBench

  /// Three nodes; bash is updated on two of them, on one it comes and goes, and the third is new later.
  init() throws {
    bench = try QuestionBench()
    func item(_ name: String, _ version: String, _ day: Int64) -> Item {
      ["Name": name, "Version": version, "InstalledTime": QuestionBench.day(day)]
    }
    try bench.record("web-1", day: 0, [item("bash", "1", -3)])
    try bench.record("web-2", day: 1, [item("bash", "1", -7)])
    try bench.record("web-1", day: 2, [item("bash", "2", 2)])
    try bench.record("web-2", day: 3, [item("bash", "2", 3)])
    try bench.record("web-1", day: 4, [item("bash", "2", 2), item("nano", "1", 4)])
    try bench.record("web-1", day: 5, [item("bash", "2", 2)])
    try bench.record("web-1", day: 6, [item("bash", "2", 2), item("nano", "1", 6)])
    try bench.record("web-3", day: 7, [item("bash", "2", 7), item("nano", "1", 7)])
    try bench.record("web-2", day: 8, [item("bash", "2", 8)])
  }

  @Test(arguments: [["1"], ["2"], ["1000"]])
  func `a change is one row, whatever differs from node to node`(limit: [String]) throws {
    let rows = try bench.rows(
      .changeGroups, ["limit": limit], "nodes", "count", "change", "identity", "someNodes")
    #expect(
      rows == [
        #"2 2 added {"Name":"bash"} ["web-1","web-2"]"#,
        #"2 2 changed {"Name":"bash"} ["web-1","web-2"]"#,
        #"2 3 added {"Name":"nano"} ["web-1","web-3"]"#,
        #"1 1 removed {"Name":"nano"} ["web-1"]"#,
        #"1 1 added {"Name":"bash"} ["web-3"]"#,
        // Installed again: nothing but its time is different.
        #"1 1 changed {"Name":"bash"} ["web-2"]"#,
      ])
    let times = try bench.rows(
      .changeGroups, ["change": ["changed"], "limit": limit], "first", "last", "old", "new")
    #expect(
      times == [
        "\(QuestionBench.day(2)) \(QuestionBench.day(3)) "
          + #"{"Name":"bash","Version":"1"} {"Name":"bash","Version":"2"}"#,
        "\(QuestionBench.day(8)) \(QuestionBench.day(8)) "
          + #"{"Name":"bash","Version":"2"} {"Name":"bash","Version":"2"}"#,
      ])
  }

  @Test func `groups are of the range, nodes and items that are asked about`() throws {
    let given = ["from": [QuestionBench.day(2)], "to": [QuestionBench.day(7)]]
    #expect(try bench.rows(.changeGroups, given, "nodes").count == 3)
    #expect(
      try bench.rows(.changeGroups, ["name": ["nano"], "node": ["web-1"]], "nodes", "count")
        == ["1 2", "1 1"])
    #expect(try bench.rows(.changeGroups, ["type": ["Service"]], "nodes") == [])
  }

  @Test func `first observations are one row`() throws {
    let folded = ["new-nodes": ["fold"]]
    let rows = try bench.rows(
      .changeGroups, folded, "nodes", "count", "items", "change", "identity", "new")
    #expect(rows.first == "3 3 4 added {} -")
    #expect(rows.count == 5 && rows.dropFirst().allSatisfy { !$0.contains("4 added") })
    let nano = try bench.rows(
      .changeGroups, ["new-nodes": ["fold"], "name": ["nano"]], "nodes", "items", "change")
    #expect(nano == ["1 - added", "1 - removed", "1 1 added"])
  }

  @Test(arguments: [["from": ["2026-01-01"]], [:]])
  func `changes show a first observation as one row`(given: [String: [String]]) throws {
    for limit in ["1", "2", "1000"] {
      let asked = given.merging(["new-nodes": ["fold"], "limit": [limit]]) { $1 }
      let rows = try bench.rows(.changes, asked, "node", "change", "items", "identity", "new")
      #expect(rows.count == 9)
      #expect(
        rows.filter { $0.contains("{}") } == [
          "web-1 added 1 {} -", "web-2 added 1 {} -", "web-3 added 2 {} -",
        ])
      let nano = try bench.rows(
        .changes, asked.merging(["name": ["nano"]]) { $1 }, "node", "change", "items")
      #expect(
        nano == ["web-1 added -", "web-1 removed -", "web-1 added -", "web-3 added 1"])
    }
    #expect(try bench.rows(.changes, given, "items").count == 10)
  }

  @Test func `what is no form of rows is named`() throws {
    #expect(throws: QuestionError.self) {
      try bench.ask(.changeGroups, ["new-nodes": ["hide"]])
    }
  }
}
