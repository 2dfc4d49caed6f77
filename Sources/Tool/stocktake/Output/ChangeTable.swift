import HistoryStore
import Inventory
import JSONTape
import PlainText
import Questions
import Times

/// How changes look to people: when, of what node, which item, and what is different.
struct ChangeTable {
  private let rows: [JSONValue]
  private let zone: Zone
  private let form: Form

  /// What a row may leave to what stands above it.
  enum Form {
    /// Nothing: in a pipe.
    case whole
    /// The zone: of a list that goes on nobody knows what its rows will share.
    case followed
    /// What all rows say alike.
    case short
  }

  init(_ rows: [JSONValue], _ zone: Zone, _ form: Form) {
    self.rows = rows
    self.zone = zone
    self.form = form
  }

  /// The table, in the order of the rows.
  func table(showsNode: Bool, showsScope: Bool = false) -> Table {
    let changes = ChangeColumns(rows, isShort: form == .short)
    let valid = TimeForm(
      rows, "validTime", in: zone, isShort: form != .whole, keepsDay: form == .followed)
    let recorded = TimeForm(
      rows, "recordedTime", in: zone, isShort: form != .whole, keepsDay: true)
    var time = Table.Column("VALID TIME", isElastic: false)
    time.shortTitle = "TIME"
    var table = Table(
      [Table.Column("SEQ", isRightAligned: true, isElastic: false).spared(2), time]
        + (showsScope ? [Table.Column("SCOPE").shared] : [])
        + (showsNode ? [Table.Column("NODE", least: 12).shared] : [])
        + [Table.Column("RECORDED", isElastic: false).shared.spared(1)] + changes.columns)
    table.facts = valid.facts("VALID TIME")
    for row in rows {
      var cells = [
        Table.Cell(CSV.field(row["sequence"])), .init(valid.text(row, "validTime") ?? ""),
      ]
      if showsScope { cells.append(.init(row.scopeText)) }
      if showsNode { cells.append(.init(CSV.field(row["node"]))) }
      let source = row["source"]?.text.map { " (\($0))" } ?? ""
      cells.append(.init((recorded.text(row, "recordedTime") ?? "") + source, .faint))
      table.rows.append(cells + changes.cells(of: row))
    }
    return table
  }
}

/// The columns that say what a change is: the kind, the type, the item, and what is different.
struct ChangeColumns {
  /// The attributes that identify the items, where all are of one type and have columns of their own.
  private let identity: [String]?
  /// The attribute in which all rows differ, where it is one: then the column is called so.
  private let attribute: String?
  private let isShort: Bool

  init(_ rows: [JSONValue], isShort: Bool) {
    self.isShort = isShort
    let types = Set(rows.map { CSV.field($0["type"]) })
    if isShort, types.count == 1, let type = types.first,
      case .attributes(let names) = TypeDefinition.of(TypeName(stored: type)).identity,
      rows.allSatisfy({ row in names.contains { row["identity"]?[$0] != nil } })
    {
      identity = names
    } else {
      identity = nil
    }
    var told: Set<String> = []
    for row in rows where isShort {
      told.formUnion(
        ChangeSummary(row.item("old"), row.item("new"), row.item("identity") ?? [:], isShort: true)
          .parts.map(\.name))
    }
    attribute = told.count == 1 ? told.first : nil
  }

  var columns: [Table.Column] {
    var kind = Table.Column("CHANGE", isElastic: false).shared
    kind.shortTitle = ""
    // What names an item is wrapped where it is longer than such names are.
    let name = Table.Column(
      identity?.first.map { $0.uppercased() } ?? "ITEM", isElastic: false, least: 40)
    let rest = identity?.dropFirst().map { name in
      let column = Table.Column(name.uppercased(), isElastic: false, least: 16).shared
      return name == "Architecture" ? column.spared(3) : column
    }
    return [kind, Table.Column("TYPE", least: 12).shared, name] + (rest ?? [])
      // The longest is the last, so that nothing has to stand to the right of it.
      + [.init(attribute?.uppercased() ?? "WHAT", isElastic: false)]
  }

  /// What a row says of a change.
  func cells(of row: JSONValue) -> [Table.Cell] {
    let type = TypeName(stored: CSV.field(row["type"]))
    let kind = Change.Kind(rawValue: CSV.field(row["change"])) ?? .changed
    let item = row.item("identity") ?? [:]
    let shownType = Table.Cell(type.text, short: Self.shortType(type.text))
    if row["items"] != nil {
      // A first observation has no identity: there is one column for it.
      return [
        Self.cell(kind), shownType, .init(counted(row.count("items"), "item")),
        .init("first observed", .faint),
      ]
    }
    let names =
      identity.map { $0.map { Table.Cell(item[$0] ?? "") } } ?? [Self.identity(item, type)]
    let summary = ChangeSummary(row.item("old"), row.item("new"), item, isShort: isShort)
    let isSame = kind == .changed && summary.parts.isEmpty
    return [Self.cell(kind), shownType] + names + [
      isSame
        ? .init("only what differs from node to node", .faint)
        : .init(summary.text(without: attribute))
    ]
  }

  /// The kind with its sign, in its colour.
  static func cell(_ kind: Change.Kind) -> Table.Cell {
    switch kind {
    case .added: .init("+ added", .green, short: "+")
    case .changed: .init("~ changed", .yellow, short: "~")
    case .removed: .init("- removed", .red, short: "-")
    }
  }

  /// A type as it can be given to a command.
  private static func shortType(_ type: String) -> String? {
    type.hasPrefix("AWS:") ? String(type.dropFirst(4)) : nil
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
}

/// What is different: `Version 1.0 → 1.1`; of items that came or went their version.
struct ChangeSummary {
  /// The attributes that are told, with what is told of them.
  let parts: [(name: String, text: String)]
  /// How many more differ, which the version stands for.
  let more: Int

  init(_ old: Item?, _ new: Item?, _ identity: Item, isShort: Bool = false) {
    guard let old, let new else {
      let item = old ?? new ?? [:]
      more = 0
      parts =
        item["Version"].map { [("Version", $0)] }
        ?? item.attributes.filter { identity[$0.name] == nil && !$0.value.isEmpty }
        .map { ($0.name, $0.value) }
      return
    }
    var names = old.attributes.map(\.name)
    names += new.attributes.map(\.name).filter { old[$0] == nil }
    names = names.filter { old[$0] != new[$0] }
    // The version is what people look for.
    let version = names.filter { $0 == "Version" }
    let others = names.filter { $0 != "Version" }
    let isVersion = isShort && !version.isEmpty
    more = isVersion ? others.count : 0
    parts = (isVersion ? version : version + others).map { name in
      (name, "\(old[name] ?? "none") → \(new[name] ?? "none")")
    }
  }

  /// In one cell, without the name of the attribute that the column is called by.
  func text(without title: String? = nil) -> String {
    let told = parts.map { $0.name == title ? $0.text : "\($0.name) \($0.text)" }
    return told.joined(separator: ", ") + (more > 0 ? " +\(more)" : "")
  }

  /// Whether any row leaves attributes untold.
  static func isAnyShortened(_ rows: [JSONValue]) -> Bool {
    rows.contains { row in
      Self(row.item("old"), row.item("new"), row.item("identity") ?? [:], isShort: true).more > 0
    }
  }
}
