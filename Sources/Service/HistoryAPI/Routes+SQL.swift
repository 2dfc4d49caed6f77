import HistoryStore
import Inventory
import InventorySQL
import JSONTape
import Questions
import SQLite
import Times

extension HistoryAPI {
  /// Bytes of the rows of one answer; beyond them it is cut, and says so.
  static let sqlAnswerBytesMax = 32 << 20

  /// What is told of an answer in SQL.
  static let sqlRoute = Route(
    method: "POST", path: "/v1/sql",
    summary: "Ask in SQL, as of any date: one SELECT over the tables of docs/sql.md.",
    schema: "SQLAnswer", isList: false, body: "SQLQuery", load: .question
  ) { api, request, _, reply in
    let type = request.contentType?.split(separator: ";").first?.lowercased() ?? ""
    guard type == Format.json.rawValue else {
      throw APIError(415, "unsupportedMediaType", "a query is \(Format.json.rawValue)")
    }
    return try api.query(request, &reply)
  }

  private func query(_ request: APIRequest, _ reply: inout Route.Reply) throws -> Route.Found {
    let body: JSONValue
    do { body = try JSONValue(parsing: request.body) } catch {
      throw APIError.bad("the body is no JSON: \(error)")
    }
    var sql = ""
    do {
      let query = try InventoryQuery(json: body, times: TimeParser(zone: .utc, now: store.now))
      sql = query.sql
      return try answer(query, request.scope, &reply)
    } catch let error as SQLError {
      throw APIError(error, in: sql)
    }
  }

  private func answer(
    _ query: InventoryQuery, _ scope: Scope, _ reply: inout Route.Reply
  ) throws -> Route.Found {
    var names: [String] = []
    var rows: [JSONValue] = []
    var byteCount = 0
    let end = try query.run(on: store, scope, now: store.now) {
      names = $0
    } row: { values in
      byteCount += values.reduce(16 * values.count) { $0 + ($1.asText?.utf8.count ?? 0) }
      guard byteCount <= Self.sqlAnswerBytesMax else { return false }
      rows.append(.array(values.map(\.json)))
      return true
    }
    if end.isTruncated { reply.headers.append(("X-Stocktake-Truncated", "true")) }
    guard reply.format == .json else {
      // A row as an object, as in every other list.
      let objects = rows.map { row in
        JSONValue.object(zip(names, row.elements).map { .init($0, $1) })
      }
      return .list(objects, columns: FlatColumns(names))
    }
    return .object(
      .object([
        .init("columns", .array(names.map { .string($0) })), .init("rows", .array(rows)),
        .init("truncated", .bool(end.isTruncated)),
        .init("sequence", .integer(Int64(end.sequence.value))),
      ]))
  }
}

extension APIError {
  /// An error of a statement, with its place.
  fileprivate init(_ error: SQLError, in sql: String) {
    let status =
      switch error.code {
      case .tooLarge, .timeLimit: 422
      case .cancelled: 503
      case .internal: 500
      case .notAllowed, .syntax, .parameter, .invalidArgument: 400
      }
    self.init(status, "sql.\(error.code.rawValue)", error.sentence(in: sql))
  }
}
