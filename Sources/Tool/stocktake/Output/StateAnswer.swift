import Questions
import Times
import PlainText
import JSONTape
import HistoryStore
import Inventory

extension StateAnswer {
  // MARK: For people

  /// Prints the heading and the items.
  func print(_ zone: Zone, to printer: Printer) {
    printHeading(zone, to: printer)
    if let sources {
      printer.line()
      SourceTable.print(sources, of: type, zone, to: printer)
    }
    let items = items
    guard !items.isEmpty else { return }
    printer.line()
    let names = Self.attributeNames(items, of: type)
    if TypeDefinition.of(type).identity == .singleton, items.count == 1 {
      var table = Table([
        .init("ATTRIBUTE", isElastic: false), .init("VALUE", isElastic: false, least: 20),
      ])
      table.rows = names.map { [.init($0), .init(items[0][$0] ?? "")] }
      table.print(to: printer)
      return
    }
    var table = Table(names.enumerated().map(Self.column))
    table.rows = items.map { item in names.map { .init(item[$0] ?? "") } }
    table.print(to: printer)
  }

  /// What an item is called, and its version, stay; of the rest the first stays longest.
  private static func column(_ index: Int, _ name: String) -> Table.Column {
    if index == 0 { return .init(name, isElastic: false, least: 40) }
    if name == "Version" { return .init(name, isElastic: false) }
    return Table.Column(name).shared.spared(-index)
  }

  private func printHeading(_ zone: Zone, to printer: Printer) {
    let (count, whole) = (items.count, self["itemCount"]?.whole ?? items.count)
    let shown =
      knowledge != .observed
      ? knowledge.rawValue
      : count == whole
        ? counted(count, "item") : "\(grouped(count)) of \(grouped(whole)) items"
    let style: Style = knowledge == .observed ? .bold : .yellow
    printer.heading("\(CSV.field(self["node"]))  \(type.text)", shown, style: style)
    func fact(_ name: String, _ value: String) {
      let padded = name + String(repeating: " ", count: 16 - name.count)
      printer.line(printer.styled(padded, .faint) + value)
    }
    let facts = JSONValue.object(facts)
    fact("at", zone.text(facts, "at") ?? "")
    if let knownAt = zone.text(facts, "knownAt") { fact("known at", knownAt) }
    let source = facts["source"]?.text.map { " (imported from \($0))" } ?? ""
    fact("observed at", (zone.text(facts, "observedAt") ?? "never by then") + source)
    fact("last confirmed", zone.text(facts, "lastConfirmed") ?? "not since")
    fact("next observed", zone.text(facts, "nextObserved") ?? "not yet")
    fact("time zone", zone.label(at: facts.time("at") ?? .now))
  }
}
