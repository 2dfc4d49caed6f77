import AccessKeys
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
import SystemsManager

extension FrontDoor {
  /// Everything below `/v1`: our own API.
  func history(_ request: Request, id: String) async -> Response {
    do {
      guard let ticket = admission.enter() else { throw ServiceError.throttling }
      let read = try await read(request, ticket)
      let caller = try caller(request, read)
      var question = APIRequest(
        method: request.method.rawValue, path: read.signed.path, query: read.signed.query,
        body: read.body, caller: caller)
      question.accept = request.headers[.accept]
      question.contentType = request.headers[.contentType]
      question.ifNoneMatch = request.headers[.ifNoneMatch]
      question.lastEventID = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
      let answer = await answer(question)
      withExtendedLifetime(ticket) {}
      log(answer.cause, question.path, id)
      return Self.response(answer, id)
    } catch let error as ServiceError {
      log(error.cause, request.uri.path, id)
      return Self.response(error, id)
    } catch {
      log("\(error)", request.uri.path, id)
      return Self.response(.internalError, id)
    }
  }

  /// What waits for changes is answered at once when the server stops.
  private func answer(_ question: APIRequest) async -> APIAnswer {
    guard question.path == "/v1/changes" else { return await historyAPI.answer(question) }
    return await cancelWhenGracefulShutdown { await historyAPI.answer(question) }
  }

  /// Who asks, once it is sure that they may.
  private func caller(_ request: Request, _ read: ReadRequest) throws -> Caller {
    let access = HistoryAPI.access(method: request.method.rawValue, path: read.signed.path)
    if access == .anonymous { return .nobody }
    let caller = try authenticator.caller(
      of: read.signed, service: "ssm", now: store.now.seconds)
    guard caller.may(access) else {
      throw ServiceError(
        "AccessDeniedException",
        "The access key \(caller.keyID) may not \(access == .read ? "read" : "write").")
    }
    return caller
  }

  private static func response(_ answer: APIAnswer, _ id: String) -> Response {
    var headers: HTTPFields = [.contentType: answer.contentType]
    if let name = AWSField.requestID { headers[name] = id }
    for (name, value) in answer.headers {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    let body: ResponseBody
    if let next = answer.next {
      body = ResponseBody { writer in
        do {
          while let part = try await cancelWhenGracefulShutdown(next) {
            try await writer.write(ByteBuffer(bytes: part))
          }
        } catch is CancellationError {
          // The server stops, or the client is gone: the stream ends, and can be resumed.
        }
        try await writer.finish(nil)
      }
    } else {
      body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
    }
    return Response(
      status: HTTPResponse.Status(code: answer.status), headers: headers, body: body)
  }

  /// The statuses of errors that come before the API is asked; AWS has 400 for all of them.
  private static func response(_ error: ServiceError, _ id: String) -> Response {
    let status =
      switch error.name {
      case "AccessDeniedException": 403
      case "ThrottlingException": 429
      case "TotalSizeLimitExceededException": 413
      case "InternalServerError": 500
      default: 401
      }
    var bytes: [UInt8] = []
    JSONValue.object([
      .init(
        "error",
        .object([.init("code", .string(error.name)), .init("message", .string(error.message))]))
    ]).write(to: &bytes)
    return response(
      APIAnswer(status: status, contentType: "application/json", body: bytes), id)
  }
}
