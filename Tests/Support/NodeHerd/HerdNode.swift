import Crypto
import CryptoExtras
import Foundation
import NIOCore
import NIOHTTP1
import Signatures

/// One node: what it keeps, and how it signs.
///
/// It is touched on the herd's one event loop only.
final class HerdNode {
  let number: Int
  let publicKey: String
  private let privateKey: Data
  let fingerprint: String
  var id = ""
  var credentials = Credentials()
  /// Which state of its packages it reports.
  var version = 0
  /// Whether its packages changed since it last reported.
  var isChanged = false
  /// Whether a ping was answered since the herd came back.
  var isBack = false
  /// The question for messages as it was signed last, and when.
  var question: (head: HTTPRequestHead, body: ByteBuffer, time: Date)?
  /// The connection for ordinary calls, while it is open.
  var link: HerdLink?

  struct Credentials: Codable {
    var keyID = ""
    var secret = ""
    var token = ""
  }

  init(number: Int, publicKey: Data, privateKey: Data) {
    self.number = number
    self.publicKey = publicKey.base64EncodedString()
    self.privateKey = privateKey
    let digits = String(format: "%012x", number)
    fingerprint = "00000000-0000-4000-8000-\(digits)"
  }

  /// A request signed by temporary credentials.
  func signed(
    _ operation: String, _ body: String, host: String, region: String, service: String
  ) throws -> HTTPRequestHead {
    let prefix = service == "ssm" ? "AmazonSSM" : "EC2WindowsMessageDeliveryService"
    var request = SignedRequest(
      method: "POST", path: "/", query: "",
      headers: [
        ("host", host), ("content-type", "application/x-amz-json-1.1"),
        ("content-length", "\(body.utf8.count)"), ("x-amz-target", "\(prefix).\(operation)"),
      ], bodyDigest: Array(SHA256.hash(data: Data(body.utf8))))
    try request.sign(
      accessKeyID: credentials.keyID, secret: Array(credentials.secret.utf8),
      sessionToken: credentials.token, region: region, service: service, timestamp: Self.now())
    return Self.head(request)
  }

  /// A request signed by the node's own key, as the agent does: the length is not told.
  func proven(_ operation: String, _ body: String, host: String, region: String) throws
    -> HTTPRequestHead
  {
    let digest = Array(SHA256.hash(data: Data(body.utf8)))
    let timestamp = Self.now()
    var request = SignedRequest(
      method: "POST", path: "/", query: "",
      headers: [
        ("host", host), ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-date", timestamp), ("x-amz-target", "AmazonSSM.\(operation)"),
      ], bodyDigest: digest)
    let claims =
      "AWS4-HMAC-SHA256 Credential=\(id)/\(timestamp.prefix(8))/\(region)/ssm/aws4_request, "
      + "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature="
    var unsigned = request
    unsigned.headers.append(("authorization", claims + "0"))
    let text = try Authorization(unsigned).stringToSign(request)
    let key = try _RSA.Signing.PrivateKey(derRepresentation: privateKey)
    let signature = try key.signature(for: SHA256.hash(data: Data(text.utf8)), padding: .PSS)
    request.headers.append(
      ("authorization", claims + signature.rawRepresentation.base64EncodedString()))
    request.headers.append(
      ("x-amz-content-sha256", digest.map { String(format: "%02x", $0) }.joined()))
    request.headers.append(("transfer-encoding", "chunked"))
    return Self.head(request)
  }

  /// A request that is not signed.
  static func plain(_ operation: String, _ body: String, host: String) -> HTTPRequestHead {
    head(
      SignedRequest(
        method: "POST", path: "/", query: "",
        headers: [
          ("host", host), ("content-type", "application/x-amz-json-1.1"),
          ("content-length", "\(body.utf8.count)"), ("x-amz-target", "AmazonSSM.\(operation)"),
        ], bodyDigest: []))
  }

  private static func head(_ request: SignedRequest) -> HTTPRequestHead {
    HTTPRequestHead(
      version: .http1_1, method: .POST, uri: "/",
      headers: HTTPHeaders(request.headers.map { ($0.name, $0.value) }))
  }

  private static func now() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return String(
      format: "%04d%02d%02dT%02d%02d%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
      parts.tm_hour, parts.tm_min, parts.tm_sec)
  }
}

/// The nodes of a herd, and what of them is kept between two commands.
struct HerdNodes {
  var nodes: [HerdNode]

  private struct Row: Codable {
    var id: String
    var credentials: HerdNode.Credentials
    var version: Int
  }

  /// Reads keys: for each node the lengths of both in 2 bytes each, the public one, the private one.
  init(keys path: String, first: Int, count: Int) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    nodes = []
    var offset = 0
    for number in 0..<(first + count) {
      guard offset + 4 <= data.count else {
        throw HerdError("\(path) has keys for \(number) nodes, not \(count)")
      }
      func length(_ at: Int) -> Int { Int(data[at]) << 8 | Int(data[at + 1]) }
      let (publicLength, privateLength) = (length(offset), length(offset + 2))
      let middle = offset + 4 + publicLength
      if number >= first {
        nodes.append(
          HerdNode(
            number: number, publicKey: data[(offset + 4)..<middle],
            privateKey: data[middle..<(middle + privateLength)]))
      }
      offset = middle + privateLength
    }
  }

  func save(to path: String) throws {
    let encoder = JSONEncoder()
    var text = Data()
    for node in nodes {
      text += try encoder.encode(
        Row(id: node.id, credentials: node.credentials, version: node.version))
      text.append(10)
    }
    try text.write(to: URL(fileURLWithPath: path))
  }

  func load(from path: String) throws {
    let decoder = JSONDecoder()
    let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 10)
    for (node, line) in zip(nodes, lines.dropFirst(nodes.first?.number ?? 0)) {
      let row = try decoder.decode(Row.self, from: line)
      (node.id, node.credentials, node.version) = (row.id, row.credentials, row.version)
    }
  }
}

struct HerdError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
