import AsyncHTTPClient
import Crypto
import Inventory
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOSSL
import Signatures

/// Requests to one server, signed with Signature Version 4.
final class SignedClient {
  /// What a server answered.
  struct Answer {
    let status: UInt
    let headers: HTTPHeaders
    let body: [UInt8]
  }

  /// The server's address without a slash at its end, for messages.
  let base: String
  private let host: String
  private let region: String
  private let credentials: AWSCredentials
  private let client: HTTPClient

  /// Nothing is sent yet; nil where the address is not of the form `http://HOST:PORT`.
  init?(
    url: String, region: String, credentials: AWSCredentials, certificates: String? = nil
  ) {
    var base = url[...]
    while base.hasSuffix("/") { base.removeLast() }
    guard let scheme = ["http://", "https://"].first(where: base.hasPrefix) else { return nil }
    let host = base.dropFirst(scheme.count)
    guard !host.isEmpty, !host.contains("/") else { return nil }
    self.base = String(base)
    self.host = String(host)
    self.region = region
    self.credentials = credentials
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(10)
    if let certificates {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(certificates)
      configuration.tlsConfiguration = tls
    }
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  deinit { try? client.syncShutdown() }

  /// One request and its answer, whatever its status; throws where none came within two minutes.
  func send(
    _ method: String, _ path: String, query: String = "", body: [UInt8] = [],
    _ headers: [(name: String, value: String)]
  ) throws -> Answer {
    var signed = SignedRequest(
      method: method, path: path, query: query, headers: [("host", host)] + headers,
      bodyDigest: Array(SHA256.hash(data: body)))
    try signed.sign(
      accessKeyID: credentials.keyID, secret: credentials.secret,
      sessionToken: credentials.sessionToken, region: region, service: "ssm",
      timestamp: Self.timestamp())
    var fields = HTTPHeaders()
    for (name, value) in signed.headers where name != "host" {
      fields.add(name: name, value: value)
    }
    do {
      let request = try HTTPClient.Request(
        url: base + path + (query.isEmpty ? "" : "?" + query),
        method: HTTPMethod(rawValue: method), headers: fields,
        body: body.isEmpty ? nil : .bytes(body))
      let answer = try client.execute(request: request, deadline: .now() + .seconds(120)).wait()
      let bytes = answer.body.map { Array($0.readableBytesView) } ?? []
      return Answer(status: answer.status.code, headers: answer.headers, body: bytes)
    } catch {
      throw CommandFailure(.storeError, "\(base): \(error)")
    }
  }

  private static func timestamp() -> String {
    Instant.now.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }
}
