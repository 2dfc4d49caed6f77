import HistoryStore
import Inventory
import JSONTape
import Packages
import PlainText

extension Question {
  /// Steps that a roll-out has where nobody says: more would not fit a screen.
  private static let stepsPreferredMax: Int64 = 60
  /// Steps that a roll-out can have.
  private static let stepsMax: Int64 = 10_000
  /// Steps as people count time, in seconds.
  private static let naturalSteps: [Int64] = [
    1, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000,
    7_776_000, 31_536_000,
  ]

  /// `rollout`: how versions of an item spread.
  package static let rollout = Question(
    Asked(
      name: "rollout", verb: "rollout", path: "/v1/rollout",
      summary: "How many nodes had each version of an item over time.",
      parameters: [
        .itemName, .typeOfItems, Parameter("from", .time, "The first valid time.").required,
        Parameter("to", .time, "The last valid time. Default: now."),
        Parameter(
          "every", .seconds(1...315_360_000),
          "Seconds from step to step. Default: what gives at most \(stepsPreferredMax) steps."),
        .knownAt,
      ] + Parameter.nodeChoice, positional: ["name"],
      rules: [
        Rule("that are more than \(stepsMax) steps; give a longer {every}") { arguments in
          guard let every = arguments.integer("every") else { return false }
          return length(arguments) / Int64(every) >= stepsMax
        }
      ],
      settle: { arguments in
        let length = length(arguments)
        arguments.set("to", arguments.time("to") ?? arguments.now)
        let every =
          naturalSteps.first { length / $0 < stepsPreferredMax } ?? max(1, length / 50)
        arguments.set("every", arguments.integer("every") ?? Int(every))
      }),
    Answered(
      schema: "RolloutStep", columns: RolloutRow.columns.descriptions, order: "by time",
      isFound: { $0.contains { $0["nodes"]?.members.isEmpty == false } },
      nothing: { arguments, _, _ in
        "no node had \(arguments.name) (\(arguments.typeOfItems)) in that time"
      })
  ) { reader, arguments, answer in
    let choice = try arguments.choice(reader)
    let steps = try reader.rollout(
      of: arguments.name, type: arguments.typeOfItems, at: Question.steps(arguments), nodes: choice)
    var firsts: [String: Instant] = [:]
    for version in try reader.appearances(
      of: ItemNames(arguments.name), type: arguments.typeOfItems, nodes: choice)
    { firsts[version.version ?? ""] = version.first }
    answer.rows = steps.map { step in
      var row = RolloutRow(step: step)
      for version in step.nodesByVersion.keys {
        // Each is told once.
        if let first = firsts.removeValue(forKey: version) { row.firsts[version] = first }
      }
      return RolloutRow.columns.object(row)
    }
  }

  /// The moments from one time to another, both included where the step hits the second.
  static func steps(_ arguments: Arguments) -> [Instant] {
    let from = arguments.time("from") ?? arguments.now
    let every = Int64(arguments.integer("every") ?? 1)
    return (0...(length(arguments) / every)).map { from.advanced(bySeconds: $0 * every) }
  }

  private static func length(_ arguments: Arguments) -> Int64 {
    let to = arguments.time("to") ?? arguments.now
    return max(0, to.seconds - (arguments.time("from") ?? to).seconds)
  }
}

/// A step, with the versions that no step before it has.
struct RolloutRow {
  var step: RolloutStep
  var firsts: [String: Instant] = [:]

  /// What is told of a step.
  static let columns = Columns<RolloutRow>([
    .init("at", .time, "The valid time.") { .time($0.step.at) },
    .init("nodes", .map, "Nodes by version; no version counts under the empty text.") { row in
      .object(inOrder(row.step.nodesByVersion).map { .init($0.key, .count($0.value)) })
    },
    .init(
      "firstSeen", .map,
      "Of the versions that no step before has: when each was first observed at all, whether in this range "
        + "or before it."
    ) { row in .object(inOrder(row.firsts).map { .init($0.key, .time($0.value)) }) },
  ])

  private static func inOrder<Value>(_ versions: [String: Value]) -> [(key: String, value: Value)] {
    versions.sorted { isOrderedAsVersions($0.key, $1.key) }
  }
}
