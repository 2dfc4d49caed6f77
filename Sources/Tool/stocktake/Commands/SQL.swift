import ArgumentParser
import HistoryStore
import Inventory
import InventorySQL
import JSONTape
import PlainText
import Questions
import SQLite
import Terminal
import Times

/// The command `stocktake sql`.
struct SQL: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sql",
    abstract: "Ask in SQL, as of any date.",
    discussion: """
      One SELECT over tables that are made as they are read: one for each inventory type \
      (aws_application, custom_rackinfo), and items, nodes, coverage, changes, holders, rollup, rollout, \
      diff, dates, tags and types. Every table of states takes a date: aws_application('2026-03-03'). \
      docs/sql.md has them all. Nothing can be written.

      EXAMPLES
        stocktake sql "select * from types"
        stocktake sql "select name, version from aws_application('2026-03-03')"
        stocktake sql --param name=vim "select * from holders(:name, '2026-01-01')"
        stocktake sql --at yesterday --file report.sql --format csv
        stocktake sql --explain "select * from aws_application where name = 'vim'"
      """)

  @Argument(help: "The statement; else it is read from --file, or from standard input.")
  var query: String?

  @Option(
    name: [.short, .long], help: "A file that has the statement; - is standard input.",
    completion: .file())
  var file: String?

  @Option(
    name: .customLong("param"),
    help: ArgumentHelp(
      "A value of the statement's :name, as a text; several.", valueName: "name=value"))
  var parameters: [String] = []

  @Option(help: "The valid time of tables that are told no other. Default: now.")
  var at: String?

  @Option(help: "Answer with what was recorded by this time only. Default: all.")
  var knownAt: String?

  @Option(help: "Rows that are enough. Default: all; 1000 in a table.")
  var limit: Int?

  @Option(help: "How long it may take, such as 90s or 5m. Default: 30s.")
  var timeout: String?

  @Flag(help: "Tell how the statement would be answered, and do not answer it.")
  var explain = false

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    guard query == nil || file == nil else {
      throw ValidationError("a statement and --file: give one or the other")
    }
    if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
  }

  func run() throws {
    Interruption.catchSignals()
    var query = InventoryQuery(try statement())
    if explain { query.sql = "EXPLAIN QUERY PLAN " + query.sql }
    let reader = try time.reader()
    query.at = try reader.read(at, "--at")
    query.knownAt = try reader.read(knownAt, "--known-at")
    query.rowsMax = limit ?? (output.format == .table ? 1000 : nil)
    if let timeout { query.limits.timeMax = .seconds(try Self.seconds(timeout)) }
    for parameter in parameters {
      guard let mark = parameter.firstIndex(of: "="), mark != parameter.startIndex else {
        throw CommandFailure(.usage, "--param \"\(parameter.onOneLine)\": write name=value")
      }
      query.named[String(parameter[..<mark])] = .text(
        String(parameter[parameter.index(after: mark)...]))
    }
    try answer(query)
  }

  private func answer(_ query: InventoryQuery) throws {
    let source: any SQLSource
    if let server = try store.remote(region: scope.region) {
      source = server
    } else {
      let opened = try store.openForReading()
      source = StoreSQL(store: opened, scope: try scope.scope(in: opened))
    }
    var writer = RowWriter(Printer(), output.format, isPlan: explain)
    let isTruncated: Bool
    do {
      isTruncated = try source.rows(query) {
        writer.columns = $0
      } row: {
        writer.append($0)
      }
    } catch let error as SQLError {
      writer.flush()
      throw CommandFailure(error.status, error.sentence(in: query.sql).onOneLine)
    }
    writer.finish()
    if isTruncated {
      complain("note: there are more rows than these \(writer.count); --limit N gives more")
    }
    if writer.count == 0 { throw CommandFailure.silent(.nothingFound) }
  }

  /// The text of the statement, from wherever it is.
  private func statement() throws -> String {
    if let query { return query }
    let path = file ?? "-"
    let source = try FileSource(path: path)
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try unsafe piece.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
      if count == 0 { break }
      text += piece[..<count]
      guard text.count <= SQLLimits().statementBytesMax else {
        throw CommandFailure(
          .badInput, "\(path): a statement has at most \(SQLLimits().statementBytesMax) bytes")
      }
    }
    guard let sql = String(validating: text, as: UTF8.self) else {
      throw CommandFailure(.badInput, "\(path): the statement is not UTF-8")
    }
    return sql
  }

  private static func seconds(_ text: String) throws -> Int64 {
    guard let seconds = TimeParser.durationSeconds(text), (1...86400).contains(seconds) else {
      throw CommandFailure(
        .usage, "--timeout \"\(text.onOneLine)\": write a time such as 90s or 5m, at most a day")
    }
    return seconds
  }
}

extension SQLError {
  /// The exit status of a statement that has no answer.
  fileprivate var status: ExitStatus {
    switch code {
    case .cancelled: .interrupted
    case .internal: .storeError
    case .timeLimit, .tooLarge: .badInput
    default: .usage
    }
  }
}

/// What answers a query in SQL: a store, or a server that has one.
private protocol SQLSource {
  /// Hands over columns and rows; whether there were more.
  func rows(
    _ query: InventoryQuery, columns: ([String]) -> Void, row: ([JSONValue]) -> Void
  ) throws -> Bool
}

private struct StoreSQL: SQLSource {
  let store: HistoryStore
  let scope: Scope

  func rows(
    _ query: InventoryQuery, columns: ([String]) -> Void, row: ([JSONValue]) -> Void
  ) throws -> Bool {
    try query.run(
      on: store, scope, isStopped: { Interruption.isRequested }, columns: columns
    ) {
      row($0.map(\.json))
      return true
    }.isTruncated
  }
}

extension RemoteServer: SQLSource {
  func rows(
    _ query: InventoryQuery, columns: ([String]) -> Void, row: ([JSONValue]) -> Void
  ) throws -> Bool {
    var body: [UInt8] = []
    query.json.write(to: &body)
    let answer = try post("/v1/sql", body)
    columns(answer["columns"]?.texts ?? [])
    for values in answer["rows"]?.elements ?? [] { row(values.elements) }
    return answer["truncated"] == .bool(true)
  }
}

/// Writes rows whose columns are known when the first one comes.
private struct RowWriter {
  private let printer: Printer
  private let format: OutputFormat
  private let isPlan: Bool
  var columns: [String] = [] {
    didSet {
      guard format != .table else { return }
      list = ListWriter(printer, format, columns: FlatColumns(columns))
    }
  }
  private(set) var count = 0
  private var list: ListWriter?
  private var rows: [[JSONValue]] = []

  init(_ printer: Printer, _ format: OutputFormat, isPlan: Bool) {
    self.printer = printer
    self.format = format
    self.isPlan = isPlan
  }

  mutating func append(_ row: [JSONValue]) {
    count += 1
    if list == nil { rows.append(row) }
    list?.append(.object(zip(columns, row).map { .init($0, $1) }))
  }

  /// Passes on what is there, where the rest does not come.
  func flush() { printer.flush() }

  func finish() {
    guard list == nil else {
      list?.finish()
      return
    }
    isPlan ? printPlan() : printTable()
    printer.flush()
  }

  private func printTable() {
    var table = Table(
      columns.indices.map { index in
        Table.Column(
          columns[index], isRightAligned: rows.allSatisfy { $0[index].isNumberOrNull })
      })
    table.rows = rows.map { row in row.map { Table.Cell(CSV.field($0)) } }
    if !rows.isEmpty { table.print(to: printer) }
  }

  /// The steps of a plan, each below the one that it is a part of; what a table reads in its own words.
  private func printPlan() {
    var depths: [Int64: Int] = [0: -1]
    for row in rows where row.count >= 4 {
      guard case .integer(let id) = row[0], case .integer(let parent) = row[1] else { continue }
      let depth = (depths[parent] ?? -1) + 1
      depths[id] = depth
      let detail = row[3].text ?? ""
      let words = detail.split(separator: "|", maxSplits: 1)
      let table = words[0].split(separator: " VIRTUAL TABLE INDEX").first.map(String.init) ?? detail
      let line = words.count > 1 ? "\(table): \(words[1])" : detail
      printer.line(String(repeating: "  ", count: depth) + line)
    }
  }
}

extension JSONValue {
  fileprivate var isNumberOrNull: Bool {
    switch self {
    case .null, .integer, .number: true
    default: false
    }
  }
}
