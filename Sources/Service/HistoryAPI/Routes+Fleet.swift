import Questions
import HistoryStore
import Inventory
import JSONTape

extension HistoryAPI {
  private static let itemName = Parameter(
    name: "name", kind: .text(max: 400), isRequired: true,
    meaning: "The first attribute of the item's identity: mostly its Name.")

  /// Questions about the fleet.
  static let fleetRoutes: [Route] = [
    Route(path: "/v1/types", summary: "The inventory types that were reported.", schema: "Type") {
      api, request, _, _ in
      .list(
        try api.store.schemas(in: request.scope).map(\.json), columns: TypeSummary.columns)
    },
    Route(
      path: "/v1/holders", summary: "Which nodes had an item at a time, or in a range of time.",
      parameters: [
        itemName, .type,
        Parameter(name: "version", kind: .text(max: 400), meaning: "Only this Version."), .at,
        .from, .to,
      ], schema: "Holding"
    ) { api, request, arguments, _ in try api.holders(request, arguments) },
    Route(
      path: "/v1/rollout", summary: "How many nodes had each version of an item over time.",
      parameters: [
        itemName, .type, Parameter.from.required, .to,
        Parameter(
          name: "every", kind: .integer(1...315_360_000),
          meaning: "Seconds from step to step. Default: a sixtieth of the range."),
      ], schema: "RolloutStep"
    ) { api, request, arguments, _ in try api.rollout(request, arguments) },
    Route(
      path: "/v1/rollup", summary: "How many nodes have each version of each item of a type.",
      parameters: [.type, .at, .name], schema: "RollUpLine"
    ) { api, request, arguments, _ in try api.rollup(request, arguments) },
    Route(
      path: "/v1/changes",
      summary: "The log as it was recorded, from a sequence number on; or a range of valid time.",
      parameters: [
        Parameter(
          name: "after", kind: .integer(0...(1 << 48)),
          meaning: "Only log records after this sequence number. Default: 0."),
        .limit,
        Parameter(
          name: "wait", kind: .integer(0...30),
          meaning: "Seconds to wait for a change where there is none yet."),
        .from, .to,
      ], schema: "Change", load: .wait
    ) { api, request, arguments, reply in try await api.changes(request, arguments, &reply) },
    Route(
      method: "POST", path: "/v1/reports",
      summary: "Record a report in the form of PutInventory, or one on each line as NDJSON.",
      schema: "Recorded", writes: true, load: .report
    ) { api, request, _, _ in try await api.record(request) },
  ]

  private func holders(_ request: APIRequest, _ arguments: Arguments) throws -> Route.Found {
    let name = arguments.text("name") ?? ""
    let range = try arguments.range()
    let isRange = range.from != nil || range.to != nil
    guard !isRange || arguments.text("at") == nil else {
      throw APIError.bad("at is one time, from and to are a range: give one or the other")
    }
    // A moment is the second that begins with it: valid times are whole seconds.
    let moment = Instant(seconds: (try arguments.time("at") ?? store.now).seconds)
    let from = isRange ? range.from ?? Instant(seconds: 0) : moment
    let to = isRange ? range.to ?? store.now.advanced(bySeconds: 1) : moment.advanced(bySeconds: 1)
    guard from < to else { return .list([], columns: Holding.columns) }
    let holdings = try store.holders(
      of: name, type: try arguments.type() ?? .application, version: arguments.text("version"),
      from: from, to: to, in: request.scope)
    return .list(holdings.map { $0.json(name: name) }, columns: Holding.columns)
  }

  /// Steps that a roll-out can have.
  private static let stepsMax: Int64 = 10_000

  private func rollout(_ request: APIRequest, _ arguments: Arguments) throws -> Route.Found {
    let range = try arguments.range()
    let from = range.from ?? store.now
    let to = range.to ?? store.now
    guard from <= to else { throw APIError.bad("from lies in the future") }
    let length = to.seconds - from.seconds
    let step = arguments.integer("every").map(Int64.init) ?? max(1, length / 60)
    guard length / step < Self.stepsMax else {
      throw APIError.bad("that are more than \(Self.stepsMax) steps; give a larger every")
    }
    let steps = (0...(length / step)).map { from.advanced(bySeconds: $0 * step) }
    let rollout = try store.rollout(
      of: arguments.text("name") ?? "", type: try arguments.type() ?? .application, at: steps,
      in: request.scope)
    return .list(rollout.map(\.json), columns: RolloutStep.columns)
  }

  private func rollup(_ request: APIRequest, _ arguments: Arguments) throws -> Route.Found {
    let type = try arguments.type() ?? .application
    let found = try store.rollup(
      type: type, at: try arguments.time("at") ?? store.now, in: request.scope)
    let lines = NamedLine.lines(of: found, type, NameFilter(arguments.text("name")))
    return .list(lines.map { $0.json(type) }, columns: NamedLine.columns)
  }
}
