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
      those valid in that range, in the order of valid time. --group shows the same change on many \
      nodes in one line, the most widespread first.

      EXAMPLES
        stocktake changes --after 1200 --format ndjson
        stocktake changes --after 1200 --follow
        stocktake changes --from "yesterday 09:00" --to "yesterday 11:00"
        stocktake changes --from yesterday --name "openssl*" --tag Env=prod
        stocktake changes --follow --change removed --node "web-*"
        stocktake changes --from "2 days ago" --group --new-nodes fold
      """)

  @Option(
    help: ArgumentHelp(
      "Only log records after this sequence number; or go on behind --limit where a note said.",
      valueName: "seq"))
  var after: String?

  @Option(help: .time("Only changes at or after this valid time."))
  var from: String?

  @Option(help: .time("Only changes before this valid time. Default: now."))
  var to: String?

  @Option(help: "Only this inventory type.", completion: .types)
  var type: String?

  @Option(
    help: ArgumentHelp("Only items whose name matches.", valueName: "glob"), completion: .items)
  var name: String?

  @Option(help: "Only what was added, changed or removed.")
  var change: String?

  @Flag(
    help: "The same change on many nodes in one line; of a range of valid time, by default all.")
  var group = false

  @Option(
    help: ArgumentHelp(
      "fold: the first observation of a type on a node in one line. Default: show.",
      valueName: "show|fold"))
  var newNodes: String?

  @Option(
    help: .time(
      "Of a range of valid time: answer with what was recorded by this time only. Default: all."))
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
    if group, follow {
      throw ValidationError("--group is of a range of valid time: give --from and --to")
    }
    if follow, output.format == .json {
      throw ValidationError("a list without an end is no JSON; use --format ndjson")
    }
    if let limit, limit <= 0 { throw ValidationError("--limit is 1 or more") }
  }

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    [
      "after": after, "from": from, "to": to, "type": type, "name": name,
      "change": change, "new-nodes": newNodes, "known-at": knownAt,
    ]
  }

  var asked: Question { group ? .changeGroups : .changes }

  func run() throws {
    // A range has an end, and a table of its own; the log is shown as it comes.
    guard from == nil, to == nil, !group else { return try ask() }
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
    var sink = ChangeSink(
      output.format, try columns(source, arguments), zone, isFollowing: follow)
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
    if !follow, let limit, sink.count >= limit { try tellMore(source, arguments) }
    if sink.count == 0, !follow {
      throw CommandFailure(
        .nothingFound,
        Self.question.nothing(arguments, Answer(), zone)
          + Hints(source).text(Self.question, arguments))
    }
  }

  /// Says where the log goes on behind a limit, if it does.
  private func tellMore(_ source: any QuestionSource, _ arguments: Arguments) throws {
    var arguments = arguments
    let next = arguments.text("after") ?? "0"
    arguments.set("limit", 1)
    if try !source.page(Self.question, arguments).rows.isEmpty { Self.tellMore(after: next) }
  }

  /// How long one look at the log waits for more.
  private static let secondsToWait = 5
}

/// Takes changes page by page and writes them as they come.
private struct ChangeSink {
  private let printer = Printer()
  private let zone: Zone
  private let isFollowing: Bool
  private var list: ListWriter?
  /// The widths of columns so far, by their titles, and the titles of the page before.
  private var widths: [String: Int] = [:]
  private var titles: [[String]] = []
  private(set) var count = 0

  init(_ format: OutputFormat, _ columns: FlatColumns, _ zone: Zone, isFollowing: Bool) {
    self.zone = zone
    self.isFollowing = isFollowing
    if format != .table {
      list = ListWriter(printer, format, columns: columns)
    }
  }

  mutating func append(_ rows: [JSONValue], showsScope: Bool) {
    guard !rows.isEmpty else { return }
    if list != nil {
      for row in rows { list?.append(row) }
    } else {
      print(rows, showsScope: showsScope)
    }
    count += rows.count
  }

  private mutating func print(_ rows: [JSONValue], showsScope: Bool) {
    let form: ChangeTable.Form =
      printer.width == nil ? .whole : isFollowing ? .followed : .short
    let isAlone = form == .short
    if count == 0 || isAlone {
      printer.line("times in \(zone.label(at: rows[0].time("validTime") ?? .now))")
    }
    var table = ChangeTable(rows, zone, form).table(showsNode: true, showsScope: showsScope)
    guard !isAlone else {
      // A page on a terminal is a table of its own.
      table.print(to: printer)
      return AnswerTable.printShortened(rows, to: printer)
    }
    // In a pipe all pages are one; of what is followed nobody knows what its rows will share.
    for (i, column) in table.columns.enumerated() {
      table.columns[i].minimumWidth = widths[column.title] ?? 0
    }
    for (column, width) in zip(table.columns, table.naturalWidths()) {
      widths[column.title] = width
    }
    let layout = table.layout(for: printer)
    layout.print(to: printer, showsTitles: layout.titles != titles)
    titles = layout.titles
  }

  func flush() { printer.flush() }

  func finish() {
    list?.finish()
    printer.flush()
  }
}
