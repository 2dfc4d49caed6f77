import HistoryStore
import Inventory
import JSONTape
import PlainText
import Questions
import Times

extension HistoryAPI {
  /// A route for each question.
  static let questionRoutes = Question.all.map { question in
    Route(
      path: question.path, summary: question.summary,
      parameters: question.parameters.filter { !$0.isInPath } + [Format.parameter],
      schema: question.schema,
      load: question.name == Question.changes.name
        ? .wait : question.isOfOneNode ? .lookup : .question
    ) { api, request, given, reply in
      let arguments = try api.arguments(question, given)
      if question.name == Question.changes.name {
        return try await api.changes(request, arguments, &reply)
      }
      return try api.found(
        try api.ask(question, arguments, request), Asked(question: question, arguments: arguments),
        request, &reply)
    }
  }

  /// Routes that are no questions but for their forms.
  static let otherRoutes = [
    Route(
      path: "/v1/nodes/{id}", summary: "One node.", schema: Question.nodes.schema, isList: false,
      load: .lookup
    ) { api, request, given, _ in try api.node(request, given["id"]?.first ?? "") },
    Route(
      method: "POST", path: "/v1/reports",
      summary: "Record a report in the form of PutInventory, or one on each line as NDJSON.",
      schema: "Recorded", body: "Report", writes: true, load: .report
    ) { api, request, _, _ in try await api.record(request) },
  ]

  private func node(_ request: APIRequest, _ id: String) throws -> Route.Found {
    guard let node = try? NodeID(id) else { throw APIError.notFound("there is no such node") }
    let arguments = try arguments(.nodes, [:])
    let found = try store.reading(request.scope) { reader in
      let node = try reader.meant(node)
      return try reader.number(of: node).flatMap { try reader.summary(of: node, number: $0) }
        .map { NodeLine.columns.object(try reader.line(of: $0, arguments)) }
    }
    guard let found else { throw APIError.notFound("no node \(node) ever reported") }
    return .object(found)
  }

  /// The arguments of a question, times in UTC unless they say otherwise.
  private func arguments(
    _ question: Question, _ given: [String: [String]]
  ) throws(APIError) -> Arguments {
    var reading = Arguments.Reading(times: TimeParser(zone: .utc, now: store.now))
    reading.connectionLostAfter = connectionLostAfter
    do throws(QuestionError) {
      return try Arguments(question, given, reading)
    } catch {
      throw error.isNode ? .notFound("there is no such node") : .bad(error.description)
    }
  }

  /// One page of an answer.
  func ask(
    _ question: Question, _ arguments: Arguments, _ request: APIRequest
  ) throws -> Answer {
    do { return try StoreSource(store, request.scope).ask(question, arguments) } catch let error
      as NothingKnown
    { throw APIError.notFound(error.description) }
  }

  /// An answer, with what its rows do not tell in the header.
  func found(
    _ answer: Answer, _ asked: Asked, _ request: APIRequest, _ reply: inout Route.Reply
  ) throws -> Route.Found {
    if let next = answer.next {
      reply.headers.append(("X-Stocktake-Next", percentEncoded(next)))
    }
    if answer.leftOut > 0 {
      reply.headers.append(("X-Stocktake-Left-Out", String(answer.leftOut)))
    }
    if let compared = answer.compared {
      reply.headers.append(("X-Stocktake-Compared", compared.field(encoding: percentEncoded)))
    }
    guard asked.question.shape == .rows else { return .states(answer.states) }
    let columns =
      reply.format == .csv
      ? try StoreSource(store, request.scope).flatColumns(
        of: asked.question, asked.arguments, rows: answer.rows) : FlatColumns([])
    return .list(answer.rows, columns: columns)
  }

  /// A question with its arguments.
  struct Asked {
    var question: Question
    var arguments: Arguments
  }
}
