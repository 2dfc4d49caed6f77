import HistoryStore
import Inventory
import JSONTape
import Times

// Questions about one node.

extension Question {
  /// `show`: what a node has, or had.
  package static let state = Question(
    Asked(
      name: "state", verb: "show", path: "/v1/nodes/{id}/state",
      summary: "What a node has, or had at a time.",
      parameters: [
        .node, .type, .at, .knownAt, .glob,
        Parameter(
          "sources", .flag, "Also what each source says, and where one contradicts the answer."),
      ], positional: ["id", "type"]),
    Answered(
      shape: .states, schema: "State", columns: InventoryState.columns.descriptions,
      order: "by type; items as the node sent them, and with `name` sorted", nothing: noState)
  ) { reader, arguments, answer in
    let node = try reader.meant(arguments.node)
    let types = if let type = arguments.type { [type] } else { try reader.types(of: node) }
    let filter = arguments.text("name").map { NameFilter($0) }
    for type in types {
      let state = try reader.state(of: node, type: type)
      let chosen = filter.map { filter in
        state.items.filter { filter.matches($0, of: type) }.sortedForPeople()
      }
      let sources = arguments.flag("sources") ? try reader.sources(of: node, type: type) : nil
      answer.states.append(StateAnswer(state, chosen: chosen, sources: sources))
    }
  }

  private static let noState: @Sendable (Arguments, Answer, Zone) -> String = {
    arguments, answer, zone in
    guard let first = answer.states.first else {
      return "nothing is known of node \(arguments.node); \"stocktake nodes\" lists those there are"
    }
    let what =
      answer.states.count == 1
      ? "\(first.type) of \(arguments.node)" : "node \(arguments.node)"
    let at = first["at"]?.text.flatMap { Instant(rfc3339: $0) }.map(zone.text) ?? "that time"
    return switch first.knowledge {
    case .observed: "no item of \(what) is named \"\(arguments.name)\""
    case .erased: "\(what) at \(at) has been erased"
    case .unknown: "\(what) is unknown at \(at)"
    }
  }

  /// `history`: what changed on a node.
  package static let history = Question(
    Asked(
      name: "history", verb: "history", path: "/v1/nodes/{id}/history",
      summary: "What changed on a node, oldest first.",
      parameters: [.node, .type, .from, .to, .knownAt, .glob, .limit, .page],
      positional: ["id", "type"]),
    Answered(
      schema: "Change", columns: Change.columns.descriptions,
      order: "by valid time, record and type",
      nothing: { arguments, _, _ in "no change of \(arguments.node) is known that fits" })
  ) { reader, arguments, answer in
    let changes = try reader.history(
      of: try reader.meant(arguments.node), type: arguments.type, from: arguments.time("from"),
      to: arguments.time("to"))
    try answer.take(
      changes, arguments, through: reader.sequence, ChangeFilter(arguments))
  }

  /// `diff`: what differs between two times, or two nodes.
  package static let diff = Question(
    Asked(
      name: "diff", verb: "diff", path: "/v1/nodes/{id}/diff",
      summary: "What differs on a node between two times, or between two nodes at one.",
      parameters: [
        .node, Parameter("other", .node, "The node to compare with."), .from,
        Parameter("to", .time, "The time to compare with. Default: now."),
        Parameter(
          "at", .time, "The valid time at which two nodes are compared. Default: the newest."),
        .type, .knownAt,
      ], positional: ["id", "other"],
      rules: [
        Rule("two nodes are compared at one time: use {at}, not {from} and {to}") {
          $0.node("other") != nil && $0.hasRange
        },
        Rule("{at} compares two nodes; name the other one, or use {from} and {to}") {
          $0.node("other") == nil && $0.time("at") != nil
        },
        Rule("compare with what? Give {from}, or a second node") {
          $0.node("other") == nil && $0.time("from") == nil
        },
      ],
      settle: { arguments in
        if arguments.node("other") == nil, arguments.time("to") == nil {
          arguments.set("to", arguments.now)
        }
      }),
    Answered(
      schema: "Difference", columns: Comparison.columns.descriptions,
      order: "by type",
      nothing: { _, answer, _ in
        answer.compared?.count ?? 0 > 0 ? "no difference" : "there is nothing known to compare"
      })
  ) { reader, arguments, answer in
    let node = try reader.meant(arguments.node)
    let comparison: Comparison
    if let other = try arguments.node("other").map({ try reader.meant($0) }) {
      comparison = Comparison(
        node: node, other: other, changes: [],
        found: try reader.diff(node, other, type: arguments.type))
    } else {
      let from = arguments.time("from") ?? arguments.now
      let to = arguments.time("to") ?? arguments.now
      let found = try reader.diff(of: node, type: arguments.type, from: from, to: to)
      // The state at `to` includes what changed at that very moment.
      let end = Instant(milliseconds: to.milliseconds + 1)
      let changes =
        found.contains { !$0.differences.isEmpty }
        ? Array(try reader.history(of: node, type: arguments.type, from: from, to: end)) : []
      comparison = Comparison(node: node, other: nil, changes: changes, found: found)
    }
    answer.rows = comparison.rows.map(Comparison.columns.object)
    answer.compared = ComparedStates(comparison.found)
  }
}

extension Answer {
  /// Takes a page of changes that fit.
  mutating func take(
    _ changes: ChangeList, _ arguments: Arguments, through sequence: SequenceNumber,
    _ filter: ChangeFilter
  ) throws {
    for index in min(changes.count, arguments.position?.offset ?? 0)..<changes.count {
      try Task.checkCancellation()
      guard rows.count < arguments.limit else {
        next = Position(through: sequence, offset: index).text
        return
      }
      let change = changes[index]
      if filter.passes(change) { rows.append(Change.columns.object(change)) }
    }
  }
}

extension Change {
  /// What is told of a change.
  static let columns = Columns<Change>([
    .init("validTime", .time, "From when on the new state holds.") { .time($0.validTime) },
    .init("recordedTime", .time, "When it was recorded.") { .time($0.recordedTime) },
    .init("sequence", .integer, "The record of the log that said so.") {
      .integer(Int64(clamping: $0.sequence.value))
    },
    .init("node", .text, "The node.") { .string($0.node.text) },
    .init("type", .text, "The inventory type.") { .string($0.type.text) },
    .init("change", .text, "`added`, `changed` or `removed`.") { .string($0.kind.rawValue) },
    .init("identity", .item(.identifying), "The attributes that identify the item.") {
      .item($0.identity)
    },
    .init("old", .item(.all), "The item before.", null: "it was not there") { .item($0.old) },
    .init("new", .item(.all), "The item after.", null: "it is not there any more") {
      .item($0.new)
    },
    .init("account", .text, "The account.") { .string($0.scope.account) },
    .init("region", .text, "The Region.") { .string($0.scope.region) },
    .init("imported", .flag, "Whether the record was imported.") { .bool($0.isImported) },
    .init("source", .text, "What it was imported from.", null: "the node's own report") {
      .text($0.source?.name)
    },
  ])
}
