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
    case Question.sources.name: printSources(rows, to: printer)
    case Question.holders.name: printHolders(rows, to: printer)
    case Question.firstSeen.name: printFirstSeen(rows, to: printer)
    case Question.rollup.name: rollup(rows).print(to: printer)
    case Question.rollout.name: printRollout(rows, to: printer)
    case Question.diff.name: printDiff(rows, to: printer)
    case Question.changes.name: printChanges(rows, to: printer)
    case Question.changeGroups.name: printChangeGroups(rows, to: printer)
    default: printHistory(rows, to: printer)
    }
  }

  private func time(_ row: JSONValue, _ name: String) -> String? { zone.text(row, name) }

  /// How the times of a member look in their column.
  private func form(_ rows: [JSONValue], _ name: String, for printer: Printer) -> TimeForm {
    TimeForm(rows, name, in: zone, isShort: printer.width != nil)
  }

  private func scopeTitle() -> [Table.Column] {
    showsScope ? [Table.Column("SCOPE").shared] : []
  }

  private func scopeCell(_ row: JSONValue) -> [Table.Cell] {
    showsScope ? [.init(row.scopeText)] : []
  }

  private func printNodes(_ rows: [JSONValue], to printer: Printer) {
    var table = Table(
      [.init("NODE", isElastic: false)] + scopeTitle() + [
        .init("HOST NAME", least: 12), Table.Column("PING", isElastic: false).shared,
        .init("LAST SEEN", isElastic: false),
        Table.Column("LAST OBSERVED", isElastic: false).spared(4),
        Table.Column("PLATFORM", isElastic: false, least: 20).shared.spared(3),
        Table.Column("ADDRESS", isElastic: false).spared(2),
        Table.Column("AGENT", isElastic: false).shared.spared(1),
        .init("TAGS", isElastic: false, least: 24),
      ])
    let (seen, observed) = (
      form(rows, "lastSeen", for: printer),
      TimeForm(rows, "lastObserved", in: zone, isShort: printer.width != nil, keepsDay: true)
    )
    table.facts = seen.facts("LAST SEEN")
    for row in rows {
      let tags = row["tags"]?.members.map { "\($0.name)=\(CSV.field($0.value))" } ?? []
      let platform = ["platform", "platformVersion"].compactMap { row[$0]?.text }
      table.rows.append(
        [.init(CSV.field(row["node"]))] + scopeCell(row) + [
          .init(CSV.field(row["hostName"])), pingCell(row),
          .init(seen.text(row, "lastSeen") ?? "never"),
          .init(observed.text(row, "lastObserved") ?? "never"),
          .init(platform.joined(separator: " ")), .init(CSV.field(row["address"])),
          .init(CSV.field(row["agentVersion"])), .init(tags.joined(separator: " ")),
        ])
    }
    table.print(to: printer)
    let count = counted(rows.count, "node")
    printer.line(printer.styled("\(count), times in \(zone.label(at: .now))", .faint))
  }

  /// Whether a node is there: its ping status, or else what became of it.
  private func pingCell(_ row: JSONValue) -> Table.Cell {
    let status = CSV.field(row["status"])
    return switch CSV.field(row["ping"]) {
    case "": .init(status, .red)
    case _ where status == "lost": .init(status, .yellow)
    case "Online": .init("online", .green)
    case "Inactive": .init("inactive", .yellow)
    default: .init("silent", .yellow)
    }
  }

  private func types(_ rows: [JSONValue]) -> Table {
    var table = Table(
      [.init("TYPE", isElastic: false)] + scopeTitle() + [
        .init("NODES", isRightAligned: true, isElastic: false),
        .init("VERSIONS", isElastic: false, least: 12),
        .init("IDENTITY", isElastic: false, least: 20), .init("DELETED", isElastic: false),
        .init("ATTRIBUTES", isElastic: false, least: 32),
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

  private func printSources(_ rows: [JSONValue], to printer: Printer) {
    let showsOrigin = rows.contains { $0["origin"]?.text != nil }
    var table = Table(
      [
        .init("PACKAGE"), .init("VERSION"), .init("SOURCE"), .init("SOURCE VERSION"),
        .init("TOLD BY"),
      ]
        + (showsOrigin ? [.init("ORIGIN")] : []))
    for row in rows {
      let release = row["release"]?.text.map { "-\($0)" } ?? ""
      let isKnown = row["told"]?.text != nil
      var cells = [
        Table.Cell(CSV.field(row["name"])), .init(CSV.field(row["version"]) + release),
        isKnown ? .init(CSV.field(row["source"])) : .init("not known", .yellow),
        .init(CSV.field(row["sourceVersion"])), .init(CSV.field(row["told"])),
      ]
      if showsOrigin { cells.append(.init(CSV.field(row["origin"]))) }
      table.rows.append(cells)
    }
    table.print(to: printer)
    let known = rows.count { $0["told"]?.text != nil }
    printer.line(
      printer.styled(
        "\(counted(rows.count, "package")), of \(grouped(known)) the source is known", .faint))
  }

  private func printHolders(_ rows: [JSONValue], to printer: Printer) {
    let showsArchitecture = rows.contains { $0["item"]?["Architecture"] != nil }
    let showsName = rows.contains { $0["name"] != rows[0]["name"] }
    var table = Table(
      [.init("NODE", least: 12)] + scopeTitle() + (showsName ? [.init("NAME", least: 16)] : [])
        + [Table.Column("VERSION", isElastic: false).shared]
        + (showsArchitecture ? [Table.Column("ARCHITECTURE", isElastic: false).shared] : [])
        + [
          .init("FROM", isElastic: false), .init("TO", isElastic: false),
          Table.Column("CONFIRMED", isElastic: false).spared(1),
        ])
    let (from, to) = (form(rows, "from", for: printer), form(rows, "to", for: printer))
    let confirmed = TimeForm(
      rows, "confirmed", in: zone, isShort: printer.width != nil, keepsDay: true)
    table.facts = from.facts("FROM") + to.facts("TO")
    for row in rows {
      var cells = [Table.Cell(CSV.field(row["node"]))] + scopeCell(row)
      if showsName { cells.append(.init(CSV.field(row["name"]))) }
      cells.append(.init(CSV.field(row["version"])))
      if showsArchitecture { cells.append(.init(CSV.field(row["item"]?["Architecture"]))) }
      cells.append(.init(from.text(row, "from") ?? ""))
      cells.append(to.text(row, "to").map { .init($0) } ?? .init("still", .green))
      let isStale = row["stale"] == .bool(true)
      cells.append(
        .init(
          (confirmed.text(row, "confirmed") ?? "") + (isStale ? " stale" : ""),
          isStale ? .yellow : .faint))
      table.rows.append(cells)
    }
    table.print(to: printer)
    let nodes = Set(rows.map { "\($0.scopeText) \(CSV.field($0["node"]))" }).count
    printer.line(
      printer.styled("\(counted(nodes, "node")), times in \(zone.label(at: .now))", .faint))
  }

  private func printFirstSeen(_ rows: [JSONValue], to printer: Printer) {
    let showsName = rows.contains { $0["name"] != rows[0]["name"] }
    var table = Table(
      scopeTitle() + (showsName ? [.init("NAME", isElastic: false, least: 32)] : [])
        + [
          .init("VERSION", isElastic: false), .init("FIRST SEEN", isElastic: false),
          .init("NODE", least: 12), Table.Column("LAST", isElastic: false).spared(1),
          .init("NODES", isRightAligned: true, isElastic: false),
          .init("STILL", isRightAligned: true, isElastic: false),
        ])
    for row in rows {
      let first = time(row, "first") ?? ""
      // What a node had when it was first looked at can have been there before.
      let isFromStart = row["fromStart"] == .bool(true)
      table.rows.append(
        scopeCell(row) + (showsName ? [.init(CSV.field(row["name"]))] : []) + [
          .init(CSV.field(row["version"])), .init(first + (isFromStart ? " or before" : "")),
          .init(CSV.field(row["node"])),
          time(row, "last").map { .init($0) } ?? .init("still", .green),
          .init(grouped(row.count("nodes"))), .init(grouped(row.count("still")), .bold),
        ])
    }
    table.print(to: printer)
    printer.line(printer.styled("times in \(zone.label(at: .now))", .faint))
  }

  private func rollup(_ rows: [JSONValue]) -> Table {
    let showsArchitecture = rows.contains { $0["item"]?["Architecture"] != nil }
    var table = Table(
      [.init("NAME", isElastic: false, least: 32)]
        + (showsArchitecture ? [Table.Column("ARCHITECTURE", isElastic: false).shared] : [])
        + [
          .init("VERSION", isElastic: false),
          .init("NODES", isRightAligned: true, isElastic: false),
          Table.Column("NODE", isElastic: false, least: 12).spared(1),
        ])
    for row in rows {
      var cells = [Table.Cell(CSV.field(row["name"]))]
      if showsArchitecture { cells.append(.init(CSV.field(row["item"]?["Architecture"]))) }
      let some = row["someNodes"]?.texts ?? []
      let more = !some.isEmpty && some.count < row.count("nodes") ? " …" : ""
      cells += [
        .init(CSV.field(row["version"])), .init(grouped(row.count("nodes")), .bold),
        .init(some.joined(separator: " ") + more),
      ]
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
    let firsts = rows.flatMap { $0["firstSeen"]?.members ?? [] }.reduce(into: [String: String]()) {
      $0[$1.name] = $1.value.text.flatMap { Instant(rfc3339: $0) }.map(zone.text)
    }
    let top = steps.flatMap(\.values).max() ?? 0
    printer.heading(
      "\(arguments.name)  \(arguments.typeOfItems)",
      "\(times[0]) → \(times[times.count - 1])",
      "times in \(zone.label(at: arguments.time("from") ?? .now))")
    printer.line()
    func number(_ title: String) -> Table.Column {
      .init(title, isRightAligned: true, isElastic: false)
    }
    var table = Table([
      .init("VERSION", isElastic: false), .init("NODES OVER TIME", isElastic: false),
      number("FIRST"), number("MOST"), number("LAST"),
      Table.Column("FIRST SEEN", isElastic: false).spared(1),
    ])
    let perMark = Self.stepsPerMark(times.count, versions, printer.width)
    if perMark > 1 { table.facts = [("one mark is the most of", "\(perMark) steps")] }
    for version in versions {
      let counts = steps.map { $0[version] ?? 0 }
      table.rows.append([
        .init(version.isEmpty ? "(none)" : version),
        .init(sparkline(Self.most(of: counts, perMark), max: top), .cyan),
        .init(grouped(counts[0])), .init(grouped(counts.max() ?? 0)),
        .init(grouped(counts[counts.count - 1]), .bold), .init(firsts[version] ?? ""),
      ])
    }
    table.print(to: printer)
  }

  /// Steps that one mark stands for, so that the picture and the counts are in one line.
  private static func stepsPerMark(_ steps: Int, _ versions: [String], _ width: Int?) -> Int {
    guard let width, steps > 0 else { return 1 }
    let name = versions.map(\.displayWidth).max() ?? 0
    // The three counts have some 5 columns each.
    let room = max(12, width - max(7, name) - 4 * 2 - 3 * 5)
    return (steps + room - 1) / room
  }

  /// The greatest of each few counts.
  private static func most(of counts: [Int], _ few: Int) -> [Int] {
    stride(from: 0, to: counts.count, by: few).map { start in
      counts[start..<min(start + few, counts.count)].max() ?? 0
    }
  }

  private func printHistory(_ rows: [JSONValue], to printer: Printer) {
    let since = rows[0].time("validTime") ?? .now
    let node = CSV.field(rows[0]["node"])
    printer.heading(
      "\(node)  \(counted(rows.count, "change"))", "times in \(zone.label(at: since))")
    printer.line()
    ChangeTable(rows, zone, printer.width == nil ? .whole : .short).table(showsNode: false)
      .print(to: printer)
    Self.printShortened(rows, to: printer)
  }

  private func printChanges(_ rows: [JSONValue], to printer: Printer) {
    printer.line("times in \(zone.label(at: rows[0].time("validTime") ?? .now))")
    let table = ChangeTable(rows, zone, printer.width == nil ? .whole : .short)
    table.table(showsNode: true, showsScope: showsScope).print(to: printer)
    Self.printShortened(rows, to: printer)
  }

  /// Says what `+2` behind a version means, where it is there.
  static func printShortened(_ rows: [JSONValue], to printer: Printer) {
    guard let width = printer.width, ChangeSummary.isAnyShortened(rows) else { return }
    let text = "+N: so many attributes changed with the version; --format json has all"
    for line in text.wrapped(toWidth: width) { printer.line(printer.styled(line, .faint)) }
  }

  private func printChangeGroups(_ rows: [JSONValue], to printer: Printer) {
    printer.line("times in \(zone.label(at: rows[0].time("first") ?? .now))")
    let changes = ChangeColumns(rows, isShort: printer.width != nil)
    let (first, last) = (form(rows, "first", for: printer), form(rows, "last", for: printer))
    var table = Table(
      [.init("NODES", isRightAligned: true, isElastic: false)] + scopeTitle()
        + [
          .init("FIRST", isElastic: false), Table.Column("LAST", isElastic: false).spared(2),
          Table.Column("NODE", isElastic: false, least: 12).spared(1),
        ] + changes.columns)
    table.facts = first.facts("FIRST") + last.facts("LAST")
    for row in rows {
      let some = row["someNodes"]?.texts ?? []
      let more = some.count < row.count("nodes") ? " …" : ""
      table.rows.append(
        [.init(grouped(row.count("nodes")), .bold)] + scopeCell(row)
          + [
            .init(first.text(row, "first") ?? ""), .init(last.text(row, "last") ?? ""),
            .init(some.joined(separator: " ") + more),
          ] + changes.cells(of: row))
    }
    table.print(to: printer)
    Self.printShortened(rows, to: printer)
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
    printer.heading(heading, "times in \(zone.label(at: at))")
    printer.line()
    let changes = ChangeColumns(rows, isShort: printer.width != nil)
    let since = form(rows, "validTime", for: printer)
    var table = Table(
      (other == nil ? [.init("SINCE", isElastic: false)] : []) + changes.columns)
    if other == nil { table.facts = since.facts("SINCE") }
    for row in rows {
      table.rows.append(
        (other == nil ? [.init(since.text(row, "validTime") ?? "", .faint)] : [])
          + changes.cells(of: row))
    }
    table.print(to: printer)
    Self.printShortened(rows, to: printer)
  }
}

extension JSONValue {
  /// A member that is a time.
  func time(_ name: String) -> Instant? { self[name]?.text.flatMap { Instant(rfc3339: $0) } }

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
