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
      schema: "Change", columns: ChangeRow.columns.descriptions,
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
        Parameter(
          "occurrence", .flag,
          "Of two nodes: compare also what belongs to an item's occurrence on a node, such as InstalledTime."
        ),
        Parameter(
          "ignore", .text(max: 64),
          "Pass over this attribute; what identifies an item is never passed over."
        ).repeated,
      ], positional: ["id", "other"],
      rules: [
        Rule("{occurrence} is for two nodes; of two times of one all is compared") {
          $0.node("other") == nil && $0.flag("occurrence")
        },
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
    var comparison: Comparison
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
    for pair in comparison.found {
      let isOfOne = comparison.other == nil || arguments.flag("occurrence")
      let occurrence = isOfOne ? [] : TypeDefinition.of(pair.type).occurrenceAttributes
      comparison.passedOver[pair.type] = AttributesPassedOver(
        Set(arguments.texts("ignore") + occurrence), of: pair.type,
        identity: try reader.schema(of: pair.type)?.identity ?? [])
    }
    answer.rows = comparison.rows.map(Comparison.columns.object)
    answer.compared = ComparedStates(comparison.found)
  }
}
