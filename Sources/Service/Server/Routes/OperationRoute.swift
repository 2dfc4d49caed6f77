import AWSProtocol
import HTTPTypes
import HistoryStore
import Hummingbird
import Inventory
import Logging
import NIOCore
import Signatures

/// The header fields that the API of AWS has of its own.
enum AWSField {
  /// Names the operation.
  static let target = HTTPField.Name("x-amz-target")
  static let requestID = HTTPField.Name("x-amzn-RequestId")
}

extension HTTPServer {
  /// POST `/`: an operation of a service, by JSON 1.1.
  func operation(
    _ request: Request, _ connection: Connection, id: String
  ) async -> (Response, operation: String) {
    var found: AWSServices.Found?
    do {
      let named = try named(request)
      found = named
      let reply = try await answer(named, request, connection)
      if let deed = reply.deed { RequestRecord.current?.log(deed, to: audit) }
      return (Self.response(200, reply.body, id), named.operation.name)
    } catch is CancellationError {
      return (Self.response(429, AWSError.throttling.body, id), found?.operation.name ?? "unknown")
    } catch {
      let error = AWSError(naming: error)
      let name = found?.operation.name ?? "unknown"
      found?.operation.noteRefusal(error)
      log(error.cause, name, id)
      logRefusal(error, found?.operation, id)
      return (Self.response(error.status, error.body, id), name)
    }
  }

  /// A node that is not believed is told to the operator.
  private func logRefusal(_ error: AWSError, _ operation: ServedOperation?, _ id: String) {
    let name = operation?.name ?? "unknown"
    switch operation?.traits.access {
    case .anonymous, .nodeKey: break
    default:
      let key: String = RequestRecord.current?.origin["key"].map { "\($0)" } ?? ""
      guard error.name == "AccessDeniedException",
        refusedPolls.isNews("\(name) \(key) \(error.message)", now: store.now.seconds)
      else { return }
    }
    var line = RequestRecord.current?.origin ?? ["request": "\(id)"]
    line["operation"] = "\(name)"
    line["error"] = "\(error.name)"
    line["reason"] = "\(error.message)"
    logger.warning("refused", metadata: line)
  }

  /// The channel that agents prefer to messages is not there, in the words they understand.
  ///
  /// Source: observed on amazon-ssm-agent 3.3: it goes on with messages, and tries again more and more
  /// seldom.
  static func controlChannel() -> Response {
    var response = plain(
      .forbidden,
      "<AccessDeniedException><Message>There is no control channel: use messages."
        + "</Message></AccessDeniedException>")
    response.headers[.contentType] = "application/xml"
    return response
  }

  /// What went wrong in the server, under the id that the client has too.
  func log(_ cause: String?, _ operation: String, _ id: String) {
    guard let cause else { return }
    logger.error(
      "request failed",
      metadata: ["request": "\(id)", "operation": "\(operation)", "error": "\(cause)"])
  }

  /// The operation that a request names, if its form is right.
  private func named(_ request: Request) throws(AWSError) -> AWSServices.Found {
    guard let target = AWSField.target.flatMap({ request.headers[$0] }) else {
      throw AWSError(
        "UnknownOperationException", "The X-Amz-Target header is missing: it names the operation.")
    }
    guard let found = services.named(target: target) else {
      throw AWSError(
        "UnknownOperationException", "The target '\(target.prefix(200))' isn't known.")
    }
    let type = request.headers[.contentType] ?? ""
    guard type.split(separator: ";").first?.lowercased() == JSONEnvelope.contentType else {
      throw .serialization(
        "The content type must be \(JSONEnvelope.contentType), not '\(type)'.")
    }
    return found
  }

  private func answer(
    _ found: AWSServices.Found, _ request: Request, _ connection: Connection
  ) async throws -> AWSReply {
    let operation = found.operation
    let head = signedHead(request)
    if operation.traits.access == .anonymous {
      return try await answerUnsigned(operation, request, head, connection)
    }
    let load = operation.traits.load
    let asked: Asked
    do {
      asked = try await self.asked(operation, request, head, connection)
    } catch let error as AWSError where error.name == "AccessDeniedException" && load == .wait {
      await refusedPolls.hold(for: found.service.refusedWaitSeconds)
      throw error
    }
    return try await answer(load, asked.payer, connection) {
      try await operation.namedAnswer(asked.body, for: asked.caller)
    }
  }

  /// Runs what answers a request in the place that its load has.
  func answer(
    _ load: Load, _ payer: Payer, _ connection: Connection,
    _ work: @escaping @Sendable () async throws -> AWSReply
  ) async throws -> AWSReply {
    switch load {
    case .wait: return try await connection.abandonable(work)
    case .lookup: return try await ask(lookups, payer, connection, work)
    case .question: return try await ask(questions, payer, connection, work)
    case .agentCall, .report, .change:
      let place = admission.requests.take(1, for: payer, mayTakeLast: load == .agentCall)
      guard let place else { throw AWSError.throttling }
      defer { withExtendedLifetime(place) {} }
      return try await work()
    }
  }

  /// A node that joins has no key yet: it has few places, a short body, and the registry's own limits.
  private func answerUnsigned(
    _ operation: ServedOperation, _ request: Request, _ head: SignedRequest,
    _ connection: Connection
  ) async throws -> AWSReply {
    let payer = Payer(key: nil, address: connection.address)
    let read = try await read(
      request, head, payer, connection, bytesMax: configuration.limits.unsignedBodyBytesMax)
    guard let place = admission.unsignedRequests.take(1, for: payer) else {
      throw AWSError.throttling
    }
    defer { withExtendedLifetime(place) {} }
    return try await operation.namedAnswer(read.body, for: .nobody)
  }

  /// A request of somebody who is known, and may ask it.
  private struct Asked: Sendable {
    var caller: Caller
    var body: [UInt8]
    var payer: Payer
  }

  /// Reads a request once its head names a key that we know, and finds out whether it is theirs.
  private func asked(
    _ operation: ServedOperation, _ request: Request, _ head: SignedRequest,
    _ connection: Connection
  ) async throws -> Asked {
    let now = store.now.seconds
    let isNode = operation.traits.access == .nodeKey
    let claim = try noting(head) {
      isNode
        ? try authenticator.nodeClaim(head, service: operation.signingName, now: now)
        : try authenticator.claim(head, service: operation.signingName, now: now)
    }
    let payer = Payer(key: claim.payer, address: connection.address)
    let read = try await read(request, head, payer, connection)
    let caller = try noting(head) {
      isNode
        ? try authenticator.node(claim, of: read.signed, now: now)
        : try authenticator.caller(claim, of: read.signed, now: now)
    }
    RequestRecord.current?.note(caller)
    try read.count(for: payer)
    try Self.check(caller, operation)
    return Asked(caller: caller, body: read.body, payer: payer)
  }

  /// Throws where a caller may not ask for an operation at all.
  static func check(_ caller: Caller, _ operation: ServedOperation) throws(AWSError) {
    guard caller.may(operation.traits.access) else {
      throw AWSError(
        "AccessDeniedException",
        "The access key \(caller.keyID) is not allowed to perform "
          + "\(operation.signingName):\(operation.name).")
    }
  }

  /// Notes, where a body throws, which key a request names that was not signed with it.
  func noting<R>(_ head: SignedRequest, _ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      if let claim = try? Authorization(head).accessKeyID {
        RequestRecord.current?.noteClaim(claim)
      }
      throw error
    }
  }

  static func response(_ status: Int, _ body: [UInt8], _ id: String) -> Response {
    response(status, body, JSONEnvelope.contentType, id)
  }

  static func response(
    _ status: Int, _ body: [UInt8], _ contentType: String, _ id: String
  ) -> Response {
    var headers: HTTPFields = [.contentType: contentType]
    if let name = AWSField.requestID { headers[name] = id }
    return Response(
      status: HTTPResponse.Status(code: status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}
