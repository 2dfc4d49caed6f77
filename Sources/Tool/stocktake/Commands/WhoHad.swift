import Questions
import Times
import ArgumentParser
import HistoryStore
import Inventory

/// The command `stocktake who-had`.
struct WhoHad: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "who-had",
    abstract: "Tell which nodes had an item, in which version, from when to when.",
    discussion: """
      With --from and --to every holding that overlaps the range is listed; a holding that still \
      lasts has no end.

      EXAMPLES
        stocktake who-had openssl
        stocktake who-had xz-utils --version 5.6.1-1 --from 2024-03-01 --to 2024-04-01
        stocktake who-had sshd --type AWS:Service --at "yesterday 09:00" --format csv
      """)

  @Argument(help: "The item's name.")
  var name: String

  @Option(help: "The inventory type.")
  var type = TypeName.application.text

  @Option(help: "Only this version.")
  var version: String?

  @Option(help: "The valid time. Default: now.")
  var at: String?

  @Option(help: "Every holding after this valid time …")
  var from: String?

  @Option(help: "… and before this one. Default: now.")
  var to: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    if at != nil, from != nil || to != nil {
      throw ValidationError("--at is one time, --from and --to are a range: give one or the other")
    }
  }

  func run() throws {
    let type = try parseType(type)
    let times = try time.reader()
    let moment = Instant(seconds: (try times.read(at, "--at") ?? times.now).seconds)
    let range = try times.readRange(from, to)
    if let server = try store.remote(scope) {
      let isRange = range.from != nil || range.to != nil
      return try server.show(
        "/v1/holders",
        [
          ("name", name), ("type", type.text), ("version", version),
          ("at", isRange ? nil : moment.description), ("from", range.from?.description),
          ("to", range.to?.description),
        ], as: output.format, columns: Holding.columns,
        nothing: "no node had \(name) (\(type)) then")
    }
    let store = try store.openForReading()
    let wanted = try scope.scope(in: store)
    var holdings: [Holding] = []
    for scope in try wanted.map({ [$0] }) ?? store.scopes() {
      let isRange = range.from != nil || range.to != nil
      // A moment is the second that begins with it: valid times are whole seconds.
      let from = isRange ? range.from ?? Instant(seconds: 0) : moment
      let to = isRange ? range.to ?? times.now.advanced(bySeconds: 1) : from.advanced(bySeconds: 1)
      holdings += try listOrNone {
        try store.holders(of: name, type: type, version: version, from: from, to: to, in: scope)
      }
    }
    holdings.sort { a, b in
      (a.scope, a.node, a.from, a.version ?? "") < (b.scope, b.node, b.from, b.version ?? "")
    }
    let printer = Printer()
    if output.format != .table {
      ListWriter.write(
        holdings.lazy.map { $0.json(name: name) }, to: printer, as: output.format,
        columns: Holding.columns)
    } else if !holdings.isEmpty {
      print(holdings, times.zone, showsScope: wanted == nil, to: printer)
    }
    printer.flush()
    if holdings.isEmpty {
      let what = version.map { "\(name) \($0)" } ?? name
      throw CommandFailure(.nothingFound, "no node had \(what) (\(type)) then")
    }
  }

  private func print(
    _ holdings: [Holding], _ zone: Zone, showsScope: Bool, to printer: Printer
  ) {
    var table = Table(
      [.init("NODE", isElastic: false)] + (showsScope ? [.init("SCOPE")] : [])
        + [.init("VERSION"), .init("ARCHITECTURE"), .init("FROM"), .init("TO")])
    if !holdings.contains(where: { $0.item["Architecture"] != nil }) {
      table.columns.removeAll { $0.title == "ARCHITECTURE" }
    }
    let showsArchitecture = table.columns.contains { $0.title == "ARCHITECTURE" }
    for holding in holdings {
      var row = [Table.Cell(holding.node.text)]
      if showsScope { row.append(.init(holding.scope.description)) }
      row.append(.init(holding.version ?? ""))
      if showsArchitecture { row.append(.init(holding.item["Architecture"] ?? "")) }
      row.append(.init(zone.text(holding.from)))
      row.append(holding.to.map { .init(zone.text($0)) } ?? .init("still", .green))
      table.rows.append(row)
    }
    table.print(to: printer)
    let nodes = Set(holdings.map { "\($0.scope) \($0.node)" }).count
    printer.line(
      printer.styled(
        "\(counted(nodes, "node")), times in \(zone.label(at: .now))",
        .faint))
  }
}
