import Questions
import HistoryStore
import Inventory
import JSONTape

/// One way to ask: a method and a path, its parameters, and what answers it.
///
/// The same values dispatch requests and make the OpenAPI document, so that they cannot disagree.
struct Route: Sendable {
  /// What a route finds.
  enum Found {
    /// One object, or a list that is written in any format.
    case object(JSONValue)
    case list([JSONValue], columns: FlatColumns)
    /// A text in the format of its own.
    case text(String, type: String)
    /// Nothing new since what the client has.
    case notModified
    /// States, whose CSV has a row for each item.
    case states([StateAnswer])
    /// Events without an end.
    case events(@Sendable () async throws -> [UInt8]?)
  }

  var method = "GET"
  /// Segments; one in braces is left open.
  var path: String
  var summary: String
  var parameters: [Parameter] = []
  /// The form of an object, or of each in a list, in the OpenAPI document.
  var schema: String
  var isList = true
  /// The form of what a request brings, beside NDJSON of it where it writes; nil where it brings nothing.
  var body: String?
  var writes = false
  /// Whether nobody has to say who asks.
  var isPublic = false
  var load = HistoryAPI.Load.question
  var answer:
    @Sendable (HistoryAPI, APIRequest, [String: [String]], inout Reply) async throws -> Found

  /// What goes with an answer.
  struct Reply {
    var headers: [(name: String, value: String)] = []
    /// What the client takes, by Accept.
    var format: Format
  }

  /// The open segments' values, where a path is that of a route with these segments.
  static func match(_ own: [String], _ given: [String]) -> [String: String]? {
    guard own.count == given.count else { return nil }
    var values: [String: String] = [:]
    for (mine, given) in zip(own, given) {
      if mine.utf8.first == UInt8(ascii: "{") {
        values[String(mine.dropFirst().dropLast())] = given
      } else if mine != given {
        return nil
      }
    }
    return values
  }
}

/// The formats of answers, by their media types.
enum Format: String, CaseIterable, Sendable {
  case json = "application/json"
  case ndjson = "application/x-ndjson"
  case csv = "text/csv"
  case events = "text/event-stream"

  /// The parameter that chooses one in place of Accept.
  static let parameter = Parameter.format

  /// The one that a query names, else the first of Accept that we have; nil for none.
  static func choose(_ accept: String?, named name: String?) -> Format? {
    guard let name else { return choose(accept) }
    return switch name {
    case "json": .json
    case "ndjson": .ndjson
    case "csv": .csv
    case "events": .events
    default: nil
    }
  }

  /// The first that a client names and we have; nil for none.
  static func choose(_ accept: String?) -> Format? {
    guard let accept, !accept.isEmpty else { return .json }
    for part in accept.split(separator: ",") {
      let fields = part.split(separator: ";").map {
        $0.lowercased().filter { $0 != " " && $0 != "\t" }
      }
      guard let type = fields.first, !fields.dropFirst().contains("q=0") else { continue }
      if let format = Format(rawValue: type) { return format }
      if type == "*/*" || type == "application/*" { return .json }
      if type == "text/*" { return .csv }
    }
    return nil
  }
}
