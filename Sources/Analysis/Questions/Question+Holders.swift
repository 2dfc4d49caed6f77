import Glibc
import HistoryStore
import Inventory
import JSONTape
import PlainText

// Who had what, from when to when, and since when it is known at all.

extension Question {
  /// `who-had`: which nodes had an item.
  package static let holders = Question(
    Asked(
      name: "holders", verb: "who-had", path: "/v1/holders",
      summary: "Which nodes had an item at a time, or in a range of time.",
      parameters: [
        .itemNames, .typeOfItems, .version,
        Parameter("at", .time, "The valid time. Default: now."),
        Parameter("from", .time, "Every holding after this valid time."),
        Parameter("to", .time, "Every holding before this valid time. Default: now."),
        Parameter(
          "stale", .seconds(1...3_153_600_000),
          "Mark what was not confirmed for so many seconds before the time asked about."),
        .knownAt,
      ] + Parameter.nodeChoice, positional: ["name"], rules: [.momentOrRange, .someRange],
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
    let names = ItemNames(pattern: arguments.name)
    let found = try reader.holders(
      of: names, type: arguments.typeOfItems, version: condition?.only, from: from, to: to,
      nodes: try arguments.choice(reader)
    ).filter { condition?.matches($0.version) ?? true }
    let stale = arguments.integer("stale").map { to.advanced(bySeconds: -Int64($0) - 1) }
    answer.rows = try found.map { holding in
      let confirmed = try reader.lastConfirmed(holding, before: to)
      let isOpen = holding.to.map { $0 >= to } ?? true
      return NamedHolding.columns.object(
        NamedHolding(
          name: names.isOne
            ? arguments.name
            : NameFilter.name(of: holding.item, of: holding.type) ?? arguments.name,
          holding: holding, confirmed: confirmed,
          isStale: isOpen && stale.map { (confirmed ?? .distantPast) < $0 } ?? false))
    }
  }

  /// `first-seen`: when an item, and each version of it, was first there.
  package static let firstSeen = Question(
    Asked(
      name: "first-seen", verb: "first-seen", path: "/v1/first-seen",
      summary: "When each version of an item was first in the fleet, and where.",
      parameters: [.itemNames, .typeOfItems, .version, .knownAt] + Parameter.nodeChoice,
      positional: ["name", "type"]),
    Answered(
      schema: "Appearance", columns: Appearance.columns(of: .application).descriptions,
      order: "by scope, name, time and version",
      nothing: { arguments, _, _ in
        let version = arguments.text("version").map { " \($0)" } ?? ""
        return "no node ever had \(arguments.name)\(version) (\(arguments.typeOfItems))"
      })
  ) { reader, arguments, answer in
    let condition = arguments.text("version").map(VersionCondition.init)
    answer.rows = try reader.appearances(
      of: ItemNames(pattern: arguments.name), type: arguments.typeOfItems,
      nodes: try arguments.choice(reader)
    ).filter { condition?.matches($0.version) ?? true }
      .map(Appearance.columns(of: arguments.typeOfItems).object)
  }
}

extension ItemNames {
  /// A name, or the names that a pattern of the shell matches; what is spelled like a pattern can be a name too.
  init(pattern text: String) {
    let scalars = text.unicodeScalars
    guard let special = scalars.firstIndex(where: { "*?[\\".unicodeScalars.contains($0) }) else {
      self.init(text)
      return
    }
    self.init(beginning: String(scalars[..<special])) { name in
      if name == text { return true }
      return unsafe fnmatch(text, name, 0) == 0
    }
  }
}

/// A holding with the item's name, and how well it is founded.
struct NamedHolding {
  var name: String
  var holding: Holding
  var confirmed: Instant?
  var isStale: Bool

  static let columns = Columns<NamedHolding>([
    .init("node", .text, "The node that had it.") { .string($0.holding.node.text) },
    .init("version", .text, "The item's `Version`.", null: "it has none") {
      .text($0.holding.version)
    },
    .init("from", .time, "When it came.") { .time($0.holding.from) },
    .init("to", .time, "When it went.", null: "the node still has it") { .time($0.holding.to) },
    .init(
      "confirmed", .time,
      "When the node last said, before the time asked about and before it went, that it has it."
    ) { .time($0.confirmed) },
    .init("stale", .flag, "Whether that is longer ago than `stale` allows, of what is still there.")
    {
      .bool($0.isStale)
    },
    .init("name", .text, "The item's name.") { .string($0.name) },
    .init("type", .text, "The inventory type.") { .string($0.holding.type.text) },
    .init("account", .text, "The account.") { .string($0.holding.scope.account) },
    .init("region", .text, "The Region.") { .string($0.holding.scope.region) },
    .init("item", .item(.shared), "The item without what differs from node to node.") {
      .item($0.holding.item)
    },
  ])
}

extension Appearance {
  /// What is told of the first time that a version was there.
  static func columns(of type: TypeName) -> Columns<Appearance> {
    Columns<Appearance>([
      .init("name", .text, "The item's name.") { .string($0.name) },
      .init("version", .text, "The item's `Version`.", null: "it has none") { .text($0.version) },
      .init("first", .time, "When it was first observed.") { .time($0.first) },
      .init("node", .text, "Where; of several nodes the first by id.") { .string($0.node.text) },
      .init(
        "fromStart", .flag,
        "Whether nothing was known of the node before: then it can have been there earlier."
      ) { .bool($0.isFromStart) },
      .init("last", .time, "When the last node lost it.", null: "a node has it still") {
        .time($0.last)
      },
      .init("nodes", .integer, "Nodes that ever had it.") { .count($0.nodes) },
      .init("still", .integer, "Nodes that have it still.") { .count($0.still) },
      .init("type", .text, "The inventory type.") { _ in .string(type.text) },
      .init("account", .text, "The account.") { .string($0.scope.account) },
      .init("region", .text, "The Region.") { .string($0.scope.region) },
    ])
  }
}
