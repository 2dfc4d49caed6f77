import HistoryStore
import Inventory
import JSONTape
import Packages
import PlainText

/// A line of a roll-up with the name that people know its item by.
struct NamedLine {
  var name: String
  var type: TypeName
  var line: Rollup.Line

  static let columns = Columns<NamedLine>([
    .init("name", .text, "What people call the item.") { .string($0.name) },
    .init("version", .text, "The item's `Version`.", null: "it has none") {
      .text($0.line.version)
    },
    .init("nodes", .integer, "Nodes that have it.") { .count($0.line.nodes) },
    .init("type", .text, "The inventory type.") { .string($0.type.text) },
    .init("item", .item(.shared), "One of the items, without what differs from node to node.") {
      .item($0.line.item)
    },
  ])

  /// The lines that pass, in order.
  static func lines(of rollup: Rollup, _ type: TypeName, _ filter: NameFilter) -> [NamedLine] {
    rollup.filter { filter.matches($0.item, of: type) }
      .map { NamedLine(name: NameFilter.name(of: $0.item, of: type) ?? "", type: type, line: $0) }
      .sorted(by: precedes)
  }

  /// By name, then what else tells items of one name apart, then version.
  static func precedes(_ a: NamedLine, _ b: NamedLine) -> Bool {
    if a.name != b.name { return a.name < b.name }
    let (x, y) = (a.line.item["Architecture"] ?? "", b.line.item["Architecture"] ?? "")
    if x != y { return x < y }
    return isOrderedAsVersions(a.line.version ?? "", b.line.version ?? "")
  }
}
