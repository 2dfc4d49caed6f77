import AWSProtocol
import Inventory
import JSONTape
import Schedules
import Testing

@testable import Associations

@Suite("Schedules of associations")
struct ScheduleTests {
  @Test("a rate below half an hour is refused by name")
  func tooShort() throws {
    #expect(throws: AWSError.self) { try Schedule.check("rate(29 minutes)") }
    try Schedule.check("rate(30 minutes)")
    try Schedule.check(nil)
  }
}

@Suite("Associations that are one")
struct EffectiveAssociationTests {
  private func parameters(_ text: String) throws -> JSONValue {
    try JSONValue(parsing: Array(text.utf8).span.bytes)
  }

  private func association(
    _ id: String, created: Int64, _ input: String
  ) throws -> Association {
    Association(id: id, created: created, input: try parameters(input))
  }

  @Test("what any wants is collected, in whatever order they come")
  func merged() throws {
    let first = try parameters(#"{"applications":["Disabled"],"files":["[{\"Path\":\"/a\"}]"]}"#)
    let second = try parameters(
      #"{"applications":["Enabled"],"services":["Disabled"],"files":["[{\"Path\":\"/b\"}]"]}"#)
    for pair in [[first, second], [second, first]] {
      let merged = EffectiveAssociation.merged(pair)
      #expect(merged["applications"]?.texts == ["Enabled"])
      #expect(merged["services"]?.texts == ["Disabled"])
      #expect(merged["networkConfig"] == nil)
      let files = try parameters(merged["files"]?.texts.first ?? "")
      #expect(Set(files.elements.compactMap { $0["Path"]?.text }) == ["/a", "/b"])
    }
    #expect(EffectiveAssociation.merged([first]) == first)
  }

  @Test("one that names the node takes the place of one for all, and the checksum tells changes")
  func precedence() throws {
    let all = try association(
      "a", created: 1,
      #"{"Targets":[{"Key":"InstanceIds","Values":["*"]}],"ScheduleExpression":"rate(1 hour)"}"#)
    let tagged = try association(
      "b", created: 2,
      #"{"Targets":[{"Key":"tag:env","Values":["prod"]}],"ScheduleExpression":"rate(1 day)"}"#)
    let plain = EffectiveAssociation([all, tagged], node: "mi-1", tags: [:])
    #expect(plain?.id == "a")
    #expect(plain?.overridden.isEmpty == true)
    let special = EffectiveAssociation([all, tagged], node: "mi-1", tags: ["env": "prod"])
    #expect(special?.id == "b")
    #expect(special?.schedule == "rate(1 day)")
    #expect(special?.overridden.map(\.association.id) == ["a"])
    #expect(plain?.checksum != special?.checksum)
    let again = EffectiveAssociation([tagged, all], node: "mi-1", tags: ["env": "prod"])
    #expect(again?.checksum == special?.checksum)
    #expect(EffectiveAssociation([tagged], node: "mi-1", tags: ["env": "test"]) == nil)
  }

  @Test("all of several targets must hold")
  func targets() throws {
    let both = try association(
      "a", created: 1,
      #"{"Targets":[{"Key":"tag:env","Values":["prod"]},{"Key":"tag-key","Values":["web"]}]}"#)
    let terms = try #require(both.terms())
    #expect(terms.covers("mi-1", tags: ["env": "prod", "web": ""]))
    #expect(!terms.covers("mi-1", tags: ["env": "prod"]))
    #expect(!terms.covers("mi-1", tags: ["web": ""]))
  }

  @Test("what the agent reads as a text is one, or is not there")
  func texts() throws {
    let given = try parameters(
      #"{"customInventoryDirectory":[],"applications":[],"changeDetectionTypes":[]}"#)
    #expect(EffectiveAssociation.merged([given]).members.map(\.name) == ["changeDetectionTypes"])
    let one = try parameters(#"{"customInventoryDirectory":[""]}"#)
    let other = try parameters(#"{"customInventoryDirectory":["/a"]}"#)
    let both = EffectiveAssociation.merged([one, other, given])
    #expect(both["customInventoryDirectory"]?.texts == ["/a"])
  }
}

@Suite("How a collection stands")
struct AssociationProgressTests {
  private let effective: EffectiveAssociation

  init() throws {
    let input = try JSONValue(
      parsing: Array(
        #"{"Targets":[{"Key":"InstanceIds","Values":["*"]}],"ScheduleExpression":"rate(1 hour)"}"#
          .utf8
      ).span.bytes)
    effective = try #require(
      EffectiveAssociation(
        [Association(id: "a", created: 1, input: input)], node: "mi-1", tags: [:]))
  }

  private func run(_ status: String, executed: Int64, recorded: Int64) -> AssociationRun {
    var run = AssociationRun()
    run.status = status
    run.executed = executed
    run.recorded = recorded
    run.checksum = effective.checksum
    return run
  }

  @Test("a run that goes on has its own time")
  func inProgress() {
    let progress = AssociationProgress(
      effective, newest: run("InProgress", executed: 500, recorded: 600), now: 700)
    #expect(progress.status == "InProgress")
    #expect(progress.lastExecuted == 500)
  }

  @Test("a run of which nothing was heard for two hours is asked for again")
  func lost() {
    let end = 600 + AssociationRun.millisecondsMax
    for status in ["InProgress", "Pending"] {
      let newest = run(status, executed: 500, recorded: 600)
      #expect(AssociationProgress(effective, newest: newest, now: end).status == status)
      #expect(AssociationProgress(effective, newest: newest, now: end + 1).status == "Pending")
    }
    let over = run("Failed", executed: 500, recorded: 600)
    #expect(AssociationProgress(effective, newest: over, now: end + 1).status == "Failed")
  }

  @Test("what never ran, or ran as it was before a change, is new")
  func new() {
    #expect(AssociationProgress(effective, newest: nil, now: 700).lastExecuted == nil)
    var newest = run("Success", executed: 500, recorded: 600)
    newest.checksum = "another"
    let progress = AssociationProgress(effective, newest: newest, now: 700)
    #expect(progress.status == "Associated")
    #expect(progress.lastExecuted == nil)
  }

  @Test("what was asked for since is pending")
  func asked() {
    var newest = run("Success", executed: 500, recorded: 600)
    newest.requested = 601
    #expect(AssociationProgress(effective, newest: newest, now: 700).status == "Pending")
  }

  @Test("a run that failed for the server's sake is asked for again, a few times")
  func owed() {
    var newest = run("Failed", executed: 500, recorded: 600)
    newest.settle(refused: false)
    #expect(AssociationProgress(effective, newest: newest, now: 700).status == "Failed")
    for _ in 0..<AssociationRun.repeatsMax {
      newest.settle(refused: true)
      #expect(AssociationProgress(effective, newest: newest, now: 700).status == "Pending")
    }
    newest.settle(refused: true)
    #expect(AssociationProgress(effective, newest: newest, now: 700).status == "Failed")
    newest.status = "Success"
    newest.settle(refused: true)
    #expect(AssociationProgress(effective, newest: newest, now: 700).status == "Success")
    newest.status = "Failed"
    newest.settle(refused: true)
    #expect(AssociationProgress(effective, newest: newest, now: 700).status == "Pending")
  }

  @Test("rows that know nothing of repeats are read")
  func older() throws {
    let row =
      #"{"status":"Success","summary":"","errorCode":"","executed":1,"recorded":1,"#
      + #""checksum":"c","version":1,"execution":"e","requested":0}"#
    #expect(AssociationRun(Array(row.utf8))?.status == "Success")
  }
}
