import Crypto
import FoundationEssentials
import HistoryStore
import Inventory
import JSONTape

/// Where a question goes on: as of when it was first asked, and behind what.
///
/// A token holds the log record through which things were known at the first page, so all pages are
/// of one moment, whatever is recorded in between, and after a restart of the server. It is bound to
/// the operation, the scope and the question, and sealed: a client cannot make one.
struct PageToken: Equatable {
  /// The newest log record that counts.
  var sequence: UInt64
  /// The moment at which the first page was asked for, for what is relative to the present.
  var asked: Instant
  /// The last node of the page before; or a count of what was given.
  var position: String
}

/// Writes and reads page tokens.
struct PageTokens: Sendable {
  private let key: SymmetricKey
  /// The longest token that is looked at.
  private static let lengthMax = 2048

  init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

  func encode(_ token: PageToken, for request: Request) -> String {
    var bytes: [UInt8] = []
    JSONValue.array([
      .string(String(token.sequence)), .integer(token.asked.milliseconds), .string(token.position),
    ]).write(to: &bytes)
    return Data(seal(bytes, request) + bytes).base64EncodedString()
  }

  /// The token of a request; nil where it has none, or an empty one.
  func decode(_ request: Request) throws(ServiceError) -> PageToken? {
    guard let text = request.text("NextToken"), !text.isEmpty else { return nil }
    guard text.utf8.count <= Self.lengthMax, let data = Data(base64Encoded: text),
      data.count > Self.sealByteCount
    else { throw Self.invalid }
    let bytes = Array(data.dropFirst(Self.sealByteCount))
    // One byte after the other, so that time tells nothing of where they differ.
    let difference = zip(seal(bytes, request), data).reduce(0) { $0 | ($1.0 ^ $1.1) }
    guard difference == 0, let value = try? JSONValue(parsing: bytes.span.bytes),
      value.elements.count == 3, let sequence = value.elements[0].text.flatMap({ UInt64($0) }),
      case .integer(let asked) = value.elements[1], let position = value.elements[2].text
    else { throw Self.invalid }
    return PageToken(
      sequence: sequence, asked: Instant(milliseconds: asked), position: position)
  }

  private static let sealByteCount = 16
  private static let invalid = ServiceError(
    "InvalidNextToken",
    "The specified token isn't valid: it is not one of this request's. Begin again without it.")

  private func seal(_ bytes: [UInt8], _ request: Request) -> [UInt8] {
    var mac = HMAC<SHA256>(key: key)
    mac.update(
      data: Array("\(request.operation) \(request.scope) \(request.question.compact)\n".utf8))
    mac.update(data: bytes)
    return Array(mac.finalize().prefix(Self.sealByteCount))
  }
}

extension SystemsManager {
  /// One page of values that are all at hand.
  func slice<Value>(
    _ values: [Value], _ request: Request, _ token: PageToken?, _ sequence: SequenceNumber,
    asked: Instant
  ) -> (values: [Value], token: String?) {
    let limit = request.integer("MaxResults") ?? 50
    let start = min(values.count, token.flatMap { Int($0.position) } ?? 0)
    let end = min(values.count, start + limit)
    guard end < values.count else { return (Array(values[start..<end]), nil) }
    let next = PageToken(
      sequence: token?.sequence ?? sequence.value, asked: asked, position: String(end))
    return (Array(values[start..<end]), tokens.encode(next, for: request))
  }
}
