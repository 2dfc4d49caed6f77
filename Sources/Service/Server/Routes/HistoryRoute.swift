import AWSProtocol
import HTTPTypes
import HistoryAPI
import HistoryStore
import Hummingbird
import Inventory
import JSONTape
import Logging
import NIOCore
import ServiceLifecycle
import Signatures

extension HTTPServer {
  /// Everything below `/v1`: our own API.
  func history(_ request: Request, _ connection: Connection, id: String) async -> Response {
    do {
      let (question, payer) = try await question(request, connection)
      let answer = try await answer(question, payer, connection)
      log(answer.cause, question.path, id)
      return response(answer, connection, id)
    } catch let error as AWSError {
      log(error.cause, request.uri.path, id)
      return Self.response(error, id)
    } catch is CancellationError {
      return Self.response(.throttling, id)
    } catch {
      log("\(error)", request.uri.path, id)
      return Self.response(.internalError, id)
    }
  }

  /// What is asked, and by whom it is counted; nil where anybody may ask it.
  private func question(
    _ request: Request, _ connection: Connection
  ) async throws -> (APIRequest, Payer?) {
    let head = signedHead(request)
    // Who asks for the head of an answer asks for the answer.
    let method = request.method == .head ? "GET" : request.method.rawValue
    let access = HistoryAPI.access(method: method, path: head.path)
    var asker: Asker?
    if access != .anonymous {
      let known = try await self.asker(request, head, connection)
      RequestRecord.current?.note(known.caller)
      try known.read.count(for: known.payer)
      try check(known.caller, access)
      asker = known
    }
    var question = APIRequest(
      method: method, path: head.path, query: head.query, body: asker?.read.body ?? [],
      caller: asker?.caller ?? .nobody)
    question.accept = request.headers[.accept]
    question.acceptEncoding = request.headers[.acceptEncoding]
    question.contentType = request.headers[.contentType]
    question.ifNoneMatch = request.headers[.ifNoneMatch]
    question.lastEventID = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
    let record = RequestRecord.current
    question.onDeed = { [audit] deed in record?.log(deed, to: audit) }
    return (question, asker?.payer)
  }

  /// Who asks, with what they sent.
  private struct Asker {
    var caller: Caller
    var payer: Payer
    var read: ReadRequest
  }

  /// By the signature, or by a token, which reads only.
  private func asker(
    _ request: Request, _ head: SignedRequest, _ connection: Connection
  ) async throws -> Asker {
    let now = store.now.seconds
    guard let token = BearerToken(head) else {
      let claim = try noting(head) { try authenticator.claim(head, service: "ssm", now: now) }
      let payer = Payer(key: claim.payer, address: connection.address)
      let read = try await read(request, head, payer, connection)
      let caller = try noting(head) { try authenticator.caller(claim, of: read.signed, now: now) }
      return Asker(caller: caller, payer: payer, read: read)
    }
    let caller: Caller
    do { caller = try authenticator.bearer(token, from: connection.address, now: now) } catch {
      RequestRecord.current?.noteClaim(token.keyID)
      throw error
    }
    guard [.get, .head].contains(request.method) else {
      throw AWSError(
        "AccessDeniedException", "A bearer token reads only; \(request.method) wants a signature.")
    }
    let payer = Payer(key: caller.keyID, address: connection.address)
    let read = try await read(
      request, head, payer, connection, bytesMax: configuration.limits.unsignedBodyBytesMax)
    return Asker(caller: caller, payer: payer, read: read)
  }

  /// Throws where a caller may not.
  private func check(_ caller: Caller, _ access: Access) throws {
    guard caller.may(access) else {
      throw AWSError(
        "AccessDeniedException",
        "The access key \(caller.keyID) may not \(access == .read ? "read" : "write").")
    }
  }

  private func answer(
    _ question: APIRequest, _ payer: Payer?, _ connection: Connection
  ) async throws -> APIAnswer {
    let api = historyAPI
    guard let payer else { return await api.answer(question) }
    switch HistoryAPI.load(method: question.method, path: question.path) {
    case .report:
      guard let place = admission.requests.take(1, for: payer) else {
        throw AWSError.throttling
      }
      defer { withExtendedLifetime(place) {} }
      return await api.answer(question)
    case .wait: return try await follow(question, payer, connection)
    case .lookup:
      return try await ask(lookups, payer, connection) { await api.answer(question) }
    case .question:
      return try await ask(questions, payer, connection) { await api.answer(question) }
    }
  }

  /// Runs a question in its turn, for as long as its client is there.
  func ask<R: Sendable>(
    _ lane: QuestionLane, _ payer: Payer, _ connection: Connection,
    _ body: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    try await connection.abandonable { try await lane.run(for: payer.key ?? "", body) }
  }

  /// Answers who follows the changes: it waits without a place, and each look at the log is a question.
  private func follow(
    _ question: APIRequest, _ payer: Payer, _ connection: Connection
  ) async throws -> APIAnswer {
    guard let wait = admission.waits.take(1, for: payer) else { throw AWSError.throttling }
    let (api, lane) = (historyAPI, questions)
    var question = question
    question.look = { body in
      do {
        return try await lane.run(for: payer.key ?? "", isCounted: false) { try body() }
      } catch let error as AWSError {
        throw APIError(Self.status(of: error), error.name, error.message)
      }
    }
    let asked = question
    // Who waits for changes is answered at once when the server stops.
    var answer = try await connection.abandonable {
      await cancelWhenGracefulShutdown { await api.answer(asked) }
    }
    // A key that was switched off meanwhile learns nothing more.
    let (authenticator, key) = (authenticator, question.caller.keyID)
    try authenticator.checkStillCounts(key)
    if let next = answer.next {
      answer.next = {
        let part = try await connection.abandonable { try await cancelWhenGracefulShutdown(next) }
        withExtendedLifetime(wait) {}
        return (try? authenticator.checkStillCounts(key)) == nil ? nil : part
      }
    }
    return answer
  }

  private func response(_ answer: APIAnswer, _ connection: Connection, _ id: String) -> Response {
    var response = Self.response(answer, id)
    guard let next = answer.next else { return response }
    let (room, payer) = (admission.answerBytes, Payer(key: nil, address: connection.address))
    response.body = ResponseBody { writer in
      do {
        while let part = try await next() {
          // Held until the next part is wanted: by then this one is on its way.
          guard let lot = room.take(part.count, for: payer) else { break }
          try await writer.write(ByteBuffer(bytes: part))
          withExtendedLifetime(lot) {}
        }
      } catch is CancellationError {
        // The server stops, or the client is gone: the stream ends, and can be resumed.
      }
      try await writer.finish(nil)
    }
    return response
  }

  private static func response(_ answer: APIAnswer, _ id: String) -> Response {
    var headers: HTTPFields = [.contentType: answer.contentType]
    if let name = AWSField.requestID { headers[name] = id }
    for (name, value) in answer.headers {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return Response(
      status: HTTPResponse.Status(code: answer.status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
  }

  /// The statuses of errors that come before the API is asked; AWS has 400 for all of them.
  private static func status(of error: AWSError) -> Int {
    switch error.name {
    case "AccessDeniedException": 403
    case "ThrottlingException": 429
    case "TotalSizeLimitExceededException": 413
    case "InternalServerError": 500
    case "SerializationException": 400
    case "DeadlineExceededException": 504
    case "AnswerTooLargeException": 413
    default: 401
    }
  }

  static func response(_ error: AWSError, _ id: String) -> Response {
    var bytes: [UInt8] = []
    JSONValue.object([
      .init(
        "error",
        .object([.init("code", .string(error.name)), .init("message", .string(error.message))]))
    ]).write(to: &bytes)
    var answer = APIAnswer(
      status: status(of: error), contentType: "application/json", body: bytes)
    if answer.status == 401 {
      answer.headers.append(("WWW-Authenticate", "AWS4-HMAC-SHA256, Bearer"))
    }
    return response(answer, id)
  }
}
