import HistoryStore
import Inventory
import JSONTape

/// Two states of each type, side by side.
struct Comparison {
  let node: NodeID
  let other: NodeID?
  /// The changes between the two times, which tell when each difference came about.
  let changes: [Change]
  let found: [TypeDifference]
  /// What is passed over in each type.
  var passedOver: [TypeName: AttributesPassedOver] = [:]

  /// One difference.
  struct Row {
    var node: NodeID
    var other: NodeID?
    var type: TypeName
    /// When the right side was compared.
    var at: Instant
    var difference: Difference
    /// The change that brought it about, where one is known.
    var change: Change?
  }

  static let columns = Columns<Row>([
    .init(
      "validTime", .time, "When the difference came about; of two nodes, when they were compared.",
      null: "no change tells"
    ) { .time($0.change?.validTime ?? ($0.other == nil ? nil : $0.at)) },
    .init("recordedTime", .time, "When that was recorded.", null: "two nodes were compared") {
      .time($0.change?.recordedTime)
    },
    .init("sequence", .integer, "The record that said so.", null: "two nodes were compared") {
      $0.change.map { .integer(Int64(clamping: $0.sequence.value)) } ?? .null
    },
    .init("node", .text, "The node, which has `old`.") { .string($0.node.text) },
    .init("otherNode", .text, "The second node, which has `new`.", null: "two times of one") {
      .text($0.other?.text)
    },
    .init("type", .text, "The inventory type.") { .string($0.type.text) },
    .init("change", .text, "`added`, `changed` or `removed`.") {
      .string($0.difference.kind.rawValue)
    },
    .init("identity", .item(.identifying), "The attributes that identify the item.") {
      .item($0.difference.identity)
    },
    .init("old", .item(.all), "The item on the left.", null: "only the right has it") {
      .item($0.difference.old)
    },
    .init("new", .item(.all), "The item on the right.", null: "only the left has it") {
      .item($0.difference.new)
    },
  ])

  /// Every difference with the change that brought it about, where one node has them.
  var rows: [Row] {
    struct Key: Hashable {
      var type: TypeName
      var identity: Item
      var new: Item?
    }
    // The last one counts: the later ones overwrite the earlier.
    var last: [Key: Change] = [:]
    for change in changes {
      last[Key(type: change.type, identity: change.identity, new: change.new)] = change
    }
    return found.flatMap { pair -> [Row] in
      let passed =
        passedOver[pair.type] ?? AttributesPassedOver([], of: pair.type, identity: [])
      return passed.differences(pair.differences).map { one in
        let key = Key(type: pair.type, identity: one.whole.identity, new: one.whole.new)
        return Row(
          node: node, other: other, type: pair.type, at: pair.right.at, difference: one.shown,
          change: last[key])
      }
    }
  }
}
