import ArgumentParser
import Inventory
import JSONTape
import Questions
import Terminal
import Times

/// The command `stocktake changes`.
struct Changes: Asking {
  static let question = Question.changes

  static let configuration = CommandConfiguration(
    abstract: "List the changes of all nodes: the event log in its order, or a range of time.",
    discussion: """
      With --after the log is read from a sequence number on, in the order in which it was \
      recorded; --follow waits for more and ends with Ctrl-C. With --from and --to the changes are \
      those valid in that range, in the order of valid time.

      EXAMPLES
        stocktake changes --after 1200 --format ndjson
        stocktake changes --after 1200 --follow
        stocktake changes --from "yesterday 09:00" --to "yesterday 11:00"
        stocktake changes --from yesterday --type Application --name "openssl*" --tag Env=prod
        stocktake changes --follow --change removed --node "web-*"
      """)

  @Option(help: ArgumentHelp("Only log records after this sequence number.", valueName: "seq"))
  var after: UInt64?

  @Option(help: "Only changes at or after this valid time.")
  var from: String?

  @Option(help: "Only changes before this valid time. Default: now.")
  var to: String?

  @Option(help: "Only this inventory type.")
  var type: String?

  @Option(help: ArgumentHelp("Only items whose name matches.", valueName: "glob"))
  var name: String?

  @Option(help: "Only what was added, changed or removed.")
  var change: String?

  @Option(
    help: "Of a range of valid time: answer with what was recorded by this time only. Default: all."
  )
  var knownAt: String?

  @Flag(help: "Wait for more until Ctrl-C. Without --after: from now on.")
  var follow = false

  @Option(help: "Stop after about this many changes; a log record is never cut in two.")
  var limit: Int?

  @OptionGroup var nodes: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    if from != nil || to != nil, follow {
      throw ValidationError(
        "--follow reads the log, --from and --to a range of valid time: not both")
    }
    if follow, output.format == .json {
      throw ValidationError("a list without an end is no JSON; use --format ndjson")
    }
    if let limit, limit <= 0 { throw ValidationError("--limit is 1 or more") }
  }

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    [
      "after": after.map { String($0) }, "from": from, "to": to, "type": type, "name": name,
      "change": change, "known-at": knownAt,
    ]
  }

  func run() throws {
    // A range has an end, and a table of its own; the log is shown as it comes.
    guard from == nil, to == nil else { return try ask() }
    let zone = try time.zone()
    var arguments = try arguments(zone)
    let source = try store.source(scope)
    if follow { Interruption.catchSignals() }
    if follow, after == nil {
      // The end of the log: the place behind everything.
      arguments.goOn(after: String(1 << 48))
      arguments.set("limit", 1)
      arguments.goOn(after: try source.page(Self.question, arguments).next ?? "0")
    }
    if follow { arguments.set("wait", Self.secondsToWait) }
    var sink = ChangeSink(output.format, zone)
    while !Interruption.isRequested {
      let left = limit.map { $0 - sink.count } ?? .max
      guard left > 0 else { break }
      arguments.set("limit", min(left, Parameter.limitStandard))
      let page = try source.page(Self.question, arguments)
      sink.append(page.rows, showsScope: page.isOfAllScopes)
      guard let next = page.next, follow || !page.rows.isEmpty else { break }
      arguments.goOn(after: next)
      if follow { sink.flush() }
    }
    sink.finish()
    if sink.count == 0, !follow {
      throw CommandFailure(.nothingFound, Self.question.nothing(arguments, Answer(), zone))
    }
  }

  /// How long one look at the log waits for more.
  private static let secondsToWait = 5
}

/// Takes changes page by page and writes them as they come.
private struct ChangeSink {
  private let printer = Printer()
  private let zone: Zone
  private var list: ListWriter?
  private var widths: [Int] = []
  private(set) var count = 0

  init(_ format: OutputFormat, _ zone: Zone) {
    self.zone = zone
    if format != .table {
      list = ListWriter(printer, format, columns: Question.changes.columns.names)
    }
  }

  mutating func append(_ rows: [JSONValue], showsScope: Bool) {
    guard !rows.isEmpty else { return }
    if list != nil {
      for row in rows { list?.append(row) }
    } else {
      var table = ChangeTable.table(rows, zone, showsNode: true, showsScope: showsScope)
      table.minimumWidths = widths
      widths = table.naturalWidths()
      if count == 0 { printer.line("times in \(zone.label(at: .now))") }
      table.print(to: printer, showsTitles: count == 0)
    }
    count += rows.count
  }

  func flush() { printer.flush() }

  func finish() {
    list?.finish()
    printer.flush()
  }
}
