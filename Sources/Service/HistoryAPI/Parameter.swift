import Times
import PlainText
import HistoryStore
import Inventory

/// A parameter of a route: what it is called, what it may be, and what it means.
struct Parameter: Sendable {
  enum Kind: Sendable {
    /// Text of at most so many bytes.
    case text(max: Int)
    /// A time in one of the forms of the command line; in UTC unless it says otherwise.
    case time
    case integer(ClosedRange<Int>)
    /// `true` or `false`.
    case flag
  }

  var name: String
  var kind: Kind
  var isRequired = false
  var meaning: String

  static let type = Parameter(
    name: "type", kind: .text(max: 100),
    meaning: "The inventory type; Application is short for AWS:Application.")
  static let at = Parameter(
    name: "at", kind: .time, meaning: "The valid time. Default: the newest.")
  static let knownAt = Parameter(
    name: "known-at", kind: .time, meaning: "Answer with what was recorded by this time only.")
  static let from = Parameter(name: "from", kind: .time, meaning: "From this valid time on.")
  static let to = Parameter(name: "to", kind: .time, meaning: "Before this valid time.")
  static let name = Parameter(
    name: "name", kind: .text(max: 400),
    meaning: "Only items whose Name (else Id, else first identity) matches; as shell patterns.")
  static let limit = Parameter(
    name: "limit", kind: .integer(1...10_000), meaning: "At most so many. Default: 1000.")

  /// Made a must.
  var required: Parameter {
    var parameter = self
    parameter.isRequired = true
    return parameter
  }
}

/// The parameters of a request, checked against those of its route.
struct Arguments {
  /// The parts of the path that the route leaves open, by name.
  let path: [String: String]
  private let query: [String: String]
  private let now: Instant

  /// Bytes of a query that are looked at.
  static let queryBytesMax = 8192

  init(
    _ request: APIRequest, path: [String: String], _ parameters: [Parameter], now: Instant
  ) throws(APIError) {
    self.path = path
    self.now = now
    guard request.query.utf8.count <= Self.queryBytesMax else {
      throw .bad("the query is longer than \(Self.queryBytesMax) bytes")
    }
    var query: [String: String] = [:]
    for pair in request.query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = decode(parts[0], plusIsBlank: true),
        let value = decode(parts.count > 1 ? parts[1] : "", plusIsBlank: true)
      else { throw .bad("the query is not percent-encoded UTF-8") }
      guard parameters.contains(where: { $0.name == name }) else {
        let known = parameters.map(\.name).joined(separator: ", ")
        throw .bad(
          "there is no parameter \"\(name.onOneLine)\" here"
            + (known.isEmpty ? "" : "; there are \(known)"))
      }
      guard query.updateValue(value, forKey: name) == nil else {
        throw .bad("the parameter \(name) is there twice")
      }
    }
    self.query = query
    for parameter in parameters { try check(parameter) }
  }

  private func check(_ parameter: Parameter) throws(APIError) {
    guard let text = query[parameter.name] else {
      if parameter.isRequired { throw .bad("the parameter \(parameter.name) is missing") }
      return
    }
    switch parameter.kind {
    case .text(let max):
      guard !text.isEmpty, text.utf8.count <= max, !text.utf8.contains(0) else {
        throw .bad("\(parameter.name) has 1 to \(max) bytes, none of them NUL")
      }
    case .time: _ = try time(parameter.name)
    case .integer(let range):
      guard let number = Int(text), range.contains(number) else {
        throw .bad(
          "\(parameter.name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
    case .flag:
      guard text == "true" || text == "false" else {
        throw .bad("\(parameter.name) is true or false")
      }
    }
  }

  func text(_ name: String) -> String? { query[name] }

  func flag(_ name: String) -> Bool { query[name] == "true" }

  func integer(_ name: String) -> Int? { query[name].flatMap { Int($0) } }

  func time(_ name: String) throws(APIError) -> Instant? {
    guard let text = query[name] else { return nil }
    do throws(TimeParser.Failure) {
      return try TimeParser(zone: .utc, now: now).parse(text).instant
    } catch { throw .bad("\(name): \(error)") }
  }

  /// The type, if one is named.
  func type() throws(APIError) -> TypeName? {
    guard let text = query["type"] else { return nil }
    if !text.contains(":"), let type = try? TypeName("AWS:" + text) { return type }
    guard let type = try? TypeName(text) else {
      throw .bad("\"\(text.onOneLine)\" is no inventory type")
    }
    return type
  }

  /// The node that the path names.
  func node(_ name: String = "id") throws(APIError) -> NodeID {
    guard let text = path[name], let node = try? NodeID(text) else {
      throw .notFound("there is no such node")
    }
    return node
  }

  /// Both ends of a range, of which the first must not lie behind the second.
  func range() throws(APIError) -> (from: Instant?, to: Instant?) {
    let range = (from: try time("from"), to: try time("to"))
    if let from = range.from, let to = range.to, from > to {
      throw .bad("from lies after to; turn them round")
    }
    return range
  }
}

/// Percent-encoded text; nil where it is not UTF-8 that way.
func decode(_ text: Substring, plusIsBlank: Bool) -> String? {
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.popFirst() {
    switch byte {
    case UInt8(ascii: "%"):
      guard rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    case UInt8(ascii: "+") where plusIsBlank: bytes.append(UInt8(ascii: " "))
    default: bytes.append(byte)
    }
  }
  return String(validating: bytes, as: UTF8.self)
}
