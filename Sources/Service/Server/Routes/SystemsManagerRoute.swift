import AWSProtocol
import HistoryStore
import Inventory
import Logging
import HTTPTypes
import Hummingbird
import NIOCore
import NodeRegistry
import Signatures
import SystemsManager

/// The header fields that the API of AWS has of its own.
enum AWSField {
  /// Names the operation.
  static let target = HTTPField.Name("x-amz-target")
  static let requestID = HTTPField.Name("x-amzn-RequestId")
}

extension HTTPServer {
  private static let contentType = "application/x-amz-json-1.1"

  /// POST `/`: an operation of Systems Manager, by JSON 1.1.
  func systemsManager(
    _ request: Request, _ connection: Connection, id: String
  ) async -> (Response, operation: String) {
    var operation = "unknown"
    do {
      let named = try Self.operation(request)
      operation = named.name
      let answer = try await answer(named.service, operation, request, connection)
      if let deed = answer.deed { RequestRecord.current?.log(deed, to: audit) }
      return (Self.response(200, answer.body, id), operation)
    } catch let error as AWSError {
      systemsManager.noteFailure(of: operation, error)
      log(error.cause, operation, id)
      logRefusal(error, operation, id)
      return (Self.response(error.status, error.body, id), operation)
    } catch is CancellationError {
      return (Self.response(429, AWSError.throttling.body, id), operation)
    } catch {
      systemsManager.noteFailure(of: operation, .internalError)
      log("\(error)", operation, id)
      return (Self.response(500, AWSError.internalError.body, id), operation)
    }
  }

  /// A node that is not believed is told to the operator.
  private func logRefusal(_ error: AWSError, _ operation: String, _ id: String) {
    switch SystemsManager.access(to: operation) {
    case .anonymous, .nodeKey: break
    default:
      let key: String = RequestRecord.current?.origin["key"].map { "\($0)" } ?? ""
      guard error.name == "AccessDeniedException",
        refusedPolls.isNews("\(operation) \(key) \(error.message)", now: store.now.seconds)
      else { return }
    }
    var line = RequestRecord.current?.origin ?? ["request": "\(id)"]
    line["operation"] = "\(operation)"
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
  private static func operation(
    _ request: Request
  ) throws(AWSError) -> (service: SystemsManager.Service, name: String) {
    guard let target = AWSField.target.flatMap({ request.headers[$0] }) else {
      throw AWSError(
        "UnknownOperationException", "The X-Amz-Target header is missing: it names the operation.")
    }
    guard let operation = SystemsManager.operation(target: target) else {
      throw AWSError(
        "UnknownOperationException", "The target '\(target.prefix(200))' isn't known.")
    }
    let type = request.headers[.contentType] ?? ""
    guard type.split(separator: ";").first?.lowercased() == contentType else {
      throw AWSError(
        "SerializationException", "The content type must be \(contentType), not '\(type)'.")
    }
    return operation
  }

  private func answer(
    _ service: SystemsManager.Service, _ operation: String, _ request: Request,
    _ connection: Connection
  ) async throws -> SystemsManager.Answer {
    let head = signedHead(request)
    if SystemsManager.access(to: operation) == .anonymous {
      return try await answerUnsigned(operation, request, head, connection)
    }
    let load = SystemsManager.load(of: operation)
    let asked: Asked
    do {
      asked = try await self.asked(service, operation, request, head, connection)
    } catch let error as AWSError where error.name == "AccessDeniedException" && load == .wait {
      await refusedPolls.hold(for: systemsManager.refusedWaitSeconds)
      throw error
    }
    let systemsManager = systemsManager
    let work: @Sendable () async throws -> SystemsManager.Answer = {
      try await systemsManager.answer(operation, asked.body, for: asked.caller)
    }
    switch load {
    case .wait: return try await connection.abandonable(work)
    case .lookup: return try await ask(lookups, asked.payer, connection, work)
    case .question: return try await ask(questions, asked.payer, connection, work)
    case .agentCall, .report, .change:
      let place = admission.requests.take(1, for: asked.payer, mayTakeLast: load == .agentCall)
      guard let place else { throw AWSError.throttling }
      defer { withExtendedLifetime(place) {} }
      return try await work()
    }
  }

  /// A node that joins has no key yet: it has few places, a short body, and the registry's own limits.
  private func answerUnsigned(
    _ operation: String, _ request: Request, _ head: SignedRequest, _ connection: Connection
  ) async throws -> SystemsManager.Answer {
    let payer = Payer(key: nil, address: connection.address)
    let read = try await read(
      request, head, payer, connection, bytesMax: configuration.limits.unsignedBodyBytesMax)
    guard let place = admission.unsignedRequests.take(1, for: payer) else {
      throw AWSError.throttling
    }
    defer { withExtendedLifetime(place) {} }
    return try await systemsManager.answer(operation, read.body, for: .nobody)
  }

  /// A request of somebody who is known, and may ask it.
  private struct Asked: Sendable {
    var caller: Caller
    var body: [UInt8]
    var payer: Payer
  }

  /// Reads a request once its head names a key that we know, and finds out whether it is theirs.
  private func asked(
    _ service: SystemsManager.Service, _ operation: String, _ request: Request,
    _ head: SignedRequest, _ connection: Connection
  ) async throws -> Asked {
    let now = store.now.seconds
    let isNode = SystemsManager.access(to: operation) == .nodeKey
    let claim = try noting(head) {
      isNode
        ? try authenticator.nodeClaim(head, now: now)
        : try authenticator.claim(head, service: service.signingName, now: now)
    }
    let payer = Payer(key: claim.payer, address: connection.address)
    let read = try await read(request, head, payer, connection)
    if isNode {
      let node = try noting(head) { try authenticator.node(claim, of: read.signed, now: now) }
      guard let scope = node.scope else { throw AWSError.internalError }
      let caller = Caller(
        keyID: node.id, scope: scope, permissions: [.writeNode(node.id)], node: node.id)
      RequestRecord.current?.note(caller)
      try read.count(for: payer)
      return Asked(caller: caller, body: read.body, payer: payer)
    }
    let caller = try noting(head) { try authenticator.caller(claim, of: read.signed, now: now) }
    RequestRecord.current?.note(caller)
    try read.count(for: payer)
    guard let access = SystemsManager.access(to: operation), caller.may(access) else {
      throw AWSError(
        "AccessDeniedException",
        "The access key \(caller.keyID) is not allowed to perform ssm:\(operation).")
    }
    return Asked(caller: caller, body: read.body, payer: payer)
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
    var headers: HTTPFields = [.contentType: contentType]
    if let name = AWSField.requestID { headers[name] = id }
    return Response(
      status: HTTPResponse.Status(code: status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}
