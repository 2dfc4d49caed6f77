import HistoryStore
import Inventory
import JSONTape
import PlainText
import Questions
import Times

/// How the sources of a state look to people; from their JSON form, which a server gives as well.
enum SourceTable {
  /// Differences of one source that are listed; the rest is counted.
  private static let listedMax = 20

  static func print(
    _ sources: [JSONValue], of type: TypeName, _ zone: Zone, to printer: Printer
  ) {
    var table = Table([
      .init("SOURCE", isElastic: false), .init("SAYS", isElastic: false), .init("OBSERVED AT"),
      .init("NEXT"), .init("ITEMS", isRightAligned: true),
    ])
    for source in sources {
      func time(_ name: String) -> String { zone.text(source, name) ?? "none yet" }
      table.rows.append([
        .init(CSV.field(source["source"])), says(source), .init(time("observedAt")),
        .init(time("nextObserved")), .init(CSV.field(source["itemCount"])),
      ])
    }
    table.print(to: printer)
    for source in sources where isContradiction(source) {
      printer.line()
      list(source, type, to: printer)
    }
  }

  private static func isContradiction(_ source: JSONValue) -> Bool {
    source["standing"] == .string(SourceClaim.Standing.contradicts.rawValue)
  }

  private static func says(_ source: JSONValue) -> Table.Cell {
    let count = source["differences"]?.elements.count ?? 0
    return switch SourceClaim.Standing(rawValue: CSV.field(source["standing"])) {
    case .answers: .init("the answer", .bold)
    case .agrees: .init("the same", .green)
    case .older: .init("older, \(counted(count, "difference"))", .faint)
    case .contradicts: .init("contradicts, \(counted(count, "difference"))", .red)
    case nil: .init(CSV.field(source["standing"]))
    }
  }

  private static func list(_ source: JSONValue, _ type: TypeName, to printer: Printer) {
    let differences = source["differences"]?.elements ?? []
    printer.line(
      printer.styled("What the answer says → what \(CSV.field(source["source"])) says", .bold))
    var table = Table([
      .init("CHANGE", isElastic: false), .init("ITEM", isElastic: false, least: 40),
      .init("WHAT", isElastic: false),
    ])
    for difference in differences.prefix(listedMax) {
      let kind = Change.Kind(rawValue: CSV.field(difference["change"])) ?? .changed
      let identity = difference.item("identity") ?? [:]
      let (old, new) = common(difference.item("old"), difference.item("new"))
      table.rows.append([
        ChangeColumns.cell(kind), ChangeColumns.identity(identity, type),
        .init(ChangeSummary(old, new, identity).text()),
      ])
    }
    table.print(to: printer)
    if differences.count > listedMax {
      printer.line(
        printer.styled("and \(differences.count - listedMax) more; --format json has all", .faint))
    }
  }

  /// Both items with the attributes that both have: what only one tells is no difference.
  private static func common(_ old: Item?, _ new: Item?) -> (Item?, Item?) {
    guard let old, let new else { return (old, new) }
    func restricted(_ item: Item, to other: Item) -> Item {
      Item(
        item.attributes.filter { other[$0.name] != nil }.map { (key: $0.name, value: $0.value) })
    }
    return (restricted(old, to: new), restricted(new, to: old))
  }
}
