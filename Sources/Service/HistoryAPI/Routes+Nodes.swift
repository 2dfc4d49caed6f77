import Questions
import PlainText
import HistoryStore
import Inventory
import JSONTape

extension HistoryAPI {
  /// Questions about nodes.
  static let nodeRoutes: [Route] = [
    Route(
      path: "/v1/nodes", summary: "The nodes in order of their ids.",
      parameters: [
        Parameter(
          name: "after", kind: .text(max: 128), meaning: "Only nodes whose ids come after this."),
        .limit,
      ], schema: "Node"
    ) { api, request, arguments, reply in try api.nodes(request, arguments, &reply) },
    Route(
      path: "/v1/nodes/{id}", summary: "One node.", schema: "Node", isList: false, load: .lookup
    ) { api, request, arguments, _ in try api.node(request, arguments) },
    Route(
      path: "/v1/nodes/{id}/state", summary: "What a node has, or had at a time.",
      parameters: [
        .type, .at, .knownAt, .name,
        Parameter(
          name: "sources", kind: .flag,
          meaning: "Also what each source says, and where one contradicts the answer."),
      ], schema: "State", load: .lookup
    ) { api, request, arguments, _ in try api.state(request, arguments) },
    Route(
      path: "/v1/nodes/{id}/history", summary: "What changed on a node, oldest first.",
      parameters: [.type, .from, .to, .knownAt, .name, .limit], schema: "Change", load: .lookup
    ) { api, request, arguments, _ in try api.history(request, arguments) },
    Route(
      path: "/v1/nodes/{id}/diff",
      summary: "What differs on a node between two times, or between two nodes at one.",
      parameters: [
        .type, .from, .to, .at, .knownAt,
        Parameter(name: "other", kind: .text(max: 128), meaning: "The node to compare with."),
      ], schema: "Difference", load: .lookup
    ) { api, request, arguments, _ in try api.diff(request, arguments) },
  ]

  static let limitStandard = 1000

  private func nodes(
    _ request: APIRequest, _ arguments: Arguments, _ reply: inout Route.Reply
  ) throws -> Route.Found {
    let limit = arguments.integer("limit") ?? Self.limitStandard
    var rows: [JSONValue] = []
    var last: String?
    var isMore = false
    try store.reading(request.scope) { reader in
      try reader.forEachNode(after: arguments.text("after")) { node, number in
        guard rows.count < limit else {
          isMore = true
          return false
        }
        if let summary = try reader.summary(of: node, number: number) { rows.append(summary.json) }
        last = node.text
        return true
      }
    }
    if isMore, let last { reply.headers.append(("X-Stocktake-Next", percentEncoded(last))) }
    return .list(rows, columns: NodeSummary.columns)
  }

  private func node(_ request: APIRequest, _ arguments: Arguments) throws -> Route.Found {
    let node = try arguments.node()
    let found = try store.reading(request.scope) { reader in
      try reader.number(of: node).flatMap { try reader.summary(of: node, number: $0) }
    }
    guard let found else { throw APIError.notFound("no node \(node) ever reported") }
    return .object(found.json)
  }

  private func state(_ request: APIRequest, _ arguments: Arguments) throws -> Route.Found {
    let node = try arguments.node()
    let wanted = try arguments.type()
    let (at, knownAt) = (try arguments.time("at"), try arguments.time("known-at"))
    let types = try wanted.map { [$0] } ?? store.types(of: node, in: request.scope)
    let filter = NameFilter(arguments.text("name"))
    let isFiltered = arguments.text("name") != nil
    let states = try types.map { type in
      let state = try store.state(of: node, type: type, at: at, knownAt: knownAt, in: request.scope)
      let items = isFiltered ? state.items.sorted().filter { filter.matches($0, of: type) } : []
      return StateAnswer(
        state: state,
        items: isFiltered || request.accept?.contains("csv") == true
          ? (isFiltered ? items : Array(state.items)) : [], isFiltered: isFiltered,
        sources: arguments.flag("sources")
          ? try store.sources(of: node, type: type, at: at, knownAt: knownAt, in: request.scope)
          : nil)
    }
    return .states(states, isOne: wanted != nil)
  }

  private func history(_ request: APIRequest, _ arguments: Arguments) throws -> Route.Found {
    let node = try arguments.node()
    let range = try arguments.range()
    let filter = NameFilter(arguments.text("name"))
    let limit = arguments.integer("limit") ?? Self.limitStandard
    let changes = try store.history(
      of: node, type: try arguments.type(), from: range.from, to: range.to,
      knownAt: try arguments.time("known-at"), in: request.scope)
    var rows: [JSONValue] = []
    for change in changes {
      try Task.checkCancellation()
      guard rows.count < limit else { break }
      if filter.matches(change.old, change.new, change.identity, of: change.type) {
        rows.append(change.json)
      }
    }
    return .list(rows, columns: Change.columns)
  }

  private func diff(_ request: APIRequest, _ arguments: Arguments) throws -> Route.Found {
    let node = try arguments.node()
    let type = try arguments.type()
    let knownAt = try arguments.time("known-at")
    let range = try arguments.range()
    let comparison: Comparison
    if let text = arguments.text("other") {
      guard range.from == nil, range.to == nil else {
        throw APIError.bad("two nodes are compared at one time: use at, not from and to")
      }
      guard let other = try? NodeID(text) else { throw APIError.notFound("there is no node other") }
      comparison = Comparison(
        node: node, other: other, changes: [],
        found: try store.diff(
          node, other, type: type, at: try arguments.time("at"), knownAt: knownAt,
          in: request.scope))
    } else {
      guard let from = range.from, arguments.text("at") == nil else {
        throw APIError.bad("compare with what? Give from (and to), or other (and at)")
      }
      let to = range.to ?? store.now
      guard from <= to else { throw APIError.bad("from lies in the future") }
      let found = try store.diff(
        of: node, type: type, from: from, to: to, knownAt: knownAt, in: request.scope)
      let changes = try store.history(
        of: node, type: type, from: from, to: Instant(milliseconds: to.milliseconds + 1),
        knownAt: knownAt, in: request.scope)
      comparison = Comparison(node: node, other: nil, changes: Array(changes), found: found)
    }
    return .list(comparison.rows.map(comparison.json), columns: Comparison.columns)
  }
}
