import HistoryStore
import Inventory
import JSONTape
import PlainText

// Questions about all nodes.

extension Question {
  /// `types`: the inventory types there are.
  package static let types = Question(
    Asked(
      name: "types", verb: "types", path: "/v1/types",
      summary: "The inventory types that were reported."),
    Answered(
      schema: "Type", columns: TypeSummary.columns.descriptions, order: "by scope and name",
      nothing: { _, _, _ in "no inventory type was reported yet" })
  ) { reader, _, answer in
    answer.rows = try reader.schemas().map(TypeSummary.columns.object)
  }

  /// `rollup`: how many nodes have each version of each item.
  package static let rollup = Question(
    Asked(
      name: "rollup", verb: "rollup", path: "/v1/rollup",
      summary: "How many nodes have each version of each item of a type.",
      parameters: [
        .typeOfItems, Parameter("at", .time, "The valid time. Default: now."), .glob,
        Parameter(
          "nodes", .integer(0...Parameter.limitMax),
          "Name up to so many nodes of each line. Default: the node of a line that has one."),
        Parameter(
          "sort", .choice(["value", "count", "version"]),
          "By name, by nodes with the most first, or by version. Default: `value`."),
        Parameter("top", .integer(1...1_000_000), "Only so many lines."),
        .knownAt,
      ] + Parameter.nodeChoice,
      settle: { $0.set("at", $0.time("at") ?? $0.now) }),
    Answered(
      schema: "RollUpLine", columns: NamedLine.columns.descriptions,
      order: "by name, architecture and version, or as `sort` says and then so",
      nothing: { arguments, _, _ in
        let type = arguments.typeOfItems
        return arguments.text("name").map { "no node had \($0) (\(type)) then" }
          ?? "no node had \(type) then"
      })
  ) { reader, arguments, answer in
    let type = arguments.typeOfItems
    let named = arguments.integer("nodes")
    let found = try reader.rollup(
      type: type, at: arguments.time("at") ?? arguments.now, nodes: try arguments.choice(reader),
      someMax: named ?? 1)
    var lines = NamedLine.lines(
      of: found, type, NameFilter(arguments.text("name")), arguments.text("sort"))
    if let top = arguments.integer("top"), top < lines.count {
      answer.leftOut = lines.count - top
      lines.removeLast(lines.count - top)
    }
    answer.rows = try lines.map { line in
      var line = line
      let limit = named ?? (line.line.nodes == 1 ? 1 : 0)
      if limit > 0 {
        line.some = try reader.nodes(of: found, type: type, at: line.position, limit: limit)
      }
      return NamedLine.columns.object(line)
    }
  }
}

extension TypeSummary {
  /// What is told of an inventory type.
  static let columns = Columns<TypeSummary>([
    .init("type", .text, "The inventory type.") { .string($0.type.text) },
    .init("account", .text, "The account.") { .string($0.scope.account) },
    .init("region", .text, "The Region.") { .string($0.scope.region) },
    .init("versions", .texts, "Schema versions seen.") { .array($0.versions.map { .string($0) }) },
    .init("attributes", .texts, "Attributes seen.") { .array($0.attributes.map { .string($0) }) },
    .init("identity", .texts, "The attributes that identify an item; none for one, or for all.") {
      .array($0.identity.map { .string($0) })
    },
    .init("declared", .flag, "Whether the identity was declared.") { .bool($0.isDeclared) },
    .init("nodes", .integer, "Nodes with an observation of it.") { .count($0.nodeCount) },
    .init("deleted", .time, "When it was last ended.", null: "it was not") { .time($0.deleted) },
  ])
}
