import Questions
import Times
import HistoryStore
import Inventory

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

  /// A table of changes, oldest first.
  static func table(
    _ changes: [Change], _ zone: Zone, showsNode: Bool, showsScope: Bool = false
  ) -> Table {
    var table = Table(
      [.init("SEQ", isRightAligned: true, isElastic: false), .init("VALID TIME", isElastic: false)]
        + (showsScope ? [.init("SCOPE")] : []) + (showsNode ? [.init("NODE")] : [])
        + [
          .init("RECORDED"), .init("CHANGE", isElastic: false), .init("TYPE"), .init("ITEM"),
          // The longest is the last, so that nothing has to stand to the right of it.
          .init("WHAT"),
        ])
    for change in changes {
      var row = [Table.Cell(change.sequence.description), .init(zone.text(change.validTime))]
      if showsScope { row.append(.init(change.scope.description)) }
      if showsNode { row.append(.init(change.node.text)) }
      row += [
        .init(
          zone.text(change.recordedTime) + (change.source.map { " (\($0.name))" } ?? ""), .faint),
        cell(change.kind), .init(change.type.text), identity(change.identity, change.type),
        summary(change.old, change.new, change.identity),
      ]
      table.rows.append(row)
    }
    return table
  }
}
