import AccessKeys
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

extension FrontDoor {
  private static let contentType = "application/x-amz-json-1.1"

  /// POST `/`: an operation of Systems Manager, by JSON 1.1.
  func systemsManager(_ request: Request, id: String) async -> (Response, operation: String) {
    var operation = "unknown"
    do {
      let named = try Self.operation(request)
      operation = named.name
      let body = try await answer(named.service, operation, request)
      return (Self.response(200, body, id), operation)
    } catch let error as ServiceError {
      systemsManager.noteFailure(of: operation, error)
      log(error.cause, operation, id)
      logRefusal(error, operation, id)
      return (Self.response(error.status, error.body, id), operation)
    } catch {
      systemsManager.noteFailure(of: operation, .internalError)
      log("\(error)", operation, id)
      return (Self.response(500, ServiceError.internalError.body, id), operation)
    }
  }

  /// A node that is not believed is told to the operator.
  private func logRefusal(_ error: ServiceError, _ operation: String, _ id: String) {
    switch SystemsManager.access(to: operation) {
    case .anonymous, .nodeKey: break
    default:
      guard error.name == "AccessDeniedException",
        refusedPolls.isNews("\(operation) \(error.message)", now: store.now.seconds)
      else { return }
    }
    logger.warning(
      "refused",
      metadata: [
        "request": "\(id)", "operation": "\(operation)", "error": "\(error.name)",
        "message": "\(error.message)",
      ])
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
  ) throws(ServiceError) -> (service: SystemsManager.Service, name: String) {
    guard let target = AWSField.target.flatMap({ request.headers[$0] }) else {
      throw ServiceError(
        "UnknownOperationException", "The X-Amz-Target header is missing: it names the operation.")
    }
    guard let operation = SystemsManager.operation(target: target) else {
      throw ServiceError(
        "UnknownOperationException", "The target '\(target.prefix(200))' isn't known.")
    }
    let type = request.headers[.contentType] ?? ""
    guard type.split(separator: ";").first?.lowercased() == contentType else {
      throw ServiceError(
        "SerializationException", "The content type must be \(contentType), not '\(type)'.")
    }
    return operation
  }

  private func answer(
    _ service: SystemsManager.Service, _ operation: String, _ request: Request
  ) async throws -> [UInt8] {
    guard SystemsManager.waits(operation) else {
      guard let ticket = admission.enter(isSmall: SystemsManager.isSmall(operation)) else {
        throw ServiceError.throttling
      }
      defer { withExtendedLifetime(ticket) {} }
      let read = try await read(request, ticket)
      let caller = try caller(service, operation, read)
      return try await systemsManager.answer(operation, read.body, for: caller)
    }
    let (caller, body): (Caller, [UInt8])
    do {
      (caller, body) = try await admitted(service, operation, request)
    } catch let error as ServiceError where error.name == "AccessDeniedException" {
      await refusedPolls.hold(for: systemsManager.refusedWaitSeconds)
      throw error
    }
    return try await systemsManager.answer(operation, body, for: caller)
  }

  /// Reads and checks a request whose answer may wait long: it gives its place back before.
  private func admitted(
    _ service: SystemsManager.Service, _ operation: String, _ request: Request
  ) async throws -> (Caller, [UInt8]) {
    guard let ticket = admission.enter() else { throw ServiceError.throttling }
    defer { withExtendedLifetime(ticket) {} }
    let read = try await read(request, ticket)
    return (try caller(service, operation, read), read.body)
  }

  /// Who asks, once it is sure that they are and that they may.
  private func caller(
    _ service: SystemsManager.Service, _ operation: String, _ read: ReadRequest
  ) throws -> Caller {
    let now = store.now.seconds
    switch SystemsManager.access(to: operation) {
    case .anonymous: return .nobody
    case .nodeKey:
      let node = try authenticator.node(of: read.signed, now: now)
      guard let scope = node.scope else { throw ServiceError.internalError }
      return Caller(
        keyID: node.id, scope: scope, permissions: [.writeNode(node.id)], node: node.id)
    default:
      let caller = try authenticator.caller(
        of: read.signed, service: service.signingName, now: now)
      guard let access = SystemsManager.access(to: operation), caller.may(access) else {
        throw ServiceError(
          "AccessDeniedException",
          "The access key \(caller.keyID) is not allowed to perform ssm:\(operation).")
      }
      return caller
    }
  }

  private static func response(_ status: Int, _ body: [UInt8], _ id: String) -> Response {
    var headers: HTTPFields = [.contentType: contentType]
    if let name = AWSField.requestID { headers[name] = id }
    return Response(
      status: HTTPResponse.Status(code: status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}
