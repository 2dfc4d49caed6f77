package import HistoryStore
package import Inventory
package import JSONTape

/// Two states of each type, side by side.
package struct Comparison {
  package let node: NodeID
  package let other: NodeID?
  /// The changes between the two times, which tell when each difference came about.
  let changes: [Change]
  package let found: [TypeDifference]

  /// One difference.
  package struct Row {
    package var type: TypeName
    var at: Instant
    package var difference: Difference
    /// The change that brought it about, where one is known.
    package var change: Change?
  }

  /// Takes what the store found, and the changes between two times.
  package init(node: NodeID, other: NodeID?, changes: [Change], found: [TypeDifference]) {
    self.node = node
    self.other = other
    self.changes = changes
    self.found = found
  }

  /// The columns of a list of differences.
  package static let columns = [
    "validTime", "recordedTime", "sequence", "node", "otherNode", "type", "change", "identity",
    "old", "new",
  ]

  /// Every difference with the change that brought it about, where one node has them.
  package var rows: [Row] {
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
    return found.flatMap { pair in
      pair.differences.map { difference in
        let key = Key(type: pair.type, identity: difference.identity, new: difference.new)
        return Row(
          type: pair.type, at: pair.right.at, difference: difference, change: last[key])
      }
    }
  }

  /// One difference.
  package func json(_ row: Row) -> JSONValue {
    let sequence = row.change.map { Int64(clamping: $0.sequence.value) }
    return .object([
      .init("validTime", .time(row.change?.validTime ?? (other == nil ? nil : row.at))),
      .init("recordedTime", .time(row.change?.recordedTime)),
      .init("sequence", sequence.map(JSONValue.integer) ?? .null),
      .init("node", .string(node.text)), .init("otherNode", .text(other?.text)),
      .init("type", .string(row.type.text)),
      .init("change", .string(row.difference.kind.rawValue)),
      .init("identity", .item(row.difference.identity)),
      .init("old", .item(row.difference.old)), .init("new", .item(row.difference.new)),
    ])
  }
}
