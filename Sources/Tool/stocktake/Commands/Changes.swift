import Questions
import Times
import ArgumentParser
import Glibc
import HistoryStore
import Inventory

/// The command `stocktake changes`.
struct Changes: ParsableCommand {
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
      """)

  private static let pageCount = 1000

  @Option(help: ArgumentHelp("Only log records after this sequence number.", valueName: "seq"))
  var after: UInt64?

  @Option(help: "Only changes at or after this valid time.")
  var from: String?

  @Option(help: "Only changes before this valid time. Default: now.")
  var to: String?

  @Flag(help: "Wait for more until Ctrl-C. Without --after: from now on.")
  var follow = false

  @Option(help: "Stop after about this many changes; a log record is never cut in two.")
  var limit: Int?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    if from != nil || to != nil, after != nil || follow {
      throw ValidationError(
        "--after and --follow read the log, --from and --to a range of valid time: not both")
    }
    if follow, output.format == .json {
      throw ValidationError("a list without an end is no JSON; use --format ndjson")
    }
    if let limit, limit <= 0 { throw ValidationError("--limit is 1 or more") }
  }

  func run() throws {
    let times = try time.reader()
    let range = try times.readRange(from, to)
    if let server = try store.remote(self.scope) {
      return try server.changes(
        after: after, range, limit: limit, follow: follow, output.format, now: times.now)
    }
    let store = try store.openForReading()
    let scope = try scope.scope(in: store)
    var sink = ChangeSink(output.format, times.zone, showsScope: scope == nil)
    if range.from != nil || range.to != nil {
      for one in try scope.map({ [$0] }) ?? store.scopes() {
        let changes = try store.changes(
          from: range.from ?? Instant(seconds: 0), to: range.to ?? times.now, in: one)
        sink.append(changes.prefix(limit ?? .max))
      }
    } else {
      try readLog(store, scope, &sink)
    }
    sink.finish()
    if sink.count == 0, !follow {
      throw CommandFailure(.nothingFound, "no change is known that fits")
    }
  }

  private func readLog(
    _ store: HistoryStore, _ scope: Scope?, _ sink: inout ChangeSink
  ) throws {
    if follow { Interruption.catchSignals() }
    var position = SequenceNumber(after ?? 0)
    if follow, after == nil { position = try store.lastSequence }
    while !Interruption.isRequested {
      // Read before the page: what is recorded meanwhile belongs to the next round.
      let last = try store.lastSequence
      let page = try store.changes(
        after: position, limit: min(Self.pageCount, limit.map { $0 - sink.count } ?? .max),
        in: scope)
      sink.append(page[...])
      if let limit, sink.count >= limit { return }
      if let read = page.last?.sequence {
        position = read
      } else {
        position = max(position, last)
        guard follow else { return }
        sink.flush()
        sleep(1)
      }
    }
  }
}

/// Takes changes page by page and writes them as they come.
private struct ChangeSink {
  private let printer = Printer()
  private let zone: Zone
  private let showsScope: Bool
  private var list: ListWriter?
  private var widths: [Int] = []
  private(set) var count = 0

  init(_ format: OutputFormat, _ zone: Zone, showsScope: Bool) {
    self.zone = zone
    self.showsScope = showsScope
    if format != .table { list = ListWriter(printer, format, columns: Change.columns) }
  }

  mutating func append(_ changes: some Collection<Change>) {
    guard !changes.isEmpty else { return }
    if list != nil {
      for change in changes { list?.append(change.json) }
    } else {
      var table = ChangeTable.table(
        Array(changes), zone, showsNode: true, showsScope: showsScope)
      table.minimumWidths = widths
      widths = table.naturalWidths()
      if count == 0 { printer.line("times in \(zone.label(at: .now))") }
      table.print(to: printer, showsTitles: count == 0)
    }
    count += changes.count
  }

  func flush() { printer.flush() }

  func finish() {
    list?.finish()
    printer.flush()
  }
}
