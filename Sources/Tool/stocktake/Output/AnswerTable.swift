import HistoryStore
import Inventory
import JSONTape
import Packages
import PlainText
import Questions
import Times

/// How rows look to people: titles, widths and colours over the columns of a question.
struct AnswerTable {
  private let arguments: Arguments
  private let showsScope: Bool
  private let zone: Zone

  init(_ arguments: Arguments, _ showsScope: Bool, _ zone: Zone) {
    self.arguments = arguments
    self.showsScope = showsScope
    self.zone = zone
  }

  /// Prints what was found; there is a row at least.
  func print(_ rows: [JSONValue], of question: Question, to printer: Printer) {
    switch question.name {
    case Question.nodes.name: printNodes(rows, to: printer)
    case Question.types.name: types(rows).print(to: printer)
    case Question.holders.name: printHolders(rows, to: printer)
    case Question.rollup.name: rollup(rows).print(to: printer)
    case Question.rollout.name: printRollout(rows, to: printer)
    case Question.diff.name: printDiff(rows, to: printer)
    case Question.changes.name: printChanges(rows, to: printer)
    default: printHistory(rows, to: printer)
    }
  }

  private func time(_ row: JSONValue, _ name: String) -> String? { zone.text(row, name) }

  private func scopeTitle() -> [Table.Column] { showsScope ? [.init("SCOPE")] : [] }

  private func scopeCell(_ row: JSONValue) -> [Table.Cell] {
    showsScope ? [.init(row.scopeText)] : []
  }

  private func printNodes(_ rows: [JSONValue], to printer: Printer) {
    var table = Table(
      [.init("NODE", isElastic: false)] + scopeTitle()
        + [.init("STATUS"), .init("FIRST RECORDED"), .init("LAST SEEN"), .init("TAGS")])
    for row in rows {
      let tags = row["tags"]?.members.map { "\($0.name)=\(CSV.field($0.value))" } ?? []
      let status = CSV.field(row["status"])
      let isGone = status == "terminated" || status == "deregistered"
      let style: Style? = isGone ? .red : status == "lost" ? .yellow : nil
      table.rows.append(
        [.init(CSV.field(row["node"]))] + scopeCell(row) + [
          .init(status, style), .init(time(row, "firstRecorded") ?? ""),
          .init(time(row, "lastSeen") ?? "never"), .init(tags.joined(separator: " ")),
        ])
    }
    table.print(to: printer)
    let count = counted(rows.count, "node")
    printer.line(printer.styled("\(count), times in \(zone.label(at: .now))", .faint))
  }

  private func types(_ rows: [JSONValue]) -> Table {
    var table = Table(
      [.init("TYPE", isElastic: false)] + scopeTitle() + [
        .init("NODES", isRightAligned: true), .init("VERSIONS"), .init("IDENTITY"),
        .init("DELETED"), .init("ATTRIBUTES"),
      ])
    for row in rows {
      func words(_ name: String) -> String { row[name]?.texts.joined(separator: " ") ?? "" }
      let isDeclared = row["declared"] == .bool(true)
      table.rows.append(
        [.init(CSV.field(row["type"]))] + scopeCell(row) + [
          .init(grouped(row.count("nodes"))), .init(words("versions")),
          .init(words("identity") + (isDeclared ? " (declared)" : "")),
          .init(time(row, "deleted") ?? "", .red), .init(words("attributes")),
        ])
    }
    return table
  }

  private func printHolders(_ rows: [JSONValue], to printer: Printer) {
    let showsArchitecture = rows.contains { $0["item"]?["Architecture"] != nil }
    var table = Table(
      [.init("NODE", isElastic: false)] + scopeTitle() + [.init("VERSION")]
        + (showsArchitecture ? [.init("ARCHITECTURE")] : []) + [.init("FROM"), .init("TO")])
    for row in rows {
      var cells = [Table.Cell(CSV.field(row["node"]))] + scopeCell(row)
      cells.append(.init(CSV.field(row["version"])))
      if showsArchitecture { cells.append(.init(CSV.field(row["item"]?["Architecture"]))) }
      cells.append(.init(time(row, "from") ?? ""))
      cells.append(time(row, "to").map { .init($0) } ?? .init("still", .green))
      table.rows.append(cells)
    }
    table.print(to: printer)
    let nodes = Set(rows.map { "\($0.scopeText) \(CSV.field($0["node"]))" }).count
    printer.line(
      printer.styled("\(counted(nodes, "node")), times in \(zone.label(at: .now))", .faint))
  }

  private func rollup(_ rows: [JSONValue]) -> Table {
    let showsArchitecture = rows.contains { $0["item"]?["Architecture"] != nil }
    var table = Table(
      [.init("NAME")] + (showsArchitecture ? [.init("ARCHITECTURE")] : [])
        + [.init("VERSION"), .init("NODES", isRightAligned: true, isElastic: false)])
    for row in rows {
      var cells = [Table.Cell(CSV.field(row["name"]))]
      if showsArchitecture { cells.append(.init(CSV.field(row["item"]?["Architecture"]))) }
      cells += [.init(CSV.field(row["version"])), .init(grouped(row.count("nodes")), .bold)]
      table.rows.append(cells)
    }
    return table
  }

  private func printRollout(_ rows: [JSONValue], to printer: Printer) {
    let steps = rows.map { row in
      row["nodes"]?.members.reduce(into: [String: Int]()) { $0[$1.name] = $1.value.whole } ?? [:]
    }
    let times = rows.map { time($0, "at") ?? "" }
    let versions = Set(steps.flatMap(\.keys)).sorted(by: isOrderedAsVersions)
    let top = steps.flatMap(\.values).max() ?? 0
    printer.line(
      printer.styled("\(arguments.name)  \(arguments.typeOfItems)".withoutControls, .bold)
        + "  \(times[0]) → \(times[times.count - 1])"
        + "  times in \(zone.label(at: arguments.time("from") ?? .now))")
    printer.line()
    var table = Table([
      .init("VERSION"), .init("NODES OVER TIME", isElastic: false),
      .init("FIRST", isRightAligned: true), .init("MOST", isRightAligned: true),
      .init("LAST", isRightAligned: true), .init("FIRST SEEN"),
    ])
    for version in versions {
      let counts = steps.map { $0[version] ?? 0 }
      let seen = counts.firstIndex { $0 > 0 } ?? 0
      table.rows.append([
        .init(version.isEmpty ? "(none)" : version), .init(sparkline(counts, max: top), .cyan),
        .init(grouped(counts[0])), .init(grouped(counts.max() ?? 0)),
        .init(grouped(counts[counts.count - 1]), .bold), .init(times[seen]),
      ])
    }
    table.print(to: printer)
  }

  private func printHistory(_ rows: [JSONValue], to printer: Printer) {
    let node = arguments.node("id")?.text ?? ""
    let since = rows[0].time("validTime") ?? .now
    printer.line(
      printer.styled("\(node)  \(counted(rows.count, "change"))", .bold)
        + "  times in \(zone.label(at: since))")
    printer.line()
    ChangeTable.table(rows, zone, showsNode: false).print(to: printer)
  }

  private func printChanges(_ rows: [JSONValue], to printer: Printer) {
    printer.line("times in \(zone.label(at: .now))")
    ChangeTable.table(rows, zone, showsNode: true, showsScope: showsScope).print(to: printer)
  }

  private func printDiff(_ rows: [JSONValue], to printer: Printer) {
    let other = arguments.node("other")
    let at = arguments.time("to") ?? rows[0].time("validTime") ?? .now
    let node = CSV.field(rows[0]["node"])
    let heading =
      if let other {
        "\(node) → \(other)  at \(zone.text(at))"
      } else {
        "\(node)  \(arguments.time("from").map(zone.text) ?? "") → \(zone.text(at))"
      }
    printer.line(printer.styled(heading, .bold) + "  times in \(zone.label(at: at))")
    printer.line()
    var table = Table(
      (other == nil ? [.init("SINCE", isElastic: false)] : [])
        + [.init("CHANGE", isElastic: false), .init("TYPE"), .init("ITEM"), .init("WHAT")])
    for row in rows {
      table.rows.append(
        (other == nil ? [.init(time(row, "validTime") ?? "", .faint)] : [])
          + ChangeTable.cells(of: row))
    }
    table.print(to: printer)
  }
}

extension JSONValue {
  /// A member that is a time.
  func time(_ name: String) -> Instant? { self[name]?.text.flatMap { Instant(captureTime: $0) } }

  /// A member that is a count.
  func count(_ name: String) -> Int { self[name]?.whole ?? 0 }

  /// A member that is an item.
  func item(_ name: String) -> Item? {
    guard case .object(let members) = self[name] else { return nil }
    return Item(members.map { (key: $0.name, value: CSV.field($0.value)) })
  }

  /// The account and Region that a row is of.
  var scopeText: String { "\(CSV.field(self["account"]))/\(CSV.field(self["region"]))" }
}

extension Zone {
  /// A member that is a time, on the wall of the zone.
  func text(_ row: JSONValue, _ name: String) -> String? { row.time(name).map(text) }
}
