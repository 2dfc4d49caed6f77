import HistoryStore
import JSONTape
import Questions

extension HistoryAPI {
  /// The forms of what is answered: of each question from its columns; the same as the command line's JSON.
  static let schemas: JSONValue = {
    var forms: [JSONValue.Member] = []
    for question in Question.all where !forms.contains(where: { $0.name == question.schema }) {
      // A state has its items behind its facts, and what its sources say where that is asked for.
      let isState = question.shape == .states
      forms.append(
        form(
          question.schema, question.columns,
          lists: isState ? [("items", "Item"), ("sources", "Source")] : [],
          optional: isState ? ["sources"] : []))
    }
    return .object(
      forms + [
        form("Source", SourceClaim.columns.descriptions),
        form("SourceDifference", Difference.columns.descriptions),
        form("Recorded", recordedColumns, optional: recordedColumns.names), form("Item", []),
        form(
          "Report", [column("InstanceId", .text, "The node.")], lists: [("Items", "Item")]),
        form("Error", [column("error", .map, "Its code and message.")]), sqlQuery, sqlAnswer,
        sqlRow,
      ])
  }()

  private static let sqlQuery = form(
    "SQLQuery",
    [
      column("sql", .text, "One SELECT."),
      column("parameters", .map, "Values of `:name`; or a list, of question marks."),
      column("at", .time, "The valid time of tables that are told no other. Default: now."),
      column("known-at", .time, "Answer with what was recorded by this time only. Default: all."),
      column("limit", .integer, "Rows that are enough: 1 to 100000. Default: 1000."),
      column("timeout", .integer, "Seconds that it may take: 1 to 30. Default: 30."),
    ], optional: ["parameters", "at", "known-at", "limit", "timeout"])

  private static let sqlAnswer = form(
    "SQLAnswer",
    [
      column("columns", .texts, "The names of the columns."),
      column("truncated", .flag, "Whether there were more rows."),
      column("sequence", .integer, "The record of the log through which all was known."),
    ], lists: [("rows", "SQLRow")])

  private static let sqlRow = JSONValue.Member(
    "SQLRow", .object([.init("type", .string("array"))]))

  /// What is told of each report that was handed over; what goes with it depends on what became of it.
  static let recordedColumns = [
    column("node", .text, "The node."),
    column("sequence", .integer, "The record of the log.", null: "everything was known already"),
    column("items", .integer, "Items of the report."),
    column("changes", .integer, "Items added, changed or removed."),
    column("line", .integer, "The line of a report that was refused."),
    column("error", .text, "Why it was refused."),
    column("code", .text, "The same as a word for programs."),
    column("count", .integer, "How many more were refused."),
  ]

  private static func column(
    _ name: String, _ kind: ColumnDescription.Kind, _ meaning: String, null: String? = nil
  ) -> ColumnDescription {
    ColumnDescription(name: name, kind: kind, meaning: meaning, null: null)
  }

  private static func form(
    _ name: String, _ columns: [ColumnDescription], lists: [(String, String)] = [],
    optional: [String] = []
  ) -> JSONValue.Member {
    let members =
      columns.map { JSONValue.Member($0.name, schema($0)) }
      + lists.map { JSONValue.Member($0.0, list(of: $0.1)) }
    return .init(
      name,
      .object([
        .init("type", .string("object")), .init("properties", .object(members)),
        .init(
          "required",
          .array(members.map(\.name).filter { !optional.contains($0) }.map { .string($0) })),
      ]))
  }

  private static func list(of name: String) -> JSONValue {
    .object([
      .init("type", .string("array")),
      .init("items", .object([.init("$ref", .string("#/components/schemas/\(name)"))])),
    ])
  }

  private static func schema(_ column: ColumnDescription) -> JSONValue {
    let type: String
    switch column.kind {
    case .text, .time: type = "string"
    case .integer: type = "integer"
    case .flag: type = "boolean"
    case .map, .item: type = "object"
    case .texts:
      return .object([
        .init("type", .string("array")),
        .init("items", .object([.init("type", .string("string"))])),
        .init("description", .string(column.meaning)),
      ])
    case .list(let name): return list(of: name)
    }
    return .object([
      .init(
        "type", column.null == nil ? .string(type) : .array([.string(type), .string("null")])),
      .init("description", .string(column.meaning)),
    ])
  }
}
