import ArgumentParser
import HistoryStore
import Inventory
import JSONTape
import PlainText
import Questions
import Terminal
import Times

/// A verb that asks a question, of a store or of a server that has one: it does not know which.
protocol Asking: ParsableCommand {
  associatedtype Scopes: ScopeChoice

  static var question: Question { get }
  /// The question that is meant, where a verb has several.
  var asked: Question { get }
  /// The arguments by the names of the question's parameters, as they were written.
  var given: [String: String?] { get }
  /// Those that can be given more than once.
  var lists: [String: [String]] { get }
  /// Which nodes it is about; nil where that is no question.
  var choice: NodeOptions? { get }
  var store: SourceOptions { get }
  var scope: Scopes { get }
  var output: OutputOptions { get }
  var time: TimeOptions { get }
  /// Rows that are enough; nil for all.
  var limit: Int? { get }
}

extension Asking {
  var limit: Int? { nil }
  var lists: [String: [String]] { [:] }
  var choice: NodeOptions? { nil }
  var asked: Question { Self.question }

  func run() throws { try ask() }

  /// Asks, shows what is found, and says where it is nothing.
  func ask() throws {
    let zone = try time.zone()
    let arguments = try arguments(zone)
    let source = try store.source(scope)
    let printer = Printer()
    let (answer, isFound) =
      asked.shape == .states
      ? try showStates(source, arguments, zone, to: printer)
      : try showRows(source, arguments, zone, to: printer)
    printer.flush()
    if answer.leftOut > 0 { complain("note: \(counted(answer.leftOut, "more row")) left out") }
    for state in answer.compared?.missing ?? [] {
      complain(
        "note: \(state.type) of \(state.node) is \(state.knowledge) at \(zone.text(state.at))")
    }
    if let count = answer.compared?.unnamed, count > 0 {
      complain("note: \(counted(count, "more state")) are unknown or erased; name a --type")
    }
    if !isFound {
      throw CommandFailure(
        .nothingFound,
        asked.nothing(arguments, answer, zone) + Hints(source).text(asked, arguments))
    }
  }

  /// The arguments, read in a zone; what is wrong with them ends the command before anything is asked.
  func arguments(_ zone: Zone) throws -> Arguments {
    let positional = asked.positional
    let reading = Arguments.Reading(
      times: TimeParser(zone: zone, now: .now), hasDurations: true,
      spelling: { positional.contains($0) ? $0.uppercased() : "--\($0)" }, note: complain)
    var given = given.compactMapValues { text in text.map { [$0] } }
    given.merge(lists) { $1 }
    given["node"] = choice?.node
    given["tag"] = choice?.tag
    given["where"] = choice?.conditions
    do throws(QuestionError) {
      return try Arguments(asked, given, reading)
    } catch { throw CommandFailure(.usage, error.description) }
  }

  private func showStates(
    _ source: any QuestionSource, _ arguments: Arguments, _ zone: Zone, to printer: Printer
  ) throws -> (Answer, isFound: Bool) {
    var answer = try source.page(asked, arguments)
    answer.states = answer.states.map(\.sorted)
    switch output.format {
    case .table:
      for (index, state) in answer.states.enumerated() {
        if index > 0 { printer.line() }
        state.print(zone, to: printer)
      }
    case .csv: printer.write(StateAnswer.csv(answer.states))
    case .json, .ndjson:
      ListWriter.write(
        answer.states.lazy.map(\.json), to: printer, as: output.format, columns: [])
    }
    return (answer, answer.isFound(asked))
  }

  /// Shows page after page to the end; a table waits for the last, because its widths depend on it.
  private func showRows(
    _ source: any QuestionSource, _ arguments: Arguments, _ zone: Zone, to printer: Printer
  ) throws -> (Answer, isFound: Bool) {
    let question = asked
    let isTable = output.format == .table
    guard isTable || output.format == .csv && question.needsRowsForColumns else {
      var list = ListWriter(printer, output.format, columns: try columns(source, arguments))
      let found = try forEachPage(source, arguments) { for row in $0 { list.append(row) } }
      list.finish()
      return found
    }
    var rows: [JSONValue] = []
    let found = try forEachPage(source, arguments) { rows += $0 }
    if !isTable {
      var list = ListWriter(
        printer, output.format, columns: try columns(source, arguments, rows: rows))
      for row in rows { list.append(row) }
      list.finish()
    } else if found.isFound {
      AnswerTable(arguments, found.0.isOfAllScopes, zone).print(rows, of: question, to: printer)
    }
    return found
  }

  /// Takes page after page to the end, or to the limit, and says where there is more behind that.
  private func forEachPage(
    _ source: any QuestionSource, _ arguments: Arguments, _ take: ([JSONValue]) -> Void
  ) throws -> (Answer, isFound: Bool) {
    var arguments = arguments
    var answer: Answer
    var left = limit ?? .max
    var isFound = false
    repeat {
      if asked.isPaged { arguments.set("limit", min(left, source.rowsMax)) }
      answer = try source.page(asked, arguments)
      isFound = isFound || answer.isFound(asked)
      left -= answer.rows.count
      take(answer.rows)
      if let next = answer.next { arguments.goOn(after: next) }
    } while answer.next != nil && !answer.rows.isEmpty && left > 0
    if left <= 0, let next = answer.next { Self.tellMore(after: next) }
    return (answer, isFound)
  }

  /// Says that a limit ended a list before its end, and how to go on.
  static func tellMore(after next: String) {
    complain("note: stopped at --limit, and there is more: go on with --after \(next)")
  }

  /// The columns of CSV; none for other formats.
  func columns(
    _ source: any QuestionSource, _ arguments: Arguments, rows: [JSONValue] = []
  ) throws -> FlatColumns {
    try output.format == .csv
      ? source.flatColumns(of: asked, arguments, rows: rows) : FlatColumns([])
  }
}

extension QuestionSource {
  /// A page of an answer, which is empty where a name in the question was never heard of.
  func page(_ question: Question, _ arguments: Arguments) throws -> Answer {
    do { return try ask(question, arguments) } catch is NothingKnown { return Answer() }
  }
}
