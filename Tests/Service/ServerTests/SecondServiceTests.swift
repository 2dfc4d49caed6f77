import AWSProtocol
import AccessKeys
import Crypto
import Foundation
import HTTPTypes
import HistoryStore
import Hummingbird
import Inventory
import JSONTape
import Logging
import NIOCore
import NodeRegistry
import Signatures
import Synchronization
import Testing

@testable import Server

/// A service that nobody but these tests has in the list.
private struct Greetings: Sendable {
  static let greet = AWSProtocol.Operation<Greetings>(
    "Greet", access: .read, load: .lookup, input: [Field("Name", .text(1, 5), required: true)],
    errors: ["NoSuchPerson"]
  ) { try $0.greet($1) }

  static let rename = AWSProtocol.Operation<Greetings>(
    "Rename", access: .administer, load: .change, input: []
  ) { _, _ in .object([]) }

  static let shout = AWSProtocol.Operation<Greetings>(
    "Shout", access: .write, load: .report, errors: [],
    body: { _, body, _ in AWSReply(body: body) })

  static let listen = AWSProtocol.Operation<Greetings>(
    "Listen", access: .administer, load: .wait, input: []
  ) { _, _ in .object([]) }.onRefusal { greetings, error in greetings.refused.note(error.name) }

  /// Names of errors that it was told of.
  final class Refused: Sendable {
    private let noted = Mutex<[String]>([])
    var names: [String] { noted.withLock { $0 } }
    func note(_ name: String) { noted.withLock { $0.append(name) } }
  }

  let refused = Refused()

  var service: AWSService {
    var service = AWSService(
      .json(target: "Greetings_20260101"), signing: "greetings", of: self,
      [Self.greet, Self.rename, Self.shout, Self.listen])
    service.refusedWaitSeconds = 0
    return service
  }

  func greet(_ request: AWSRequest) throws -> JSONValue {
    let name = request.text("Name") ?? ""
    guard name != "Nemo" else { throw AWSError("NoSuchPerson", "Nobody is called \(name).") }
    return .object([.init("Greeting", .string("Hello \(name) of \(request.scope)"))])
  }
}

/// A second service is one line in the server's list: where requests go, how they are signed, what is
/// refused and counted follows from what it says of itself.
@Suite struct SecondServiceTests {
  private let greetings = Greetings()
  private let server: HTTPServer
  private let reader: AccessKey

  init() throws { try self.init(ServerLimits()) }

  private init(_ limits: ServerLimits) throws {
    let directory = NSTemporaryDirectory() + "second-service-\(UUID().uuidString)"
    let store = try HistoryStore(path: directory + "/store")
    let secret = try ServerSecret(file: directory + "/secret")
    let keys = AccessKeyStore(store, secret: secret, keyFile: directory + "/secret")
    reader = try keys.create(account: "123456789012", permissions: [.read, .write])
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var configuration = HTTPServer.Configuration()
    configuration.limits = limits
    server = HTTPServer(
      configuration, store: store,
      services: [greetings.service, SecurityTokenService().service],
      keys: keys, registry: NodeRegistry(store, secret: secret), metrics: PrometheusMetrics(),
      logger: quiet, audit: quiet)
  }

  private struct Answer {
    var status: Int
    var text: String
    var json: JSONValue
    var requestID: String?
    /// The name of the error.
    var error: String? { json["__type"]?.text }
  }

  /// Sends a signed request through all of the server but the socket.
  private func send(
    _ body: String, _ headers: [(name: String, value: String)], as service: String,
    secret: [UInt8]? = nil
  ) async throws -> Answer {
    var signed = SignedRequest(
      method: "POST", path: "/", query: "", headers: [("host", "localhost")] + headers,
      bodyDigest: Array(SHA256.hash(data: Array(body.utf8))))
    let now = Instant(seconds: Int64(Date().timeIntervalSince1970)).description
    try signed.sign(
      accessKeyID: reader.id, secret: secret ?? reader.secret, region: "eu-central-1",
      service: service, timestamp: now.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z")
    var fields = HTTPFields()
    for header in signed.headers where header.name != "host" {
      fields[try #require(HTTPField.Name(header.name))] = header.value
    }
    let head = HTTPRequest(
      method: .post, scheme: "http", authority: "localhost", path: "/", headerFields: fields)
    let response = await server.respond(
      to: Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body))))
    let collected = Collected()
    try await response.body.write(collected)
    let bytes = collected.bytes.withLock { $0 }
    return Answer(
      status: response.status.code, text: String(decoding: bytes, as: UTF8.self),
      json: (try? JSONValue(parsing: bytes.span.bytes)) ?? .null,
      requestID: AWSField.requestID.flatMap { response.headers[$0] })
  }

  /// Takes a response's body.
  private struct Collected: ResponseBodyWriter {
    final class Bytes: Sendable {
      private let held = Mutex<[UInt8]>([])
      func withLock<R>(_ body: (inout sending [UInt8]) -> sending R) -> R { held.withLock(body) }
    }
    let bytes = Bytes()

    func write(_ buffer: ByteBuffer) async throws {
      bytes.withLock { $0 += Array(buffer.readableBytesView) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
  }

  private func call(
    _ operation: String, _ body: String = "{}", as service: String = "greetings",
    secret: [UInt8]? = nil
  ) async throws -> Answer {
    try await send(
      body, JSONEnvelope.headers("Greetings_20260101", operation), as: service, secret: secret)
  }

  @Test func `a signed request reaches its operation`() async throws {
    let answer = try await call("Greet", #"{"Name": "Ada"}"#)
    #expect(answer.status == 200)
    #expect(answer.json["Greeting"]?.text == "Hello Ada of 123456789012/eu-central-1")
    #expect(answer.requestID?.utf8.count == 36)
    #expect(server.metrics.text().contains(#"operation="Greet""#))
  }

  @Test func `it is refused by the rules of all services`() async throws {
    let long = try await call("Greet", #"{"Name": "Methuselah"}"#)
    #expect(long.error == "ValidationException" && long.status == 400)
    #expect(try await call("Greet", "[").error == "SerializationException")
    #expect(try await call("Greet", as: "ssm").error == "InvalidSignatureException")
    let forged = try await call("Greet", secret: Array("another".utf8))
    #expect(forged.error == "InvalidSignatureException")
    let denied = try await call("Rename")
    #expect(denied.error == "AccessDeniedException")
    #expect(denied.json["message"]?.text?.hasSuffix("to perform greetings:Rename.") == true)
    #expect(try await call("Dance").error == "UnknownOperationException")
    let other = try await send("{}", JSONEnvelope.headers("AmazonSSM", "Greet"), as: "ssm")
    #expect(other.error == "UnknownOperationException")
  }

  @Test func `its own errors go out by their names`() async throws {
    let answer = try await call("Greet", #"{"Name": "Nemo"}"#)
    #expect(answer.error == "NoSuchPerson" && answer.status == 400)
    #expect(AWSError(status: answer.status, answer.json).message == "Nobody is called Nemo.")
  }

  @Test func `it is told of refusals that come before it`() async throws {
    #expect(try await call("Listen").error == "AccessDeniedException")
    #expect(greetings.refused.names == ["AccessDeniedException"])
  }

  @Test func `limits are refused by their names, whatever the service`() async throws {
    var limits = ServerLimits()
    limits.bodyBytesMax = 10
    let long = try await Self(limits).call("Shout", #"{"Word": "longer than that"}"#)
    #expect(long.error == "TotalSizeLimitExceededException" && long.status == 400)
    limits = ServerLimits()
    limits.requestsInFlightMax = 1
    let full = try Self(limits)
    let place = full.server.admission.requests.take(1, for: Payer(key: "AKIA", address: "other"))
    let crowded = try await full.call("Shout")
    #expect(place != nil && crowded.error == "ThrottlingException" && crowded.status == 429)
    // A look-up has a lane of its own.
    #expect(try await full.call("Greet", #"{"Name": "Ada"}"#).status == 200)
    withExtendedLifetime(place) {}
    limits = ServerLimits()
    limits.bodyBytesInFlightMax = 0
    limits.uncountedBytesMax = 0
    #expect(try await Self(limits).call("Shout", "[1]").error == "ThrottlingException")
  }

  @Test func `what takes the body as it is gets it as it is`() async throws {
    #expect(try await call("Shout", "not JSON").text == "not JSON")
  }

  @Test func `a service of the query protocol stands in the same list`() async throws {
    let form = [("content-type", "application/x-www-form-urlencoded")]
    let found = try await send(
      "Action=GetCallerIdentity&Version=2011-06-15", form, as: "sts")
    #expect(found.status == 200)
    #expect(found.text.contains("<Arn>arn:aws:iam::123456789012:user/\(reader.id)</Arn>"))
    let unknown = try await send("Action=Greet&Version=2011-06-15", form, as: "sts")
    #expect(unknown.status == 400 && unknown.text.contains("<Code>InvalidAction</Code>"))
    let misnamed = try await send(
      "Action=GetCallerIdentity&Version=2011-06-15", form, as: "ssm")
    #expect(misnamed.status == 403)
    #expect(misnamed.text.contains("<Code>SignatureDoesNotMatch</Code>"))
  }
}
