import AWSProtocol
import Crypto
import Testing

@testable import Signatures

/// The examples that AWS publishes: its Signature Version 4 test suite, and the one of its guide.
struct VectorTests {
  struct Vector: Sendable, CustomStringConvertible {
    var name: String
    var method = "GET"
    var path = "/"
    var query = ""
    var headers: [(String, String)] = []
    var body = ""
    var signature: String
    var description: String { name }
  }

  static let secret = Array("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".utf8)
  static let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
  static let postVanilla = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
  private static let unreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

  static let published: [Vector] = [
    Vector(name: "get-vanilla", signature: vanilla),
    Vector(
      name: "get-header-key-duplicate",
      headers: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
      signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    Vector(
      name: "get-header-value-order",
      headers: [
        ("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3"),
        ("My-Header1", "value2"),
      ],
      signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
    Vector(
      name: "get-header-value-trim",
      headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
      signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    Vector(
      name: "get-unreserved", path: "/" + unreserved,
      signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    Vector(
      name: "get-utf8", path: "/\u{1234}",
      signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    Vector(
      name: "get-vanilla-empty-query-key", query: "Param1=value1",
      signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    Vector(
      name: "get-vanilla-query-order-key-case", query: "Param2=value2&Param1=value1",
      signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    Vector(
      name: "get-vanilla-query-unreserved", query: "\(unreserved)=\(unreserved)",
      signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    Vector(
      name: "get-vanilla-utf8-query", query: "\u{1234}=bar",
      signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    Vector(name: "get-relative", path: "/example/..", signature: vanilla),
    Vector(name: "get-relative-relative", path: "/example1/example2/../..", signature: vanilla),
    Vector(name: "get-slash", path: "//", signature: vanilla),
    Vector(name: "get-slash-dot-slash", path: "/./", signature: vanilla),
    Vector(
      name: "get-slash-pointless-dot", path: "/./example",
      signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
    Vector(
      name: "get-slashes", path: "//example//",
      signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    Vector(
      name: "get-space", path: "/example space/",
      signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    Vector(name: "post-vanilla", method: "POST", signature: postVanilla),
    Vector(
      name: "post-vanilla-query", method: "POST", query: "Param1=value1",
      signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    Vector(
      name: "post-header-key-sort", method: "POST", headers: [("My-Header1", "value1")],
      signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    Vector(
      name: "post-header-value-case", method: "POST", headers: [("My-Header1", "VALUE1")],
      signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    Vector(
      name: "post-sts-header-before", method: "POST",
      headers: [
        (
          "X-Amz-Security-Token",
          "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
        )
      ], signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    Vector(
      name: "post-x-www-form-urlencoded", method: "POST",
      headers: [("Content-Type", "application/x-www-form-urlencoded")], body: "Param1=value1",
      signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
  ]

  static func signed(_ vector: Vector, signature: String? = nil) -> SignedRequest {
    var headers: [(name: String, value: String)] = [("Host", "example.amazonaws.com")]
    headers += vector.headers.map { (name: $0.0, value: $0.1) }
    headers.append(("X-Amz-Date", "20150830T123600Z"))
    let names = Set(headers.map { $0.name.lowercased() }).sorted().joined(separator: ";")
    headers.append(
      (
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
          + "SignedHeaders=\(names), Signature=\(signature ?? vector.signature)"
      ))
    return SignedRequest(
      method: vector.method, path: vector.path, query: vector.query, headers: headers,
      bodyDigest: Array(SHA256.hash(data: Array(vector.body.utf8))))
  }

  static let now: Int64 = 1_440_938_160

  static func verify(_ request: SignedRequest, now: Int64 = now) throws {
    let authorization = try Authorization(request)
    // The server finds no key under another id.
    guard authorization.accessKeyID == "AKIDEXAMPLE" else { throw AWSError.unrecognized }
    let key = SigningKey(
      secret: secret, date: authorization.date, region: authorization.region,
      service: authorization.service)
    try authorization.verify(request, key: key, now: now, service: "service")
  }

  @Test("the published examples verify", arguments: VectorTests.published)
  func verifies(_ vector: Vector) throws {
    try Self.verify(Self.signed(vector))
  }

  @Test("what we sign has the published signature")
  func signing() throws {
    var request = SignedRequest(
      method: "GET", path: "/", query: "Action=ListUsers&Version=2010-05-08",
      headers: [
        ("host", "iam.amazonaws.com"),
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
      ], bodyDigest: Array(SHA256.hash(data: [UInt8]())))
    try request.sign(
      accessKeyID: "AKIDEXAMPLE", secret: Self.secret, region: "us-east-1", service: "iam",
      timestamp: "20150830T123600Z")
    let header = request.header("authorization") ?? ""
    #expect(
      header.hasSuffix(
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"))
  }
}
