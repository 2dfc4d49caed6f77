import ArgumentParser
import HistoryStore
import Inventory
import JSONTape
import PlainText
import Questions
import Terminal

/// The command `stocktake ingest`.
struct Ingest: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Record PutInventory requests, one JSON object per line.",
    discussion: """
      gzip, xz, Zstandard and bzip2 are recognised by their first bytes. A line that cannot be \
      recorded is named on standard error (the first 100, then their number), the others are kept, \
      and the status is 3. Ctrl-C finishes what is \
      begun and ends with the summary and status 130; a second one ends at once.

      EXAMPLES
        stocktake ingest reports.jsonl.zst
        zcat *.gz | stocktake ingest -
        stocktake ingest reports.jsonl --strict --max-body-bytes 12582912
      """)

  @Argument(help: "The file; - is standard input.", completion: .file())
  var file: String

  @Option(help: "Reports per commit.")
  var group = 64

  @Option(help: "How long a line may be; at most 12582912.")
  var maxBodyBytes = ReportLimits.default.bodyBytesMax

  @Flag(help: "Stop at the first bad line; what came before it is kept, each by itself.")
  var strict = false

  @Flag(help: "No progress bar and no summary.")
  var quiet = false

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...ReportLimits.bodyBytesCeiling).contains(maxBodyBytes) else {
      throw ValidationError("--max-body-bytes is 1 to \(ReportLimits.bodyBytesCeiling)")
    }
    guard (1...10_000).contains(group) else { throw ValidationError("--group is 1 to 10000") }
  }

  func run() throws {
    var limits = ReportLimits.default
    limits.bodyBytesMax = maxBodyBytes
    let input = try FileSource(path: file)
    if try input.peek(1).isEmpty {
      throw CommandFailure(.badInput, "\(input.name) is empty; there is nothing to record")
    }
    let sink: IngestRun.Sink
    // Not by ??: see "What this compiler gets wrong" in docs/architecture.md.
    if let remote = try store.remote(region: scope.region) {
      sink = .server(remote)
    } else {
      let store = try store.openForWriting(limits: limits)
      sink = .store(store, try scope.scope(in: store))
    }
    Interruption.catchSignals()
    var run = IngestRun(
      sink: sink, input: input,
      // A group that is stored at once would keep what follows a bad line.
      groupCount: strict ? 1 : group, isStrict: strict, isQuiet: quiet)
    let lines = LineReader(TextSource(UnpackedSource(input)), lineByteCountMax: maxBodyBytes)
    var failure: (any Error)?
    do { try run.read(lines) } catch { failure = error }
    run.finish(output.format)
    if let failure { throw failure }
    if Interruption.isRequested { throw CommandFailure.silent(.interrupted) }
    if run.totals.badLines > 0 { throw CommandFailure.silent(.badInput) }
    if run.totals.reports == 0 {
      throw CommandFailure(.badInput, "\(input.name) has blank lines only; nothing was recorded")
    }
  }
}

/// One run over one input: groups of lines, one commit each.
struct IngestRun {
  /// A group is recorded before it holds more than this, whatever its count.
  private static let storeGroupByteCountMax = 32 << 20
  /// As much as a server takes in one request by default.
  private static let serverGroupByteCountMax = 2 << 20

  private var groupByteCountMax: Int {
    if case .server = sink { Self.serverGroupByteCountMax } else { Self.storeGroupByteCountMax }
  }

  /// Where reports go.
  enum Sink {
    case store(HistoryStore, Scope)
    case server(RemoteServer)
  }

  let sink: Sink
  let input: FileSource
  let groupCount: Int
  let isStrict: Bool
  let isQuiet: Bool
  private(set) var totals = Totals()
  private let bar = ProgressBar()
  /// Bad lines that are named on standard error; of the others it is told how many there were.
  private static let badLinesNamedMax = 100
  /// Bad lines that were not named.
  private var unnamed = 0
  private var bodies: [[UInt8]] = []
  private var lineNumbers: [Int] = []
  private var byteCount = 0

  init(
    sink: Sink, input: FileSource, groupCount: Int, isStrict: Bool, isQuiet: Bool
  ) {
    self.sink = sink
    self.input = input
    self.groupCount = groupCount
    self.isStrict = isStrict
    self.isQuiet = isQuiet
  }

  /// Records all lines, up to the end or until a wish to stop.
  mutating func read(_ lines: LineReader) throws {
    do {
      while !Interruption.isRequested, !(isStrict && totals.badLines > 0),
        let line = try lines.next()
      {
        switch line {
        case .tooLong(let count):
          refuse(
            lines.lineNumber,
            "the line has \(grouped(count)) bytes; --max-body-bytes may be raised to "
              + grouped(ReportLimits.bodyBytesCeiling))
        case .bytes(let bytes):
          if Self.isBlank(bytes) { continue }
          bodies.append(bytes)
          lineNumbers.append(lines.lineNumber)
          byteCount += bytes.count
          if bodies.count >= groupCount || byteCount >= groupByteCountMax { try commit() }
        }
      }
    } catch let error as InputError {
      // What was read whole before the damage is good.
      try commit()
      throw error
    }
    try commit()
  }

  private static func isBlank(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
  }

  private mutating func commit() throws {
    guard !bodies.isEmpty else { return }
    switch sink {
    case .store(let store, let scope):
      for (line, result) in zip(lineNumbers, try store.record(json: bodies, in: scope)) {
        switch result {
        case .success(let receipt): totals.add(receipt)
        case .failure(let error): refuse(line, error.description)
        }
      }
    case .server(let server):
      let lines = Array(bodies.joined(separator: [UInt8(ascii: "\n")]))
      for (index, row) in try server.record(lines).enumerated() { take(row, at: index) }
    }
    bodies.removeAll(keepingCapacity: true)
    lineNumbers.removeAll(keepingCapacity: true)
    byteCount = 0
    guard !isQuiet else { return }
    let rate = Int(Double(totals.items) / max(bar.elapsedSeconds, 0.001))
    bar.update(
      input.readByteCount, of: input.byteCount,
      "\(counted(totals.reports, "report"))  \(grouped(rate)) items/s")
  }

  /// Takes what a server says of one line; of many bad ones it counts the last together.
  private mutating func take(_ row: JSONValue, at index: Int) {
    guard case .string(let error) = row["error"] else {
      return totals.add(
        items: RemoteServer.count(row, "items"), changes: RemoteServer.count(row, "changes"),
        isDuplicate: row["sequence"] == nil)
    }
    let further = RemoteServer.count(row, "count")
    guard further == 0 else {
      for _ in 0..<further { totals.addBadLine() }
      unnamed += further
      return
    }
    // Without a number, a row is that of the line in its place.
    let line = row["line"] == nil ? index : RemoteServer.count(row, "line") - 1
    refuse(lineNumbers.indices.contains(line) ? lineNumbers[line] : 0, error.onOneLine)
  }

  private mutating func refuse(_ line: Int, _ reason: String) {
    totals.addBadLine()
    guard totals.badLines - unnamed <= Self.badLinesNamedMax else {
      unnamed += 1
      return
    }
    bar.clear()
    complain("\(input.name): line \(line): \(reason)")
  }

  /// Prints the summary.
  func finish(_ format: OutputFormat) {
    bar.clear()
    if unnamed > 0 {
      complain("\(input.name): \(counted(unnamed, "more bad line")), not named here")
    }
    guard !isQuiet else { return }
    let printer = Printer()
    let seconds = bar.elapsedSeconds
    switch format {
    case .table: printer.line(totals.text(seconds: seconds))
    case .json, .ndjson: printer.line(totals.json(seconds: seconds).compact)
    case .csv:
      ListWriter.write(
        [totals.json(seconds: seconds)], to: printer, as: .csv,
        columns: ["reports", "items", "changes", "duplicates", "badLines", "milliseconds"])
    }
    printer.flush()
  }
}
