import HistoryStore
import Inventory
import Questions
import SQLite

/// `diff(node, from, to)`: what differs in a node between two times; `diff_nodes(left, right, at)`: what differs between
/// two nodes.
final class DiffTable: InventoryTable {
  /// What is compared.
  enum Sides { case times, nodes }

  let session: QuerySession
  let name: String
  let columns: [VirtualColumn]
  let indexed: [String: Set<Comparison>] = ["type": [.equal]]
  private let sides: Sides

  init(_ session: QuerySession, _ sides: Sides) {
    self.session = session
    self.sides = sides
    name = sides == .times ? "diff" : "diff_nodes"
    let arguments = sides == .times ? ["node", "from", "to"] : ["left", "right", "at"]
    columns =
      ["type", "change", "name", "version_before", "version_after", "before", "after"]
      .map { VirtualColumn($0) }
      + (arguments + ["known_at"]).map { VirtualColumn($0, isHidden: true) }
  }

  func cost(_ found: Set<String>) -> Plan {
    Plan(cost: 1000, rows: 100, words: "two states, compared")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    let types = bounds.texts("type")
    let type = types?.count == 1 ? types.map { TypeName(stored: $0[0]) } : nil
    let moment = try session.moment(bounds)
    let found = try sides == .times ? times(bounds, type, moment) : nodes(bounds, type, moment)
    var differences = found[...]
    return StreamedRows {
      guard let next = differences.popFirst() else { return nil }
      return next.differences.map { Self.row($0, of: next.type) }
    }
  }

  private static func row(_ difference: Difference, of type: TypeName) -> [SQLValue] {
    let item = difference.new ?? difference.old ?? difference.identity
    return [
      .text(type.text), .text(difference.kind.rawValue),
      SQLValue(NameFilter.name(of: item, of: type)), SQLValue(difference.old?["Version"]),
      SQLValue(difference.new?["Version"]), SQLValue(json: difference.old),
      SQLValue(json: difference.new),
    ]
  }

  private func times(
    _ bounds: NamedBounds, _ type: TypeName?, _ moment: Moment
  ) throws -> [TypeDifference] {
    guard let node = bounds.argument("node")?.asText, let from = bounds.argument("from") else {
      throw SQLError(
        .invalidArgument, "diff needs a node and a time: diff('web-1', '2026-03-03', '2026-04-01')")
    }
    let start = try session.instant(from, "from")
    let end = try bounds.argument("to").map { try session.instant($0, "to") } ?? session.now
    guard let known = try session.node(.text(node)) else { return [] }
    return try session.history.read(session.scope, Moment(knownAt: moment.knownAt)) { reader in
      try reader.diff(of: known.id, type: type, from: start, to: end)
    }
  }

  private func nodes(
    _ bounds: NamedBounds, _ type: TypeName?, _ moment: Moment
  ) throws -> [TypeDifference] {
    guard let left = bounds.argument("left"), let right = bounds.argument("right") else {
      throw SQLError(
        .invalidArgument, "diff_nodes needs two nodes: diff_nodes('web-1', 'web-2', '2026-03-03')")
    }
    guard let a = try session.node(left), let b = try session.node(right) else { return [] }
    return try session.history.read(session.scope, moment) { reader in
      try reader.diff(a.id, b.id, type: type)
    }
  }
}
