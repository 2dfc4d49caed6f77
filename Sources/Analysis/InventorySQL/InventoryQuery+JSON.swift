import Inventory
package import JSONTape
import PlainText
package import SQLite
package import Times

extension InventoryQuery {
  /// Rows that one request to a server gets at most, and unless it says how many.
  package static let rowsCeiling = 100_000
  package static let rowsUsual = 1000

  /// Reads a query as `POST /v1/sql` has it; throws a sentence that names what is wrong.
  ///
  /// - Parameter times: reads `at` and `known-at`.
  package init(json: JSONValue, times: TimeParser) throws(SQLError) {
    guard case .object(let members) = json else {
      throw SQLError(.parameter, "the body is an object with the member sql")
    }
    guard case .string(let sql) = json["sql"] else {
      throw SQLError(.parameter, "the member sql is missing, or is no text")
    }
    self.init(sql)
    rowsMax = Self.rowsUsual
    for member in members {
      switch member.name {
      case "sql": break
      case "parameters": try take(parameters: member.value)
      case "at": at = try Self.time(member, times)
      case "known-at": knownAt = try Self.time(member, times)
      case "limit": rowsMax = try Self.count(member, 1...Self.rowsCeiling)
      case "timeout":
        let most = Int(limits.timeMax.components.seconds)
        limits.timeMax = .seconds(try Self.count(member, 1...most))
      default:
        throw SQLError(
          .parameter,
          """
          there is no member "\(member.name.onOneLine)" here; there are sql, parameters, at, known-at, limit, timeout
          """
        )
      }
    }
  }

  /// The query as `POST /v1/sql` has it.
  package var json: JSONValue {
    var members: [JSONValue.Member] = [.init("sql", .string(sql))]
    if !named.isEmpty {
      members.append(
        .init(
          "parameters",
          .object(named.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.json) })))
    } else if !positional.isEmpty {
      members.append(.init("parameters", .array(positional.map(\.json))))
    }
    if let at { members.append(.init("at", .string(at.description))) }
    if let knownAt { members.append(.init("known-at", .string(knownAt.description))) }
    members.append(.init("limit", .count(min(rowsMax ?? .max, Self.rowsCeiling))))
    members.append(.init("timeout", .integer(limits.timeMax.components.seconds)))
    return .object(members)
  }

  private mutating func take(parameters: JSONValue) throws(SQLError) {
    switch parameters {
    case .array(let values):
      for value in values { positional.append(try SQLValue(json: value)) }
    case .object(let members):
      for member in members { named[member.name] = try SQLValue(json: member.value) }
    default:
      throw SQLError(.parameter, "parameters is an object of names, or a list for question marks")
    }
  }

  private static func time(
    _ member: JSONValue.Member, _ times: TimeParser
  ) throws(SQLError) -> Instant {
    guard case .string(let text) = member.value else {
      throw SQLError(.parameter, "\(member.name) is a time, such as \"2026-03-03\"")
    }
    do { return try times.parse(text).instant } catch {
      throw SQLError(.parameter, "\(member.name): \(error)")
    }
  }

  private static func count(
    _ member: JSONValue.Member, _ range: ClosedRange<Int>
  ) throws(SQLError) -> Int {
    guard case .integer(let number) = member.value, let count = Int(exactly: number),
      range.contains(count)
    else {
      throw SQLError(
        .parameter, "\(member.name) is a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return count
  }
}

extension SQLValue {
  /// A parameter: a text, a number, a truth or null.
  fileprivate init(json: JSONValue) throws(SQLError) {
    switch json {
    case .null: self = .null
    case .bool(let flag): self = .integer(flag ? 1 : 0)
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .real(number)
    case .string(let text): self = .text(text)
    case .raw, .array, .object:
      throw SQLError(.parameter, "a parameter is a text, a number, true, false or null")
    }
  }
}

extension SQLError {
  /// The sentence with the place in a statement, counted as people count: lines and characters from 1 on.
  package func sentence(in sql: String) -> String {
    guard let offset else { return message }
    let before = String(decoding: sql.utf8.prefix(offset), as: UTF8.self)
    let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
    return "line \(lines.count), column \((lines.last?.count ?? 0) + 1): \(message)"
  }
}
