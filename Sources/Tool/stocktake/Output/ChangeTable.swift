import HistoryStore
import Inventory
import JSONTape
import Questions
import Times

/// How changes look to people.
enum ChangeTable {
  /// The kind with its sign, in its colour.
  static func cell(_ kind: Change.Kind) -> Table.Cell {
    switch kind {
    case .added: .init("+ added", .green)
    case .changed: .init("~ changed", .yellow)
    case .removed: .init("- removed", .red)
    }
  }

  /// What identifies an item, in one cell.
  static func identity(_ identity: Item, _ type: TypeName) -> Table.Cell {
    if identity.attributes.isEmpty { return .init("(the node)", .faint) }
    let definition = TypeDefinition.of(type)
    if case .attributes(let names) = definition.identity {
      return .init(names.compactMap { identity[$0] }.filter { !$0.isEmpty }.joined(separator: " "))
    }
    return .init(
      NameFilter.name(of: identity, of: type)
        ?? identity.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: " "))
  }

  /// What is different: `Version 1.0 → 1.1`; of items that came or went their version.
  static func summary(_ old: Item?, _ new: Item?, _ identity: Item) -> Table.Cell {
    guard let old, let new else {
      let item = old ?? new ?? [:]
      if let version = item["Version"] { return .init("Version \(version)") }
      let rest = item.attributes.filter { identity[$0.name] == nil && !$0.value.isEmpty }
      return .init(rest.map { "\($0.name) \($0.value)" }.joined(separator: ", "))
    }
    var names = old.attributes.map(\.name)
    names += new.attributes.map(\.name).filter { old[$0] == nil }
    // The version is what people look for.
    let ordered = names.filter { $0 == "Version" } + names.filter { $0 != "Version" }
    let parts = ordered.compactMap { name -> String? in
      let (before, after) = (old[name], new[name])
      return before == after ? nil : "\(name) \(before ?? "none") → \(after ?? "none")"
    }
    return .init(parts.joined(separator: ", "))
  }

  /// What a row says of a change: kind, type, item, and what is different.
  static func cells(of row: JSONValue) -> [Table.Cell] {
    let type = TypeName(stored: CSV.field(row["type"]))
    let kind = Change.Kind(rawValue: CSV.field(row["change"])) ?? .changed
    let identity = row.item("identity") ?? [:]
    return [
      cell(kind), .init(type.text), self.identity(identity, type),
      summary(row.item("old"), row.item("new"), identity),
    ]
  }

  /// A table of changes, in the order of the rows.
  static func table(
    _ rows: [JSONValue], _ zone: Zone, showsNode: Bool, showsScope: Bool = false
  ) -> Table {
    var table = Table(
      [.init("SEQ", isRightAligned: true, isElastic: false), .init("VALID TIME", isElastic: false)]
        + (showsScope ? [.init("SCOPE")] : []) + (showsNode ? [.init("NODE")] : [])
        + [
          .init("RECORDED"), .init("CHANGE", isElastic: false), .init("TYPE"), .init("ITEM"),
          // The longest is the last, so that nothing has to stand to the right of it.
          .init("WHAT"),
        ])
    for row in rows {
      var cells = [
        Table.Cell(CSV.field(row["sequence"])), .init(zone.text(row, "validTime") ?? ""),
      ]
      if showsScope { cells.append(.init(row.scopeText)) }
      if showsNode { cells.append(.init(CSV.field(row["node"]))) }
      let source = row["source"]?.text.map { " (\($0))" } ?? ""
      cells.append(.init((zone.text(row, "recordedTime") ?? "") + source, .faint))
      table.rows.append(cells + self.cells(of: row))
    }
    return table
  }
}
