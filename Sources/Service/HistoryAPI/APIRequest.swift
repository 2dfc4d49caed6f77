package import AWSProtocol
import Inventory
package import Questions

/// A request to our own API, as any HTTP server can hand it over.
package struct APIRequest: Sendable {
  package var method: String
  /// The path as it was sent, encoded.
  package var path: String
  /// What stands behind the `?`, as it was sent.
  package var query: String
  /// Header fields that the API looks at; nil where they are absent.
  package var accept: String?
  package var acceptEncoding: String?
  package var contentType: String?
  package var ifNoneMatch: String?
  package var lastEventID: String?
  package var body: [UInt8]
  /// Who asks.
  package var caller: Caller
  /// Told of each change as it is made.
  package var onDeed: @Sendable (Deed) -> Void = { _ in }
  /// The account and Region that all names are of.
  var scope: Scope { caller.scope }
  /// Runs a look at the log for a client that waits: a server does so in the client's turn.
  package var look: @Sendable (@escaping @Sendable () throws -> Answer) async throws -> Answer = {
    try $0()
  }

  package init(
    method: String, path: String, query: String, body: [UInt8] = [], caller: Caller
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.body = body
    self.caller = caller
  }
}

/// An answer of our own API.
package struct APIAnswer: Sendable {
  package var status: Int
  package var contentType: String
  /// Further header fields.
  package var headers: [(name: String, value: String)] = []
  package var body: [UInt8]
  /// More of the body, piece by piece until it answers nil; nil where `body` is all.
  package var next: (@Sendable () async throws -> [UInt8]?)?
  /// What went wrong in the server itself: for its log, never for the client.
  package var cause: String?

  package init(
    status: Int, contentType: String, headers: [(name: String, value: String)] = [],
    body: [UInt8], next: (@Sendable () async throws -> [UInt8]?)? = nil
  ) {
    self.status = status
    self.contentType = contentType
    self.headers = headers
    self.body = body
    self.next = next
  }
}

/// Why a request is refused.
package struct APIError: Error, CustomStringConvertible {
  var status: Int
  /// A word for programs.
  var code: String
  var message: String
  package var description: String { message }

  package init(_ status: Int, _ code: String, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  static func bad(_ message: String) -> APIError { APIError(400, "badRequest", message) }

  static func notFound(_ message: String) -> APIError { APIError(404, "notFound", message) }
}
