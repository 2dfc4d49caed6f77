package import HistoryStore
import Inventory
import JSONTape
import PlainText

// Questions about all nodes.

extension Question {
  /// `nodes`: the nodes there are.
  package static let nodes = Question(
    Asked(
      name: "nodes", verb: "nodes", path: "/v1/nodes", summary: "The nodes in order of their ids.",
      parameters: [
        Parameter("after", .text(max: 128), "Only nodes whose ids come after this."), .limit,
        .nodes, .tags,
      ]),
    Answered(
      schema: "Node", columns: NodeSummary.columns.descriptions, order: "by scope and id",
      nothing: { arguments, _, _ in
        arguments.choosesNodes ? "no node is one of those" : "no node has reported yet"
      })
  ) { reader, arguments, answer in
    let choice = try arguments.choice(reader)
    guard !answer.isOfAllScopes else {
      answer.rows = try reader.nodes().filter { choice?($0.scope, $0.node) ?? true }
        .map(NodeSummary.columns.object)
      return
    }
    var rows: [JSONValue] = []
    var last: String?
    var isMore = false
    try reader.forEachNode(after: arguments.text("after")) { node, number in
      guard rows.count < arguments.limit else {
        isMore = true
        return false
      }
      if let summary = try reader.summary(of: node, number: number),
        choice?(summary.scope, node) ?? true
      {
        rows.append(NodeSummary.columns.object(summary))
      }
      last = node.text
      return true
    }
    answer.rows = rows
    if isMore { answer.next = last }
  }

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

  /// `who-had`: which nodes had an item.
  package static let holders = Question(
    Asked(
      name: "holders", verb: "who-had", path: "/v1/holders",
      summary: "Which nodes had an item at a time, or in a range of time.",
      parameters: [
        .itemName, .typeOfItems,
        Parameter(
          "version", .text(max: 400),
          "Only this Version, or those below or above in Debian's order: `<3.0.11-1`, `>=2`."),
        Parameter("at", .time, "The valid time. Default: now."),
        Parameter("from", .time, "Every holding after this valid time."),
        Parameter("to", .time, "Every holding before this valid time. Default: now."),
        .knownAt, .nodes, .tags,
      ], positional: ["name"], rules: [.momentOrRange, .someRange],
      settle: { arguments in
        guard arguments.hasRange else {
          return arguments.set("at", arguments.time("at") ?? arguments.now)
        }
        arguments.set("from", arguments.time("from") ?? Instant(seconds: 0))
        // What began in this very second counts.
        arguments.set("to", arguments.time("to") ?? arguments.now.advanced(bySeconds: 1))
      }),
    Answered(
      schema: "Holding", columns: NamedHolding.columns.descriptions,
      order: "by scope, node, time and version",
      nothing: { arguments, _, _ in
        let version = arguments.text("version").map { " \($0)" } ?? ""
        return "no node had \(arguments.name)\(version) (\(arguments.typeOfItems)) then"
      })
  ) { reader, arguments, answer in
    let at = Instant(seconds: (arguments.time("at") ?? arguments.now).seconds)
    let from = arguments.time("from") ?? at
    let to = arguments.time("to") ?? at.advanced(bySeconds: 1)
    guard from < to else { return }
    let condition = arguments.text("version").map(VersionCondition.init)
    answer.rows = try reader.holders(
      of: arguments.name, type: arguments.typeOfItems, version: condition?.only, from: from, to: to,
      nodes: try arguments.choice(reader)
    ).filter { condition?.matches($0.version) ?? true }
      .map { NamedHolding.columns.object(NamedHolding(name: arguments.name, holding: $0)) }
  }

  /// `rollup`: how many nodes have each version of each item.
  package static let rollup = Question(
    Asked(
      name: "rollup", verb: "rollup", path: "/v1/rollup",
      summary: "How many nodes have each version of each item of a type.",
      parameters: [
        .typeOfItems, Parameter("at", .time, "The valid time. Default: now."), .glob,
        .knownAt, .nodes, .tags,
      ],
      settle: { $0.set("at", $0.time("at") ?? $0.now) }),
    Answered(
      schema: "RollUpLine", columns: NamedLine.columns.descriptions,
      order: "by name, architecture and version",
      nothing: { arguments, _, _ in
        let type = arguments.typeOfItems
        return arguments.text("name").map { "no node had \($0) (\(type)) then" }
          ?? "no node had \(type) then"
      })
  ) { reader, arguments, answer in
    let type = arguments.typeOfItems
    let found = try reader.rollup(
      type: type, at: arguments.time("at") ?? arguments.now, nodes: try arguments.choice(reader))
    answer.rows = NamedLine.lines(of: found, type, NameFilter(arguments.text("name")))
      .map(NamedLine.columns.object)
  }

  /// `changes`: what was recorded, or what changed in a range of time.
  package static let changes = Question(
    Asked(
      name: "changes", verb: "changes", path: "/v1/changes",
      summary: "The log as it was recorded, from a sequence number on; or a range of valid time.",
      parameters: [
        Parameter(
          "after", .position(log: true),
          "Only log records after this sequence number, by default all; or go on where the page "
            + "before said by X-Stocktake-Next."),
        .limit,
        Parameter(
          "wait", .integer(0...30), "Seconds to wait for a change where there is none yet."),
        .from, Parameter("to", .time, "Before this valid time. Default: now."),
        .type, .glob,
        Parameter("change", .text(max: 7), "Only what was `added`, `changed` or `removed`."),
        Parameter(
          "known-at", .time,
          "Of a range: answer with what was recorded by this time only. Default: all."),
        .nodes, .tags,
      ],
      rules: [
        Rule("{change} is added, changed or removed") { arguments in
          arguments.text("change").map { Change.Kind(rawValue: $0) == nil } ?? false
        },
        Rule("{known-at} is for a range of valid time: give {from} or {to} with it") {
          !$0.hasRange && $0.time("known-at") != nil
        },
        Rule("{after} reads the log, {from} and {to} a range of valid time: not both") {
          $0.hasRange && $0.text("after") != nil && $0.position == nil
        },
        Rule("{after} goes on in a range of valid time: give {from} and {to} with it") {
          !$0.hasRange && $0.position != nil
        },
        .someRange,
      ],
      settle: { arguments in
        guard arguments.hasRange else { return }
        arguments.set("from", arguments.time("from") ?? Instant(seconds: 0))
        arguments.set("to", arguments.time("to") ?? arguments.now)
      }),
    Answered(
      schema: "Change", columns: Change.columns.descriptions,
      order: "as recorded; of a range by scope, valid time, node and type",
      nothing: { _, _, _ in "no change is known that fits" })
  ) { reader, arguments, answer in
    let choice = try arguments.choice(reader)
    let filter = ChangeFilter(arguments, choice)
    if let from = arguments.time("from"), let to = arguments.time("to") {
      guard from < to else { return }
      return try answer.take(
        // Tags and host names may change between two pages, which count in this list.
        try reader.changes(from: from, to: to, type: arguments.type), arguments,
        through: reader.sequence, filter)
    }
    let newest = reader.sequence.value
    // A position beyond the newest record counts as the newest.
    var start = min(arguments.text("after").flatMap { Position.number($0) } ?? 0, newest)
    while answer.rows.count < arguments.limit, start < newest {
      let limit = arguments.limit - answer.rows.count
      let changes = try reader.changes(after: SequenceNumber(start), limit: limit)
      answer.rows += changes.lazy.filter(filter.passes).map(Change.columns.object)
      start = changes.count >= limit ? changes.last?.sequence.value ?? newest : newest
    }
    answer.next = String(start)
  }
}

/// Chooses changes: by their node, type and kind, and by the names of their items.
struct ChangeFilter {
  private let choice: NodeChoice?
  private let type: TypeName?
  private let kind: Change.Kind?
  private let name: NameFilter?

  init(_ arguments: Arguments, _ choice: NodeChoice? = nil) {
    self.choice = choice
    type = arguments.type
    kind = arguments.text("change").flatMap { Change.Kind(rawValue: $0) }
    name = arguments.text("name").map { NameFilter($0) }
  }

  func passes(_ change: Change) -> Bool {
    (type.map { $0 == change.type } ?? true) && (kind.map { $0 == change.kind } ?? true)
      && (choice?(change.scope, change.node) ?? true)
      && (name?.matches(change.old, change.new, change.identity, of: change.type) ?? true)
  }
}

extension NodeSummary {
  /// What is told of a node.
  package static let columns = Columns<NodeSummary>([
    .init("node", .text, "The node.") { .string($0.node.text) },
    .init("account", .text, "The account.") { .string($0.scope.account) },
    .init("region", .text, "The Region.") { .string($0.scope.region) },
    .init("status", .text, "`registered`, `lost`, `terminated` or `deregistered`.") {
      .string($0.status.description)
    },
    .init("statusTime", .time, "The valid time of that.", null: "it only ever reported") {
      .time($0.statusTime)
    },
    .init("tags", .map, "The tags; of a node that is gone, those that it had last.") { summary in
      .object(summary.tags.map { .init($0.name, .string($0.value)) })
    },
    .init("firstRecorded", .time, "When it was first heard of.") { .time($0.firstRecorded) },
    .init("lastSeen", .time, "When it was last heard of.", null: "never") { .time($0.lastSeen) },
  ])
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

/// A holding with the name that was asked for.
struct NamedHolding {
  var name: String
  var holding: Holding

  static let columns = Columns<NamedHolding>([
    .init("node", .text, "The node that had it.") { .string($0.holding.node.text) },
    .init("version", .text, "The item's `Version`.", null: "it has none") {
      .text($0.holding.version)
    },
    .init("from", .time, "When it came.") { .time($0.holding.from) },
    .init("to", .time, "When it went.", null: "the node still has it") { .time($0.holding.to) },
    .init("name", .text, "The name that was asked for.") { .string($0.name) },
    .init("type", .text, "The inventory type.") { .string($0.holding.type.text) },
    .init("account", .text, "The account.") { .string($0.holding.scope.account) },
    .init("region", .text, "The Region.") { .string($0.holding.scope.region) },
    .init("item", .item(.shared), "The item without what differs from node to node.") {
      .item($0.holding.item)
    },
  ])
}
