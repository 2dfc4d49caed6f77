import HistoryStore
import Inventory
import JSONTape

// What changed in the fleet: the log, a range of valid time, and the same change on many nodes.

extension Question {
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
        .type, .glob, .kind, .newNodes,
        Parameter(
          "known-at", .time,
          "Of a range: answer with what was recorded by this time only. Default: all."),
      ] + Parameter.nodeChoice,
      rules: [
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
      settle: { if $0.hasRange { $0.settleRange() } }),
    Answered(
      schema: "Change", columns: ChangeRow.columns.descriptions,
      order: "as recorded; of a range by scope, valid time, node and type",
      nothing: { _, _, _ in "no change is known that fits" })
  ) { reader, arguments, answer in
    let choice = try arguments.choice(reader)
    let filter = ChangeFilter(arguments, choice)
    if let from = arguments.time("from"), let to = arguments.time("to") {
      guard from < to else { return }
      return try answer.take(
        // Tags and host names may change between two pages, which count in this list.
        try reader.changes(
          from: from, to: to, type: arguments.type, marksFirst: arguments.foldsFirst), arguments,
        through: reader.sequence, filter)
    }
    let newest = reader.sequence.value
    // A position beyond the newest record counts as the newest.
    var start = min(arguments.text("after").flatMap { Position.number($0) } ?? 0, newest)
    while answer.rows.count < arguments.limit, start < newest {
      let limit = arguments.limit - answer.rows.count
      let changes = try reader.changes(
        after: SequenceNumber(start), limit: limit, marksFirst: arguments.foldsFirst)
      var place = 0
      while place < changes.count { answer.take(changes, at: &place, filter) }
      start = changes.count >= limit ? changes.last?.sequence.value ?? newest : newest
    }
    answer.next = String(start)
  }

  /// `changes --group`: the same change on many nodes in one row.
  package static let changeGroups = Question(
    Asked(
      name: "change-groups", verb: "changes", path: "/v1/changes/groups",
      summary: "What changed in a range of valid time, the same change on many nodes in one row.",
      parameters: [
        Parameter("from", .time, "From this valid time on. Default: the beginning."),
        Parameter("to", .time, "Before this valid time. Default: now."),
        .type, .glob, .kind, .newNodes, .knownAt, .limit, .page,
      ] + Parameter.nodeChoice,
      rules: [.someRange], settle: { $0.settleRange() }),
    Answered(
      schema: "ChangeGroup", columns: GroupedChange.columns.descriptions,
      order: "by the number of nodes, the greatest first, then by the first time",
      nothing: { _, _, _ in "no change is known that fits" })
  ) { reader, arguments, answer in
    guard let from = arguments.time("from"), let to = arguments.time("to"), from < to else {
      return
    }
    let filter = ChangeFilter(arguments)
    let groups = try reader.groupedChanges(
      from: from, to: to, type: arguments.type, nodes: try arguments.choice(reader),
      foldsFirst: arguments.foldsFirst, where: filter.passes)
    let start = min(groups.count, arguments.position?.offset ?? 0)
    let end = min(groups.count, start + arguments.limit)
    answer.rows = groups[start..<end].map(GroupedChange.columns.object)
    if end < groups.count {
      answer.next = Position(through: reader.sequence, offset: end).text
    }
  }
}

extension Arguments {
  /// A range of valid time is from the beginning until now where nobody says otherwise.
  fileprivate mutating func settleRange() {
    set("from", time("from") ?? Instant(seconds: 0))
    set("to", time("to") ?? now)
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

  /// Whether all changes of an observation pass where one does.
  var isOfObservations: Bool { name == nil }

  func passes(_ change: Change) -> Bool {
    (type.map { $0 == change.type } ?? true) && (kind.map { $0 == change.kind } ?? true)
      && (choice?(change.scope, change.node) ?? true)
      && (name?.matches(change.old, change.new, change.identity, of: change.type) ?? true)
  }

  /// Whether a change passes, whatever node it is of.
  func passes(_ type: TypeName, _ difference: Difference) -> Bool {
    (kind.map { $0 == difference.kind } ?? true)
      && (name?.matches(difference.old, difference.new, difference.identity, of: type) ?? true)
  }
}

extension Answer {
  /// Takes a page of changes that fit.
  mutating func take(
    _ changes: ChangeList, _ arguments: Arguments, through sequence: SequenceNumber,
    _ filter: ChangeFilter
  ) throws {
    var place = min(changes.count, arguments.position?.offset ?? 0)
    while place < changes.count {
      try Task.checkCancellation()
      guard rows.count < arguments.limit else {
        next = Position(through: sequence, offset: place).text
        return
      }
      take(changes, at: &place, filter)
    }
  }

  /// Takes a change that fits, or all of a first observation as one row, and goes on behind it.
  fileprivate mutating func take(
    _ changes: ChangeList, at place: inout Int, _ filter: ChangeFilter
  ) {
    let change = changes[place]
    guard let range = changes.firstObservation(at: place) else {
      place += 1
      if filter.passes(change) { rows.append(ChangeRow.columns.object(ChangeRow(change))) }
      return
    }
    let count =
      filter.isOfObservations
      ? filter.passes(change) ? range.count : 0 : range.count { filter.passes(changes[$0]) }
    place = range.upperBound
    if count > 0 { rows.append(ChangeRow.columns.object(ChangeRow(change, items: count))) }
  }
}

/// A change, or the first observation of a type on a node.
struct ChangeRow {
  var change: Change
  /// Items of the first observation; nil for a change.
  var items: Int?

  init(_ change: Change) { self.change = change }

  /// A first observation that a change is of.
  init(_ change: Change, items: Int) {
    self.change = change
    self.change.identity = [:]
    self.change.old = nil
    self.change.new = nil
    self.items = items
  }

  /// What is told of a change.
  static let columns = Columns<ChangeRow>([
    .init("validTime", .time, "From when on the new state holds.") { .time($0.change.validTime) },
    .init("recordedTime", .time, "When it was recorded.") { .time($0.change.recordedTime) },
    .init("sequence", .integer, "The record of the log that said so.") {
      .integer(Int64(clamping: $0.change.sequence.value))
    },
    .init("node", .text, "The node.") { .string($0.change.node.text) },
    .init("type", .text, "The inventory type.") { .string($0.change.type.text) },
    .init("change", .text, "`added`, `changed` or `removed`.") {
      .string($0.change.kind.rawValue)
    },
    .init("identity", .item(.identifying), "The attributes that identify the item.") {
      .item($0.change.identity)
    },
    .init("old", .item(.all), "The item before.", null: "it was not there") {
      .item($0.change.old)
    },
    .init("new", .item(.all), "The item after.", null: "it is not there any more") {
      .item($0.change.new)
    },
    .init("account", .text, "The account.") { .string($0.change.scope.account) },
    .init("region", .text, "The Region.") { .string($0.change.scope.region) },
    .init("imported", .flag, "Whether the record was imported.") { .bool($0.change.isImported) },
    .init("source", .text, "What it was imported from.", null: "the node's own report") {
      .text($0.change.source?.name)
    },
    .init(
      "items", .integer, "Items that a first observation added, in one row.",
      null: "it is a change of one item"
    ) { .count($0.items) },
  ])
}

extension GroupedChange {
  /// What is told of the same change on some nodes.
  static let columns = Columns<GroupedChange>([
    .init("nodes", .integer, "Nodes that it happened on.") { .count($0.nodes) },
    .init("count", .integer, "How often it happened.") { .count($0.count) },
    .init("type", .text, "The inventory type.") { .string($0.type.text) },
    .init("change", .text, "`added`, `changed` or `removed`.") {
      .string(($0.change?.kind ?? .added).rawValue)
    },
    .init("identity", .item(.identifying), "The attributes that identify the item.") {
      .item($0.change?.identity ?? [:])
    },
    .init(
      "old", .item(.shared), "The item before, without what differs from node to node.",
      null: "it was not there"
    ) { .item($0.change?.old) },
    .init(
      "new", .item(.shared), "The item after, likewise.", null: "it is not there any more"
    ) { .item($0.change?.new) },
    .init(
      "items", .integer, "Items that first observations added, in one row.",
      null: "it is a change of one item"
    ) { .count($0.change == nil ? $0.items : nil) },
    .init("first", .time, "The valid time at which it happened first.") { .time($0.first) },
    .init("last", .time, "The valid time at which it happened last.") { .time($0.last) },
    .init(
      "someNodes", .texts, "Up to \(GroupedChanges.someMax) of the nodes, first heard of first."
    ) { .array($0.some.map { .string($0.text) }) },
    .init("account", .text, "The account.") { .string($0.scope.account) },
    .init("region", .text, "The Region.") { .string($0.scope.region) },
  ])
}
