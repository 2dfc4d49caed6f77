import AWSClient
import AWSProtocol
import Crypto
import CryptoExtras
import FoundationEssentials
import Inventory
import JSONTape
import PlainText
import Signatures

extension AWSError {
  /// Whether what was refused can be tried again as it is.
  var isPassing: Bool {
    name.contains("Throttl") || name == "TooManyUpdates" || name.hasPrefix("Internal")
  }

  /// Whether who asked is at fault, or when, and not what was sent.
  var isOfCaller: Bool {
    name.contains("AccessDenied") || name.contains("Token") || name.contains("Signature")
      || name.contains("UnrecognizedClient")
  }
}

/// An agent's calls: signed with credentials that it asks for with its own key.
actor AgentLink {
  private let identity: AgentIdentity
  private let transport: Transport
  private var credentials: AWSCredentials?
  /// When the credentials are renewed: at half of their life.
  private var renewal = Instant.distantPast

  /// Messages and the rest are two services to the server.
  enum Service: String {
    case systemsManager = "AmazonSSM"
    case messages = "EC2WindowsMessageDeliveryService"

    var signingName: String { self == .systemsManager ? "ssm" : "ec2messages" }
  }

  init(_ identity: AgentIdentity) throws {
    guard let transport = Transport(url: identity.server, certificates: identity.certificates)
    else {
      throw AgentError(
        .setup, "\"\(identity.server.onOneLine)\": write http://HOST:PORT or https://HOST:PORT")
    }
    self.identity = identity
    self.transport = transport
  }

  /// Calls an operation as the node.
  func call(
    _ operation: String, _ members: [JSONValue.Member], service: Service = .systemsManager
  ) async throws -> JSONValue {
    let credentials = try await credentials()
    do {
      return try await post(operation, .object(members), service) { call in
        try call.signed(
          host: self.transport.host, credentials, region: self.identity.region,
          service: service.signingName)
      }
    } catch let error as AWSError where error.name == "ExpiredTokenException" {
      // The clock was changed: the next call asks for new ones.
      self.credentials = nil
      throw error
    }
  }

  /// Posts one operation; the closure signs it, or not.
  func post(
    _ operation: String, _ input: JSONValue, _ service: Service = .systemsManager,
    sign: (Transport.Call) throws -> Transport.Call
  ) async throws -> JSONValue {
    let call = Transport.Call(service.rawValue, operation, input)
    let answer = try await transport.performed(try sign(call))
    let value = (try? JSONValue(parsing: answer.body)) ?? .null
    guard answer.status == 200 else { throw AWSError(status: Int(answer.status), value) }
    return value
  }

  private func credentials() async throws -> AWSCredentials {
    if let credentials, Instant.now < renewal { return credentials }
    let answer = try await post(
      "RequestManagedInstanceRoleToken",
      .object([.init("Fingerprint", .string(identity.fingerprint))])
    ) { call in try self.signedByKey(call) }
    guard let id = answer["AccessKeyId"]?.text, let secret = answer["SecretAccessKey"]?.text,
      let token = answer["SessionToken"]?.text, let end = answer["TokenExpirationDate"]?.whole
    else { throw AgentError(.server, "\(transport.base) answered without credentials") }
    let fresh = AWSCredentials(id, secret, token)
    let now = Instant.now
    renewal = now.advanced(bySeconds: max(1, (Int64(end) - now.seconds) / 2))
    credentials = fresh
    return fresh
  }

  /// Signs as amazon-ssm-agent does: the text of Signature Version 4, by RSASSA-PSS with the node's key.
  private func signedByKey(_ call: Transport.Call) throws -> Transport.Call {
    let node = identity.node ?? ""
    let timestamp = Transport.Call.timestamp()
    var headers = call.headers + [("x-amz-date", timestamp), ("host", transport.host)]
    headers.sort { $0.name < $1.name }
    let scope = "\(node)/\(timestamp.prefix(8))/\(identity.region)/ssm/aws4_request"
    let claims =
      "AWS4-HMAC-SHA256 Credential=\(scope), "
      + "SignedHeaders=\(headers.map(\.name).joined(separator: ";")), Signature="
    let request = SignedRequest(
      method: call.method, path: call.path, query: "",
      headers: headers + [("authorization", claims + "-")],
      bodyDigest: Array(SHA256.hash(data: call.body)))
    let text = try Authorization(request).stringToSign(request)
    let signature = try _RSA.Signing.PrivateKey(pemRepresentation: identity.key).signature(
      for: SHA256.hash(data: Array(text.utf8)), padding: .PSS)
    var signed = call
    signed.headers =
      headers + [
        ("authorization", claims + signature.rawRepresentation.base64EncodedString())
      ]
    return signed
  }
}
