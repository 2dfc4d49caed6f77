import Questions
import Times
import PlainText
import Glibc
import HistoryStore
import Inventory
import JSONTape

extension RemoteServer {
  /// `show`: for people the facts of each state, then its items.
  func showState(
    of node: NodeID, _ type: TypeName?, at: Instant?, knownAt: Instant?, name: String?,
    sources: Bool, _ format: OutputFormat, _ zone: Zone
  ) throws {
    let path = "/v1/nodes/\(percentEncoded(node.text))/state"
    let query = [
      ("type", type?.text), ("at", at?.description), ("known-at", knownAt?.description),
      ("name", name), ("sources", sources ? "true" : nil),
    ]
    let nothing = "nothing is known of node \(node)"
    guard format == .table else {
      return try show(path, query, as: format, columns: [], nothing: nothing)
    }
    let answer = try get(path, query, accept: "application/json")
    let value = try JSONValue(parsing: answer.body.span.bytes)
    var states = [value]
    if case .array(let list) = value { states = list }
    let printer = Printer()
    for (index, state) in states.enumerated() {
      if index > 0 { printer.line() }
      try Self.print(state, zone, to: printer)
    }
    printer.flush()
    guard states.contains(where: { $0["knowledge"] == .string("observed") }) else {
      throw CommandFailure(.nothingFound, states.isEmpty ? nothing : "nothing was observed by then")
    }
  }

  private static func print(_ state: JSONValue, _ zone: Zone, to printer: Printer) throws {
    let type = try TypeName(CSV.field(state["type"]))
    printer.line(
      printer.styled("\(CSV.field(state["node"]))  \(type)".withoutControls, .bold)
        + "  \(CSV.field(state["knowledge"]))")
    for name in ["at", "knownAt", "observedAt", "lastConfirmed", "nextObserved"] {
      guard let time = Instant(captureTime: CSV.field(state[name])) else { continue }
      printer.line("\(name): \(zone.text(time))")
    }
    if case .array(let sources) = state["sources"] {
      printer.line()
      SourceTable.print(sources, of: type, zone, to: printer)
    }
    var items: [Item] = []
    if case .array(let rows) = state["items"] {
      for case .object(let members) in rows {
        items.append(Item(members.map { (key: $0.name, value: CSV.field($0.value)) }))
      }
    }
    guard !items.isEmpty else { return }
    printer.line()
    let names = StateAnswer.attributeNames(items, of: type)
    var table = Table(names.map { Table.Column($0, isElastic: $0 != names.first) })
    table.rows = items.map { item in names.map { .init(item[$0] ?? "") } }
    let hidden = table.dropColumns(toFit: printer.width)
    table.print(to: printer)
    if !hidden.isEmpty {
      printer.line("not shown for want of room: \(hidden.joined(separator: ", "))")
    }
  }

  /// `changes`: page after page, and with `follow` whatever comes.
  func changes(
    after: UInt64?, _ range: (from: Instant?, to: Instant?), limit: Int?, follow: Bool,
    _ format: OutputFormat, now: Instant
  ) throws {
    let nothing = "no change is known that fits"
    if range.from != nil || range.to != nil {
      return try show(
        "/v1/changes",
        [
          ("from", range.from?.description), ("to", (range.to ?? now).description),
          ("limit", String(min(limit ?? 10_000, 10_000))),
        ], as: format, columns: Change.columns, nothing: nothing)
    }
    if follow { Interruption.catchSignals() }
    var position = after.map { String($0) } ?? "0"
    if follow, after == nil {
      // The end of the log: the place behind everything.
      let end = [("after", String(1 << 48)), ("limit", "1")]
      position = try get("/v1/changes", end, accept: "application/json").next ?? position
    }
    let printer = Printer()
    var list = format == .table ? nil : ListWriter(printer, format, columns: Change.columns)
    var count = 0
    while !Interruption.isRequested {
      let left = limit.map { $0 - count } ?? 1000
      guard left > 0 else { break }
      let answer = try get(
        "/v1/changes",
        [("after", position), ("limit", String(min(left, 1000))), ("wait", follow ? "5" : nil)],
        accept: "application/json")
      var rows: [JSONValue] = []
      if case .array(let found) = try JSONValue(parsing: answer.body.span.bytes) { rows = found }
      if list != nil {
        for row in rows { list?.append(row) }
      } else {
        for row in rows { printer.line(row.compact) }
      }
      count += rows.count
      position = answer.next ?? position
      if follow { printer.flush() } else if rows.isEmpty { break }
    }
    list?.finish()
    printer.flush()
    if count == 0, !follow { throw CommandFailure(.nothingFound, nothing) }
  }

  /// `collect`: hands one report over, and says what came of it.
  func record(_ report: Report) throws {
    var line: [UInt8] = []
    report.json.write(to: &line)
    guard let row = try record(line).first else {
      throw CommandFailure(.storeError, "the server answered nothing")
    }
    if case .string(let error) = row["error"] { throw CommandFailure(.badInput, error.onOneLine) }
    let sequence = row["sequence"].map { "record \(CSV.field($0))" } ?? "nothing new"
    Swift.print(
      "node \(report.node): \(counted(Self.count(row, "changes"), "change")), \(sequence)")
  }

  /// A count in an answer; 0 where there is none.
  static func count(_ row: JSONValue, _ name: String) -> Int {
    if case .integer(let number) = row[name] { Int(clamping: number) } else { 0 }
  }
}
