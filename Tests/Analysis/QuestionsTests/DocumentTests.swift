import Foundation
import Testing

@testable import Questions

/// The documents have the tables of the descriptions, line by line.
@Suite struct DocumentTests {
  private static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("docs")

  private static func text(_ name: String) throws -> String {
    try String(contentsOf: docs.appendingPathComponent(name), encoding: .utf8)
  }

  private static func kind(_ column: ColumnDescription) -> String {
    switch column.kind {
    case .text: "text"
    case .time: "time"
    case .integer: "number"
    case .flag: "`true`, `false`"
    case .map, .item: "object"
    case .texts: "list of texts"
    case .list: "list"
    }
  }

  private static func kind(_ parameter: Parameter) -> String {
    switch parameter.kind {
    case .text, .node, .type, .choice, .position: "text"
    case .time: "time"
    case .integer, .seconds: "number"
    case .flag: "`true`, `false`"
    }
  }

  static func columns(_ question: Question) -> String {
    (["| member | is | |", "|---|---|---|"]
      + question.columns.map { column in
        let null = column.null.map { " Null: \($0)." } ?? ""
        return "| `\(column.name)` | \(kind(column)) | \(column.meaning)\(null) |"
      }).joined(separator: "\n")
  }

  static func parameters(_ question: Question) -> String {
    let rows = question.parameters.filter { !$0.isInPath }.map { parameter in
      let must = parameter.isRequired ? ", a must" : ""
      return "| `\(parameter.name)` | \(kind(parameter))\(must) | \(parameter.meaning) |"
    }
    let heading = "`GET \(question.path)`: \(question.summary) Order: \(question.order)."
    guard !rows.isEmpty else { return heading }
    return heading + "\n\n| parameter | is | |\n|---|---|---|\n" + rows.joined(separator: "\n")
  }

  @Test(arguments: Question.all)
  func `the members of a row are those of the command line's document`(
    question: Question
  ) throws {
    let sections = try Self.text("cli.md").split(separator: "\n### ")
    let section = try #require(sections.first { $0.hasPrefix(question.verb + "\n") })
    // What is in the log and what changed on a node has one form, which is told once.
    let isTold = question.schema == "Change" && question.verb != "history"
    #expect(
      isTold || section.contains(Self.columns(question)),
      "\(question.verb):\n\(Self.columns(question))\n")
  }

  @Test(arguments: Question.all)
  func `the parameters of a route are those of its document`(question: Question) throws {
    #expect(
      try Self.text("http-api.md").contains(Self.parameters(question)),
      "\(Self.parameters(question))\n")
  }
}

extension Question: CustomTestStringConvertible {
  /// The name of the question.
  public var testDescription: String { name }
}
