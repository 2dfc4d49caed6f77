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
      SourceTable.print(sources.map(\.json), of: state.type, zone, to: printer)
    }
    guard !items.isEmpty else { return }
    printer.line()
    let names = Self.attributeNames(items, of: state.type)
    if TypeDefinition.of(state.type).identity == .singleton, items.count == 1 {
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
    let count: String
    switch state.knowledge {
    case .observed: count = "\(grouped(items.count)) of \(grouped(state.items.count)) items"
    case .unknown: count = "unknown"
    case .erased: count = "erased"
    }
    let style: Style = state.knowledge == .observed ? .bold : .yellow
    let shown =
      state.knowledge == .observed && items.count == state.items.count
      ? counted(items.count, "item") : count
    let title = "\(state.node.text)  \(state.type.text)".withoutControls
    printer.line(printer.styled(title, .bold) + "  " + printer.styled(shown, style))
    func fact(_ name: String, _ value: String) {
      let padded = name + String(repeating: " ", count: 16 - name.count)
      printer.line(printer.styled(padded, .faint) + value)
    }
    let observed = state.observedAt.map(zone.text) ?? "never by then"
    fact("at", zone.text(state.at))
    if let knownAt = state.knownAt { fact("known at", zone.text(knownAt)) }
    let source = state.source.map { " (imported from \($0.name))" } ?? ""
    fact("observed at", observed + source)
    fact("last confirmed", state.lastConfirmed.map(zone.text) ?? "not since")
    fact("next observed", state.nextObserved.map(zone.text) ?? "not yet")
    fact("time zone", zone.label(at: state.at))
  }
}
