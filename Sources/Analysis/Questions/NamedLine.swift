import HistoryStore
import Inventory
import JSONTape
import Packages
import PlainText

/// A line of a roll-up with the name that people know its item by.
struct NamedLine {
  var name: String
  var type: TypeName
  /// Where it stands in the roll-up.
  var position: Int
  var line: Rollup.Line
  /// Nodes of it that are named.
  var some: [NodeID] = []

  static let columns = Columns<NamedLine>([
    .init("name", .text, "What people call the item.") { .string($0.name) },
    .init("version", .text, "The item's `Version`.", null: "it has none") {
      .text($0.line.version)
    },
    .init("nodes", .integer, "Nodes that have it.") { .count($0.line.nodes) },
    .init("someNodes", .texts, "Nodes of it that are named, first heard of first.") {
      .array($0.some.map { .string($0.text) })
    },
    .init("type", .text, "The inventory type.") { .string($0.type.text) },
    .init("item", .item(.shared), "One of the items, without what differs from node to node.") {
      .item($0.line.item)
    },
  ])

  /// The lines that pass, in an order.
  static func lines(
    of rollup: Rollup, _ type: TypeName, _ filter: NameFilter, _ order: String?
  ) -> [NamedLine] {
    var lines: [NamedLine] = []
    for (position, line) in rollup.enumerated() where filter.matches(line.item, of: type) {
      let name = NameFilter.name(of: line.item, of: type) ?? ""
      lines.append(NamedLine(name: name, type: type, position: position, line: line))
    }
    switch order {
    case "count":
      lines.sort { a, b in
        a.line.nodes != b.line.nodes ? a.line.nodes > b.line.nodes : precedes(a, b)
      }
    case "version":
      lines.sort { a, b in
        if isOlder(a, b) { return true }
        return isOlder(b, a) ? false : precedes(a, b)
      }
    default: lines.sort(by: precedes)
    }
    return lines
  }

  /// By name, then what else tells items of one name apart, then version.
  static func precedes(_ a: NamedLine, _ b: NamedLine) -> Bool {
    if a.name != b.name { return a.name < b.name }
    let (x, y) = (a.line.item["Architecture"] ?? "", b.line.item["Architecture"] ?? "")
    if x != y { return x < y }
    return isOlder(a, b)
  }

  private static func isOlder(_ a: NamedLine, _ b: NamedLine) -> Bool {
    isOrderedAsVersions(a.line.version ?? "", b.line.version ?? "")
  }
}
