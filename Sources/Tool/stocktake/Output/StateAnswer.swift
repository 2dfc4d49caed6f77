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
      var table = Table([.init("ATTRIBUTE", isElastic: false), .init("VALUE")])
      table.rows = names.map { [.init($0), .init(items[0][$0] ?? "")] }
      table.print(to: printer)
      return
    }
    var table = Table(names.map { Table.Column($0, isElastic: $0 != names.first) })
    table.rows = items.map { item in names.map { .init(item[$0] ?? "") } }
    let hidden = table.dropColumns(toFit: printer.width)
    table.print(to: printer)
    if !hidden.isEmpty {
      let list = hidden.joined(separator: ", ")
      printer.line(printer.styled("not shown for want of room: \(list)", .faint))
    }
  }

  private func printHeading(_ zone: Zone, to printer: Printer) {
    let (count, whole) = (items.count, self["itemCount"]?.whole ?? items.count)
    let shown =
      knowledge != .observed
      ? knowledge.rawValue
      : count == whole
        ? counted(count, "item") : "\(grouped(count)) of \(grouped(whole)) items"
    let style: Style = knowledge == .observed ? .bold : .yellow
    let title = "\(CSV.field(self["node"]))  \(type.text)".withoutControls
    printer.line(printer.styled(title, .bold) + "  " + printer.styled(shown, style))
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
