package import AWSProtocol
import Compression
import Questions
import PlainText
package import HistoryStore
import Inventory
import JSONTape

/// Our own HTTP API: what AWS has no words for, in the words of the command line.
///
/// It knows nothing of sockets and signatures: a server hands over requests of callers that it knows.
package struct HistoryAPI: Sendable {
  let store: HistoryStore
  let feed: Feed
  let connectionLostAfter: Int64

  /// - Parameter connectionLostAfter: seconds of silence after which a node counts as lost.
  package init(
    store: HistoryStore, connectionLostAfter: Int64 = NodePing.lostAfterStandard
  ) {
    self.store = store
    self.connectionLostAfter = connectionLostAfter
    feed = Feed(store)
  }

  /// What a request needs; for what is not known, the right to read.
  package static func access(method: String, path: String) -> Access {
    guard let segments = segments(path) else { return .read }
    let fitting = fitting(segments)
    guard let route = fitting.first(where: { $0.route.method == method })?.route else {
      // What a path can be asked stands in the document, which anybody may read.
      return method == "OPTIONS" ? .anonymous : .read
    }
    return route.isPublic ? .anonymous : route.writes ? .writeNode : .read
  }

  /// What a request costs a server, by which it finds its place there.
  package enum Load: Sendable {
    /// Brings what nodes have.
    case report
    /// Waits for changes, and looks at them by ``APIRequest/look``.
    case wait
    /// Looks at one node.
    case lookup
    /// May look at all of the fleet.
    case question
  }

  /// The load of a request.
  package static func load(method: String, path: String) -> Load {
    guard let segments = segments(path) else { return .lookup }
    return fitting(segments).first { $0.route.method == method }?.route.load ?? .lookup
  }

  /// The routes with the segments of their paths.
  private static let table = routes.map {
    (route: $0, segments: $0.path.split(separator: "/").map(String.init))
  }

  /// The routes of a path, with the values of their open segments.
  private static func fitting(_ segments: [String]) -> [(route: Route, path: [String: String])] {
    table.compactMap { entry in
      Route.match(entry.segments, segments).map { (entry.route, $0) }
    }
  }

  package static let openAPIPath = "/v1/openapi.json"

  /// Answers a request.
  @concurrent
  package func answer(_ request: APIRequest) async -> APIAnswer {
    do {
      return Self.packed(try await found(request), for: request)
    } catch let error as APIError {
      return Self.answer(error)
    } catch is CancellationError {
      return Self.answer(Self.givenUp)
    } catch let error as StoreError where error.code == .cancelled {
      return Self.answer(Self.givenUp)
    } catch let error as StoreError where error.code == .unknownName {
      return Self.answer(.notFound(error.message))
    } catch let error as StoreError where error.code == .invalidQuestion {
      return Self.answer(.bad(error.message))
    } catch let error as StoreError where error.damage?.node != nil {
      return Self.answer(damage: error)
    } catch let error as ReportError where error.code == .historyDamaged {
      return Self.answer(APIError(500, error.code.rawValue, error.description))
    } catch let error as ReportError {
      return Self.answer(APIError(422, error.code.rawValue, error.description))
    } catch {
      var answer = Self.answer(APIError(500, "internal", "the server could not do it"))
      answer.cause = "\(error)"
      return answer
    }
  }

  /// Bytes of an answer from which on it is packed: less fits a packet or two as it is.
  private static let packedBytesMin = 1400

  /// The answer as gzip, where its client takes that and it is worth it.
  private static func packed(_ answer: APIAnswer, for request: APIRequest) -> APIAnswer {
    guard answer.next == nil else { return answer }
    var answer = answer
    answer.headers.append(("Vary", "Accept, Accept-Encoding"))
    guard answer.body.count >= packedBytesMin, ContentCoding.takesGzip(request.acceptEncoding),
      let packed = Gzip.compress(answer.body)
    else { return answer }
    answer.body = packed
    answer.headers.append(("Content-Encoding", "gzip"))
    return answer
  }

  /// What nobody reads: the client is gone, or the server stops.
  private static let givenUp = APIError(503, "givenUp", "the question was given up")

  /// Names what of the caller's own scope is damaged, to the caller and in the log.
  private static func answer(damage error: StoreError) -> APIAnswer {
    var answer = answer(APIError(500, error.code.rawValue, error.message))
    answer.cause = error.description
    return answer
  }

  private static func answer(_ error: APIError) -> APIAnswer {
    var bytes: [UInt8] = []
    JSONValue.object([
      .init(
        "error",
        .object([.init("code", .string(error.code)), .init("message", .string(error.message))]))
    ]).write(to: &bytes)
    return APIAnswer(status: error.status, contentType: Format.json.rawValue, body: bytes)
  }

  private static func segments(_ path: String) -> [String]? {
    var segments: [String] = []
    for part in path.split(separator: "/") {
      guard let segment = percentDecoded(part, plusIsBlank: false) else { return nil }
      segments.append(segment)
    }
    return segments
  }

  private func found(_ request: APIRequest) async throws -> APIAnswer {
    guard let segments = Self.segments(request.path) else {
      throw APIError.bad("the path is not percent-encoded UTF-8")
    }
    let fitting = Self.fitting(segments)
    guard let (route, path) = fitting.first(where: { $0.route.method == request.method }) else {
      guard !fitting.isEmpty else {
        throw APIError.notFound("there is nothing at \(request.path.onOneLine)")
      }
      return Self.refusal(request.method, Self.methods(fitting.map(\.route.method)))
    }
    let given = try Query.read(request.query, route.parameters).merging(path.mapValues { [$0] }) {
      $1
    }
    let named = given[Format.parameter.name]?.first
    guard let format = Format.choose(request.accept, named: named) else {
      guard let named else {
        throw APIError(
          406, "notAcceptable",
          "answers are \(Format.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      throw APIError.bad("format \"\(named.onOneLine)\": write json, ndjson or csv")
    }
    var reply = Route.Reply(format: format)
    let found = try await route.answer(self, request, given, &reply)
    return try Self.write(found, reply)
  }

  /// What can be done at a path that has routes with some methods.
  package static func methods(_ methods: [String]) -> String {
    (methods.flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] } + ["OPTIONS"])
      .joined(separator: ", ")
  }

  /// The answer to a method that a path has not, OPTIONS among them.
  private static func refusal(_ method: String, _ methods: String) -> APIAnswer {
    var answer =
      method == "OPTIONS"
      ? APIAnswer(status: 204, contentType: Format.json.rawValue, body: [])
      : answer(APIError(405, "methodNotAllowed", "\(method.onOneLine) is not for this path"))
    answer.headers.append(("Allow", methods))
    return answer
  }

  /// Writes what was found in the format that the client takes.
  private static func write(_ found: Route.Found, _ reply: Route.Reply) throws -> APIAnswer {
    var body: [UInt8] = []
    var format = reply.format
    switch found {
    case .notModified:
      return APIAnswer(
        status: 304, contentType: format.rawValue, headers: reply.headers, body: [])
    case .text(let text, let type):
      return APIAnswer(
        status: 200, contentType: type, headers: reply.headers, body: Array(text.utf8))
    case .events(let next):
      return APIAnswer(
        status: 200, contentType: Format.events.rawValue,
        headers: reply.headers + [("Cache-Control", "no-store")], body: [], next: next)
    case .object(let value):
      format = .json
      value.write(to: &body)
    case .states(let states) where format == .csv: body = StateAnswer.csv(states)
    case .states(let states): write(states, format, to: &body)
    case .list(let values, let columns): write(values, columns: columns, format, to: &body)
    }
    guard format != .events else {
      throw APIError(406, "notAcceptable", "only /v1/changes is sent as events")
    }
    let type = format == .csv ? "text/csv; charset=utf-8" : format.rawValue
    return APIAnswer(status: 200, contentType: type, headers: reply.headers, body: body)
  }

  private static func write(_ states: [StateAnswer], _ format: Format, to body: inout [UInt8]) {
    if format == .json { body.append(UInt8(ascii: "[")) }
    for (index, state) in states.enumerated() {
      if format == .json, index > 0 { body.append(UInt8(ascii: ",")) }
      state.write(to: &body)
      if format == .ndjson { body.append(UInt8(ascii: "\n")) }
    }
    if format == .json { body.append(UInt8(ascii: "]")) }
  }

  private static func write(
    _ values: [JSONValue], columns: FlatColumns, _ format: Format, to body: inout [UInt8]
  ) {
    switch format {
    case .csv:
      columns.appendNames(to: &body)
      for value in values { columns.append(value, to: &body) }
    case .ndjson:
      for value in values {
        value.write(to: &body)
        body.append(UInt8(ascii: "\n"))
      }
    case .json, .events:
      JSONValue.array(values).write(to: &body)
    }
  }
}
