import Inventory
import Testing

@testable import Questions

/// What a comparison passes over.
@Suite struct DiffQuestionTests {
  private let bench: QuestionBench

  init() throws {
    bench = try QuestionBench()
    func item(_ name: String, _ version: String, _ day: Int64, _ url: String) -> Item {
      [
        "Name": name, "Version": version, "URL": url, "InstalledTime": QuestionBench.day(day),
      ]
    }
    try bench.record(
      "web-1", day: 0,
      [item("bash", "5", 0, "x"), item("kernel", "1", 0, "x"), item("kernel", "2", 0, "x")])
    try bench.record(
      "web-2", day: 0,
      [item("bash", "5", -9, "y"), item("kernel", "2", -1, "x"), item("kernel", "3", -1, "x")])
  }

  private func rows(_ given: [String: [String]]) throws -> [String] {
    try bench.rows(
      .diff, ["id": ["web-1"], "other": ["web-2"]].merging(given) { $1 }, "change", "old", "new")
  }

  @Test func `of two nodes what belongs to the occurrence is passed over`() throws {
    #expect(
      try rows([:]) == [
        #"changed {"Name":"bash","URL":"x","Version":"5"} {"Name":"bash","URL":"y","Version":"5"}"#,
        // The kernel that both have is no difference, and does not stand against another one.
        #"changed {"Name":"kernel","URL":"x","Version":"1"} {"Name":"kernel","URL":"x","Version":"3"}"#,
      ])
    #expect(try rows(["occurrence": ["true"]]).count == 3)
    #expect(try rows(["occurrence": ["true"]]).allSatisfy { $0.contains("InstalledTime") })
  }

  @Test func `attributes are passed over, but not what identifies an item`() throws {
    #expect(
      try rows(["ignore": ["URL"]]) == [
        #"changed {"Name":"kernel","Version":"1"} {"Name":"kernel","Version":"3"}"#
      ])
    #expect(try rows(["ignore": ["URL", "Version"]]) == [])
    #expect(try rows(["ignore": ["Name"]]).count == 2)
    let all = try rows(["ignore": ["URL", "Version"], "occurrence": ["true"]])
    #expect(all.count == 3)
    let answer = try bench.ask(
      .diff, ["id": ["web-1"], "other": ["web-2"], "ignore": ["URL", "Version"]])
    #expect(answer.compared?.count == 1 && answer.rows.isEmpty)
  }

  @Test func `of two times a difference without what is passed over tells when it came about`()
    throws
  {
    try bench.record("web-1", day: 3, [["Name": "bash", "Version": "6", "URL": "z"]])
    let rows = try bench.rows(
      .diff, ["id": ["web-1"], "from": [QuestionBench.day(1)], "ignore": ["URL"]], "change",
      "identity", "new", "validTime")
    #expect(
      rows.first
        == #"changed {"Name":"bash"} {"Name":"bash","Version":"6"} "# + QuestionBench.day(3))
    #expect(rows.count == 3)
    #expect(throws: QuestionError.self) {
      try bench.ask(
        .diff, ["id": ["web-1"], "from": [QuestionBench.day(1)], "occurrence": ["true"]])
    }
  }

  @Test func `items without an identity are the same where nothing else differs`() throws {
    let type = try TypeName("Custom:Line")
    func line(_ text: String, _ number: String) -> Item { ["Text": text, "Number": number] }
    try bench.record("web-1", day: 1, type, [line("a", "1"), line("a", "2"), line("b", "3")])
    try bench.record("web-2", day: 1, type, [line("a", "7"), line("c", "8"), line("b", "9")])
    #expect(
      try rows(["type": ["Custom:Line"], "ignore": ["Number"]]).sorted()
        == [#"added - {"Text":"c"}"#, #"removed {"Text":"a"} -"#])
  }
}
