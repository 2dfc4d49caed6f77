import Questions
import Times
import ArgumentParser
import JSONTape
import HistoryStore
import Inventory

/// The command `stocktake rollup`.
struct RollUp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollup",
    abstract: "Count the nodes that have each version of each item, at a date.",
    discussion: """
      One line for each item and version that any node has, by name and version.

      EXAMPLES
        stocktake rollup
        stocktake rollup --at 2026-03-01 --name "lib*"
        stocktake rollup --type AWS:Service --at yesterday --format csv
      """)

  @Option(help: "The valid time. Default: now.")
  var at: String?

  @Option(help: "The inventory type.")
  var type = TypeName.application.text

  @Option(help: ArgumentHelp("Only items whose name matches.", valueName: "glob"))
  var name: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func run() throws {
    let type = try parseType(type)
    let times = try time.reader()
    let at = try times.read(at, "--at") ?? times.now
    if let server = try store.remote(region: scope.region) {
      return try server.show(
        "/v1/rollup", [("type", type.text), ("at", at.description), ("name", name)],
        as: output.format, columns: NamedLine.columns, nothing: "no node had \(type) then")
    }
    let filter = NameFilter(name)
    let store = try store.openForReading()
    let found = try store.rollup(type: type, at: at, in: try scope.scope(in: store))
    let lines = NamedLine.lines(of: found, type, filter)
    let printer = Printer()
    if output.format != .table {
      ListWriter.write(
        lines.lazy.map { $0.json(type) }, to: printer, as: output.format,
        columns: NamedLine.columns)
    } else if !lines.isEmpty {
      print(lines, to: printer)
    }
    printer.flush()
    if lines.isEmpty {
      throw CommandFailure(
        .nothingFound, name.map { "no node had \($0) (\(type)) then" } ?? "no node had \(type) then"
      )
    }
  }

  private func print(_ lines: [NamedLine], to printer: Printer) {
    let showsArchitecture = lines.contains { $0.line.item["Architecture"] != nil }
    var table = Table(
      [.init("NAME")] + (showsArchitecture ? [.init("ARCHITECTURE")] : [])
        + [.init("VERSION"), .init("NODES", isRightAligned: true, isElastic: false)])
    for line in lines {
      var row = [Table.Cell(line.name)]
      if showsArchitecture { row.append(.init(line.line.item["Architecture"] ?? "")) }
      row += [.init(line.line.version ?? ""), .init(grouped(line.line.nodes), .bold)]
      table.rows.append(row)
    }
    table.print(to: printer)
  }
}
