import AWSProtocol
import HTTPTypes
import HistoryStore
import Hummingbird
import Inventory
import NIOCore
import Signatures
import SystemsManager

// The query protocol of AWS: a form that names an action, answered in XML. Of it one action is here, by
// which tools find out whose keys they have: GetCallerIdentity of the Security Token Service.

extension HTTPServer {
  /// The content type by which a request of the query protocol is known.
  private static let formType = "application/x-www-form-urlencoded"
  /// Source: the public model of STS.
  private static let securityTokenNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
  private static let securityTokenVersion = "2011-06-15"
  /// Its name in the scope of a signature.
  private static let securityTokenService = "sts"
  /// Bytes of a form: those of the action that is here have some 50.
  private static let formBytesMax = 16 << 10

  /// Whether a request to `/` is one of the query protocol.
  static func isQuery(_ request: Request) -> Bool {
    let type = request.headers[.contentType]?.split(separator: ";").first ?? ""
    return type.lowercased() == formType
      && AWSField.target.flatMap({ request.headers[$0] }) == nil
  }

  /// POST `/` with a form: an action of the Security Token Service.
  func query(
    _ request: Request, _ connection: Connection, id: String
  ) async -> (Response, action: String) {
    var action = "query"
    do {
      let head = signedHead(request)
      // Under whatever name it is signed: an action of another service is told that it is not here.
      let service = (try? Authorization(head).service) ?? Self.securityTokenService
      let now = store.now.seconds
      let claim = try noting(head) { try authenticator.claim(head, service: service, now: now) }
      let payer = Payer(key: claim.payer, address: connection.address)
      let read = try await read(request, head, payer, connection, bytesMax: Self.formBytesMax)
      let caller = try noting(head) { try authenticator.caller(claim, of: read.signed, now: now) }
      RequestRecord.current?.note(caller)
      try read.count(for: payer)
      let place = admission.requests.take(1, for: payer, mayTakeLast: true)
      guard let place else { throw AWSError.throttling }
      defer { withExtendedLifetime(place) {} }
      try Self.checkAction(Self.fields(read.body))
      action = "GetCallerIdentity"
      guard service == Self.securityTokenService else {
        throw AWSError(
          "InvalidSignatureException",
          "Credential should be scoped to correct service: '\(Self.securityTokenService)'.")
      }
      return (Self.xml(200, Self.identity(caller, id), id), action)
    } catch let error as AWSError {
      log(error.cause, action, id)
      return (Self.queryError(error, id), action)
    } catch {
      log("\(error)", action, id)
      return (Self.queryError(.internalError, id), action)
    }
  }

  private static func checkAction(_ fields: [String: String]) throws(AWSError) {
    guard let action = fields["Action"], !action.isEmpty else {
      throw AWSError("MissingAction", "The form has no Action.")
    }
    let version = fields["Version"] ?? ""
    guard action == "GetCallerIdentity", version == securityTokenVersion else {
      throw AWSError(
        "InvalidAction",
        "There is no action '\(action.prefix(200))' of version '\(version.prefix(50))' here: "
          + "GetCallerIdentity of \(securityTokenVersion) is the only one.")
    }
  }

  /// The fields of a form; of one that is named twice the first.
  static func fields(_ body: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for part in body.split(separator: UInt8(ascii: "&")) {
      let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1)
      guard let name = pair.first.map(Self.decoded), fields[name] == nil else { continue }
      fields[name] = pair.count > 1 ? Self.decoded(pair[1]) : ""
    }
    return fields
  }

  /// A text in which `+` is a blank and `%XX` a byte.
  private static func decoded(_ text: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Who asks: a key as a user of its account, a node as a session of the role that nodes have.
  private static func identity(_ caller: Caller, _ id: String) -> String {
    let account = caller.scope.account
    let (name, user) =
      caller.node.map { node in
        ("arn:aws:sts::\(account):assumed-role/Stocktake/\(node)", "\(caller.keyID):\(node)")
      } ?? ("arn:aws:iam::\(account):user/\(caller.keyID)", caller.keyID)
    return """
      <GetCallerIdentityResponse xmlns="\(securityTokenNamespace)">
        <GetCallerIdentityResult>
          <Arn>\(escaped(name))</Arn>
          <UserId>\(escaped(user))</UserId>
          <Account>\(account)</Account>
        </GetCallerIdentityResult>
        <ResponseMetadata>
          <RequestId>\(id)</RequestId>
        </ResponseMetadata>
      </GetCallerIdentityResponse>

      """
  }

  /// An error in the words of the query protocol, whose names of signatures' errors have no `Exception`.
  private static func queryError(_ error: AWSError, _ id: String) -> Response {
    let names = [
      "MissingAuthenticationTokenException": "MissingAuthenticationToken",
      "IncompleteSignatureException": "IncompleteSignature",
      "InvalidSignatureException": "SignatureDoesNotMatch",
      "UnrecognizedClientException": "InvalidClientTokenId",
      "ExpiredTokenException": "ExpiredToken", "AccessDeniedException": "AccessDenied",
      "ThrottlingException": "Throttling", "InternalServerError": "InternalFailure",
      "TotalSizeLimitExceededException": "RequestEntityTooLarge",
    ]
    let status =
      switch error.name {
      case "MissingAuthenticationTokenException", "InvalidSignatureException",
        "UnrecognizedClientException", "ExpiredTokenException", "AccessDeniedException":
        403
      case "TotalSizeLimitExceededException": 413
      default: error.status
      }
    let text = """
      <ErrorResponse xmlns="\(securityTokenNamespace)">
        <Error>
          <Type>\(status >= 500 ? "Receiver" : "Sender")</Type>
          <Code>\(escaped(names[error.name] ?? error.name))</Code>
          <Message>\(escaped(error.message))</Message>
        </Error>
        <RequestId>\(id)</RequestId>
      </ErrorResponse>

      """
    return xml(status, text, id)
  }

  private static func xml(_ status: Int, _ text: String, _ id: String) -> Response {
    var headers: HTTPFields = [.contentType: "text/xml"]
    if let name = AWSField.requestID { headers[name] = id }
    return Response(
      status: HTTPResponse.Status(code: status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// A text as XML has it; control characters, which XML cannot have, become `?`.
  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\u{0}"..."\u{8}", "\u{b}", "\u{c}", "\u{e}"..."\u{1f}", "\u{fffe}", "\u{ffff}":
        out += "?"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
