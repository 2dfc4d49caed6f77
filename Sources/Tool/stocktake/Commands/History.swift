import Questions
import Times
import PlainText
import ArgumentParser
import HistoryStore
import Inventory

/// The command `stocktake history`.
struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what changed on a node, oldest first.",
    discussion: """
      EXAMPLES
        stocktake history web-1
        stocktake history web-1 AWS:Application --name 'openssl*'
        stocktake history web-1 --from 2026-03-01 --to 2026-04-01 --format ndjson
      """)

  @Argument(help: "The node.")
  var node: String

  @Argument(help: "The inventory type. Default: all.")
  var type: String?

  @Option(
    help: ArgumentHelp(
      "Only items whose Name (else Id, else first identity) matches.", valueName: "glob"))
  var name: String?

  @Option(help: "Only changes at or after this valid time.")
  var from: String?

  @Option(help: "Only changes before this valid time.")
  var to: String?

  @Option(help: "Answer with what was recorded by this time only. Default: all.")
  var knownAt: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func run() throws {
    let node = try parseNode(node)
    let type = try type.map(parseType)
    let times = try time.reader()
    let range = try times.readRange(from, to)
    let knownAt = try times.read(knownAt, "--known-at")
    let filter = NameFilter(name)
    if let server = try store.remote(region: scope.region) {
      return try server.show(
        "/v1/nodes/\(percentEncoded(node.text))/history",
        [
          ("type", type?.text), ("from", range.from?.description), ("to", range.to?.description),
          ("known-at", knownAt?.description), ("name", name), ("limit", "10000"),
        ], as: output.format, columns: Change.columns, nothing: "no change is known that fits")
    }
    let store = try store.openForReading()
    let scope = try scope.scope(in: store)
    let found = try listOrNone {
      Array(
        try store.history(
          of: node, type: type, from: range.from, to: range.to, knownAt: knownAt, in: scope))
    }
    let changes = found.filter { filter.matches($0.old, $0.new, $0.identity, of: $0.type) }
    let printer = Printer()
    if output.format != .table {
      ListWriter.write(
        changes.lazy.map(\.json), to: printer, as: output.format, columns: Change.columns)
    } else if !changes.isEmpty {
      printer.line(
        printer.styled("\(node)  \(counted(changes.count, "change"))", .bold)
          + "  times in \(times.zone.label(at: changes[0].validTime))")
      printer.line()
      ChangeTable.table(changes, times.zone, showsNode: false).print(to: printer)
      printer.flush()
    }
    if changes.isEmpty {
      throw CommandFailure(.nothingFound, "no change of \(node) is known that fits")
    }
  }
}
