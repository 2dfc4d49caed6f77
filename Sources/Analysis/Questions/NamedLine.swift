package import HistoryStore
package import Inventory
package import JSONTape
import PlainText

/// A line of a roll-up with the name that people know its item by.
package struct NamedLine {
  /// The columns of a roll-up.
  package static let columns = ["name", "version", "nodes", "type", "item"]

  package var name: String
  package var line: Rollup.Line

  /// One line.
  package func json(_ type: TypeName) -> JSONValue {
    .object([
      .init("name", .string(name)), .init("version", .text(line.version)),
      .init("nodes", .count(line.nodes)), .init("type", .string(type.text)),
      .init("item", .item(line.item)),
    ])
  }

  /// The lines that pass, in order.
  package static func lines(
    of rollup: Rollup, _ type: TypeName, _ filter: NameFilter
  ) -> [NamedLine] {
    rollup.filter { filter.matches($0.item, of: type) }
      .map { NamedLine(name: NameFilter.name(of: $0.item, of: type) ?? "", line: $0) }
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
