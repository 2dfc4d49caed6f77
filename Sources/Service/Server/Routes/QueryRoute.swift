import AWSProtocol
import HistoryStore
import HTTPTypes
import Hummingbird
import Inventory
import JSONTape
import Signatures

extension HTTPServer {
  /// Bytes of a form: those of actions that are here have some 50.
  private static let formBytesMax = 16 << 10

  /// Whether a request to `/` is one of the query protocol.
  static func isQuery(_ request: Request) -> Bool {
    let type = request.headers[.contentType]?.split(separator: ";").first ?? ""
    return type.lowercased() == QueryEnvelope.contentType
      && AWSField.target.flatMap({ request.headers[$0] }) == nil
  }

  /// POST `/` with a form: an action of a service of the query protocol.
  func query(
    _ request: Request, _ connection: Connection, id: String
  ) async -> (Response, action: String) {
    var action = "query"
    let envelope = QueryEnvelope(namespace: services.queryNamespace ?? "", id: id)
    do {
      let head = signedHead(request)
      // Under whatever name it is signed: an action of another service is told that it is not here.
      let signedName = try Authorization(head).service
      let now = store.now.seconds
      let claim = try noting(head) { try authenticator.claim(head, service: signedName, now: now) }
      let payer = Payer(key: claim.payer, address: connection.address)
      let read = try await read(request, head, payer, connection, bytesMax: Self.formBytesMax)
      let caller = try noting(head) { try authenticator.caller(claim, of: read.signed, now: now) }
      RequestRecord.current?.note(caller)
      try read.count(for: payer)
      let form = JSONValue.object(QueryEnvelope.fields(read.body))
      let operation = try self.action(form)
      action = operation.name
      guard signedName == operation.signingName else {
        throw AWSError(
          "InvalidSignatureException",
          "Credential should be scoped to correct service: '\(operation.signingName)'.")
      }
      try Self.check(caller, operation)
      let reply = try await answer(operation.traits.load, payer, connection) {
        try await operation.namedAnswer(form.bytes, for: caller)
      }
      let value = try JSONValue(parsing: reply.body)
      return (Self.xml(200, envelope.answer(action, value), id), action)
    } catch {
      let error = AWSError(naming: error)
      log(error.cause, action, id)
      let (status, text) = envelope.answer(error)
      return (Self.xml(status, text, id), action)
    }
  }

  /// The action that a form names.
  private func action(_ form: JSONValue) throws(AWSError) -> ServedOperation {
    guard let action = form["Action"]?.text, !action.isEmpty else {
      throw AWSError("MissingAction", "The form has no Action.")
    }
    let version = form["Version"]?.text ?? ""
    guard let found = services.named(action: action, version: version) else {
      let known = services.all.flatMap { service in
        service.queryVersion.map { version in
          service.operations.map { "\($0.name) of \(version)" }
        } ?? []
      }
      throw AWSError(
        "InvalidAction",
        "There is no action '\(action.prefix(200))' of version '\(version.prefix(50))' here, but "
          + known.joined(separator: ", ") + ".")
    }
    return found.operation
  }

  private static func xml(_ status: Int, _ text: String, _ id: String) -> Response {
    response(status, Array(text.utf8), QueryEnvelope.answerType, id)
  }
}
