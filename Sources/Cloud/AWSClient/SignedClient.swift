import AWSProtocol
import Crypto
import Inventory
package import JSONTape
import Signatures

/// Requests to one server, signed with Signature Version 4.
package struct SignedClient {
  private let transport: Transport
  private let region: String
  private let credentials: AWSCredentials

  /// The server's address, for messages.
  package var base: String { transport.base }

  /// Nothing is sent yet; nil where the address is not of the form `http://HOST:PORT`.
  package init?(
    url: String, region: String, credentials: AWSCredentials, certificates: String? = nil
  ) {
    guard let transport = Transport(url: url, certificates: certificates) else { return nil }
    self.transport = transport
    self.region = region
    self.credentials = credentials
  }

  /// One request and its answer, whatever its status; throws where none came within two minutes.
  ///
  /// `newer` are keys that take the place of those of the beginning.
  package func send(
    _ method: String, _ path: String, query: String = "", body: [UInt8] = [],
    _ headers: [(name: String, value: String)], as newer: AWSCredentials? = nil
  ) throws -> Transport.Answer {
    let call = Transport.Call(
      method: method, path: path, query: query, headers: headers, body: body)
    return try send(call, as: newer)
  }

  /// Calls an operation of a service, as ``send(_:_:query:body:_:as:)`` does.
  package func call(
    _ target: String, _ operation: String, _ input: JSONValue, as newer: AWSCredentials? = nil
  ) throws -> Transport.Answer {
    try send(Transport.Call(target, operation, input), as: newer)
  }

  private func send(_ call: Transport.Call, as newer: AWSCredentials?) throws -> Transport.Answer {
    try transport.perform(
      try call.signed(host: transport.host, newer ?? credentials, region: region, service: "ssm"))
  }
}

extension Transport.Call {
  /// The call with the header fields that sign it.
  package func signed(
    host: String, _ credentials: AWSCredentials, region: String, service: String
  ) throws -> Self {
    var signed = SignedRequest(
      method: method, path: path, query: query, headers: [("host", host)] + headers,
      bodyDigest: Array(SHA256.hash(data: body)))
    try signed.sign(
      accessKeyID: credentials.keyID, secret: credentials.secret,
      sessionToken: credentials.sessionToken, region: region, service: service,
      timestamp: Self.timestamp())
    var call = self
    call.headers = signed.headers
    return call
  }

  /// The present in the form of X-Amz-Date.
  package static func timestamp() -> String {
    Instant.now.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }
}

extension Transport.Call {
  /// A call of an operation of a service, not signed yet.
  package init(_ target: String, _ operation: String, _ input: JSONValue) {
    self.init()
    headers = JSONEnvelope.headers(target, operation)
    body = input.bytes
  }
}
