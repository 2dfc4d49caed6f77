import Crypto
import FoundationEssentials
package import Inventory
import JSONTape

/// Where a question goes on: as of when it was first asked, and behind what.
///
/// A token holds the log record through which things were known at the first page, so all pages are
/// of one moment, whatever is recorded in between, and after a restart of the server. It is bound to
/// the operation, the scope and the question, and sealed: a client cannot make one.
package struct PageToken: Equatable, Sendable {
  /// The newest log record that counts.
  package var sequence: UInt64
  /// The moment at which the first page was asked for, for what is relative to the present.
  package var asked: Instant
  /// The last node of the page before; or a count of what was given.
  package var position: String

  package init(sequence: UInt64, asked: Instant, position: String) {
    self.sequence = sequence
    self.asked = asked
    self.position = position
  }
}

/// Writes and reads page tokens.
package struct PageTokens: Sendable {
  private let key: SymmetricKey
  /// The longest token that is looked at.
  private static let lengthMax = 2048

  /// - Parameter key: 32 bytes that survive a restart.
  package init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

  /// The text of a token for the next page of a request.
  package func encode(_ token: PageToken, for request: AWSRequest) -> String {
    var bytes: [UInt8] = []
    JSONValue.array([
      .string(String(token.sequence)), .integer(token.asked.milliseconds), .string(token.position),
    ]).write(to: &bytes)
    return Data(seal(bytes, request) + bytes).base64EncodedString()
  }

  /// The token of a request; nil where it has none, or an empty one.
  package func decode(_ request: AWSRequest) throws(AWSError) -> PageToken? {
    guard let text = request.text("NextToken"), !text.isEmpty else { return nil }
    guard text.utf8.count <= Self.lengthMax, let data = Data(base64Encoded: text),
      data.count > Self.sealByteCount
    else { throw Self.invalid }
    let bytes = Array(data.dropFirst(Self.sealByteCount))
    // One byte after the other, so that time tells nothing of where they differ.
    let difference = zip(seal(bytes, request), data).reduce(0) { $0 | ($1.0 ^ $1.1) }
    guard difference == 0, let value = try? JSONValue(parsing: bytes),
      value.elements.count == 3, let sequence = value.elements[0].text.flatMap({ UInt64($0) }),
      case .integer(let asked) = value.elements[1], let position = value.elements[2].text
    else { throw Self.invalid }
    return PageToken(
      sequence: sequence, asked: Instant(milliseconds: asked), position: position)
  }

  private static let sealByteCount = 16
  private static let invalid = AWSError(
    "InvalidNextToken",
    "The specified token isn't valid: it is not one of this request's. Begin again without it.")

  private func seal(_ bytes: [UInt8], _ request: AWSRequest) -> [UInt8] {
    var mac = HMAC<SHA256>(key: key)
    mac.update(
      data: Array("\(request.operation) \(request.scope) \(request.question.compact)\n".utf8))
    mac.update(data: bytes)
    return Array(mac.finalize().prefix(Self.sealByteCount))
  }
}

extension PageTokens {
  /// One page of values that are all at hand: a request's `MaxResults` of them, 50 where it says nothing.
  ///
  /// - Parameters:
  ///   - sequence: the newest log record that counts, where this is the first page.
  ///   - asked: when the first page was asked for.
  package func slice<Value>(
    _ values: [Value], _ request: AWSRequest, _ token: PageToken?, sequence: UInt64 = 0,
    asked: Instant
  ) -> (values: [Value], token: String?) {
    let limit = request.integer("MaxResults") ?? 50
    let start = min(values.count, token.flatMap { Int($0.position) } ?? 0)
    let end = min(values.count, start + limit)
    guard end < values.count else { return (Array(values[start..<end]), nil) }
    let next = PageToken(
      sequence: token?.sequence ?? sequence, asked: asked, position: String(end))
    return (Array(values[start..<end]), encode(next, for: request))
  }
}
