import AccessKeys
import HistoryStore
import Inventory
import Logging
import HTTPTypes
import Hummingbird
import NIOCore
import SystemsManager

/// The header fields that the API of AWS has of its own.
enum AWSField {
  /// Names the operation.
  static let target = HTTPField.Name("x-amz-target")
  static let requestID = HTTPField.Name("x-amzn-RequestId")
}

extension FrontDoor {
  /// Before the operation's name in X-Amz-Target.
  private static let targetPrefix = "AmazonSSM."
  private static let contentType = "application/x-amz-json-1.1"

  /// POST `/`: an operation of Systems Manager, by JSON 1.1.
  func systemsManager(_ request: Request, id: String) async -> (Response, operation: String) {
    var operation = "unknown"
    do {
      operation = try Self.operation(request)
      let body = try await answer(operation, request)
      return (Self.response(200, body, id), operation)
    } catch let error as ServiceError {
      log(error.cause, operation, id)
      return (Self.response(error.status, error.body, id), operation)
    } catch {
      log("\(error)", operation, id)
      return (Self.response(500, ServiceError.internalError.body, id), operation)
    }
  }

  /// What went wrong in the server, under the id that the client has too.
  func log(_ cause: String?, _ operation: String, _ id: String) {
    guard let cause else { return }
    logger.error(
      "request failed",
      metadata: ["request": "\(id)", "operation": "\(operation)", "error": "\(cause)"])
  }

  /// The operation that a request names, if its form is right.
  private static func operation(_ request: Request) throws(ServiceError) -> String {
    guard let target = AWSField.target.flatMap({ request.headers[$0] }) else {
      throw ServiceError(
        "UnknownOperationException", "The X-Amz-Target header is missing: it names the operation.")
    }
    guard target.hasPrefix(targetPrefix) else {
      throw ServiceError("UnknownOperationException", "The target '\(target)' isn't known.")
    }
    let type = request.headers[.contentType] ?? ""
    guard type.split(separator: ";").first?.lowercased() == contentType else {
      throw ServiceError(
        "SerializationException", "The content type must be \(contentType), not '\(type)'.")
    }
    let operation = String(target.dropFirst(targetPrefix.count))
    guard SystemsManager.access(to: operation) != nil else {
      throw ServiceError(
        "UnknownOperationException", "The operation '\(operation.prefix(100))' isn't known.")
    }
    return operation
  }

  private func answer(_ operation: String, _ request: Request) async throws -> [UInt8] {
    guard let ticket = admission.enter() else { throw ServiceError.throttling }
    defer { withExtendedLifetime(ticket) {} }
    let read = try await read(request, ticket)
    let caller = try authenticator.caller(of: read.signed, now: store.now.seconds)
    guard Self.isAllowed(caller, operation) else {
      throw ServiceError(
        "AccessDeniedException",
        "The access key \(caller.keyID) is not allowed to perform ssm:\(operation).")
    }
    return try await systemsManager.answer(
      operation, read.body,
      for: SystemsManager.Client(scope: caller.scope) { caller.mayWrite($0) })
  }

  private static func isAllowed(_ caller: Caller, _ operation: String) -> Bool {
    switch SystemsManager.access(to: operation) {
    case .read: caller.mayRead
    // Which node is written is known when the body is read.
    case .writeNode: caller.mayWriteSome
    case .administer: caller.mayAdminister
    case nil: false
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
