import Answers
import JSONTape
import HistoryStore
import Inventory

/// A state with those of its items that were asked for.
struct StateAnswer {
  var state: InventoryState
  var items: [Item]
  /// Whether ``items`` were chosen by a pattern, so that none of them is no answer.
  var isFiltered: Bool

  /// Whether this answers the question.
  var isFound: Bool { state.knowledge == .observed && (!isFiltered || !items.isEmpty) }

  /// The documented JSON form.
  var json: JSONValue { state.json(items: items) }

  /// The attributes of the items: what names them first, then the documented order.
  static func attributeNames(_ items: [Item], of type: TypeName) -> [String] {
    var seen: Set<String> = []
    for item in items { for attribute in item.attributes { seen.insert(attribute.name) } }
    var names: [String] = []
    let definition = TypeDefinition.of(type)
    var leading = ["Name", "Id", "Version"]
    if case .attributes(let identity) = definition.identity { leading += identity }
    for name in leading + definition.attributes where seen.remove(name) != nil {
      names.append(name)
    }
    return names + seen.sorted()
  }

  // MARK: For people

  /// Prints the heading and the items.
  func print(_ zone: Zone, to printer: Printer) {
    printHeading(zone, to: printer)
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
    fact("observed at", observed + (state.isImported ? " (imported)" : ""))
    fact("last confirmed", state.lastConfirmed.map(zone.text) ?? "not since")
    fact("next observed", state.nextObserved.map(zone.text) ?? "not yet")
    fact("time zone", zone.label(at: state.at))
  }

  // MARK: For programs

  /// Writes one record per item, led by what is known of its state.
  static func writeCSV(_ answers: [StateAnswer], to printer: Printer) {
    let heading = [
      "node", "type", "at", "knownAt", "observedAt", "lastConfirmed", "nextObserved", "knowledge",
    ]
    var names: [String] = []
    for answer in answers {
      for name in attributeNames(answer.items, of: answer.state.type) where !names.contains(name) {
        names.append(name)
      }
    }
    var out: [UInt8] = []
    CSV.append(heading + names, to: &out)
    for answer in answers {
      let facts = answer.state.heading.map { CSV.field($0.value) }
      for item in answer.items { CSV.append(facts + names.map { item[$0] ?? "" }, to: &out) }
    }
    printer.write(out)
  }
}
