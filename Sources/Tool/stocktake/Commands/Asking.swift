import ArgumentParser
import HistoryStore
import Inventory
import JSONTape
import Questions
import Terminal
import Times

/// A verb that asks a question, of a store or of a server that has one: it does not know which.
protocol Asking: ParsableCommand {
  associatedtype Scopes: ScopeChoice

  static var question: Question { get }
  /// The arguments by the names of the question's parameters, as they were written.
  var given: [String: String?] { get }
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
  var choice: NodeOptions? { nil }

  func run() throws { try ask() }

  /// Asks, shows what is found, and says where it is nothing.
  func ask() throws {
    let zone = try time.zone()
    let arguments = try arguments(zone)
    let source = try store.source(scope)
    let printer = Printer()
    let (answer, isFound) =
      Self.question.shape == .states
      ? try showStates(source, arguments, zone, to: printer)
      : try showRows(source, arguments, zone, to: printer)
    printer.flush()
    for state in answer.compared?.missing ?? [] {
      complain(
        "note: \(state.type) of \(state.node) is \(state.knowledge) at \(zone.text(state.at))")
    }
    if !isFound {
      throw CommandFailure(.nothingFound, Self.question.nothing(arguments, answer, zone))
    }
  }

  /// The arguments, read in a zone; what is wrong with them ends the command before anything is asked.
  func arguments(_ zone: Zone) throws -> Arguments {
    let positional = Self.question.positional
    let reading = Arguments.Reading(
      times: TimeParser(zone: zone, now: .now), hasDurations: true,
      spelling: { positional.contains($0) ? $0.uppercased() : "--\($0)" }, note: complain)
    var given = given.compactMapValues { text in text.map { [$0] } }
    given["node"] = choice?.node
    given["tag"] = choice?.tag
    do throws(QuestionError) {
      return try Arguments(Self.question, given, reading)
    } catch { throw CommandFailure(.usage, error.description) }
  }

  private func showStates(
    _ source: any QuestionSource, _ arguments: Arguments, _ zone: Zone, to printer: Printer
  ) throws -> (Answer, isFound: Bool) {
    var answer = try source.page(Self.question, arguments)
    answer.states = answer.states.map(\.sorted)
    switch output.format {
    case .table:
      for (index, state) in answer.states.enumerated() {
        if index > 0 { printer.line() }
        state.print(zone, to: printer)
      }
    case .csv: printer.write(StateAnswer.csv(answer.states))
    case .json where arguments.type != nil:
      var out: [UInt8] = []
      for state in answer.states { state.json.write(to: &out, indent: 0) }
      printer.write(out)
      if !out.isEmpty { printer.line() }
    case .json, .ndjson:
      ListWriter.write(
        answer.states.lazy.map(\.json), to: printer, as: output.format, columns: [])
    }
    return (answer, answer.isFound(Self.question))
  }

  /// Shows page after page to the end; a table waits for the last, because its widths depend on it.
  private func showRows(
    _ source: any QuestionSource, _ arguments: Arguments, _ zone: Zone, to printer: Printer
  ) throws -> (Answer, isFound: Bool) {
    var arguments = arguments
    var list =
      output.format == .table
      ? nil : ListWriter(printer, output.format, columns: Self.question.columns.names)
    var answer: Answer
    var rows: [JSONValue] = []
    var left = limit ?? .max
    var isFound = false
    repeat {
      if Self.question.isPaged { arguments.set("limit", min(left, source.rowsMax)) }
      answer = try source.page(Self.question, arguments)
      isFound = isFound || answer.isFound(Self.question)
      left -= answer.rows.count
      if list == nil { rows += answer.rows }
      for row in answer.rows { list?.append(row) }
      if let next = answer.next { arguments.goOn(after: next) }
    } while answer.next != nil && !answer.rows.isEmpty && left > 0
    list?.finish()
    if list == nil, isFound {
      AnswerTable(arguments, answer.isOfAllScopes, zone).print(rows, of: Self.question, to: printer)
    }
    return (answer, isFound)
  }
}

extension QuestionSource {
  /// A page of an answer, which is empty where a name in the question was never heard of.
  func page(_ question: Question, _ arguments: Arguments) throws -> Answer {
    do { return try ask(question, arguments) } catch is NothingKnown { return Answer() }
  }
}
