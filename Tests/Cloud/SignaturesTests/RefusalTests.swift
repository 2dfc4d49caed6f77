import AWSProtocol
import Crypto
import Testing

@testable import Signatures
import PlainText

/// Everything that is signed counts: whatever differs, the request is refused.
struct RefusalTests {
  private static let vector = VectorTests.Vector(
    name: "all", method: "POST", path: "/a/b", query: "x=1&y=2",
    headers: [("Content-Type", "application/x-amz-json-1.1"), ("X-Amz-Target", "AmazonSSM.Op")],
    body: "{}", signature: "")

  private static func request() throws -> SignedRequest {
    var request = SignedRequest(
      method: vector.method, path: vector.path, query: vector.query,
      headers: [("host", "example.amazonaws.com")]
        + vector.headers.map { (name: $0.0, value: $0.1) },
      bodyDigest: Array(SHA256.hash(data: Array(vector.body.utf8))))
    try request.sign(
      accessKeyID: "AKIDEXAMPLE", secret: VectorTests.secret, region: "us-east-1",
      service: "service", timestamp: "20150830T123600Z")
    return request
  }

  /// A text with one character made another, at each place in turn.
  private static func variants(_ text: String) -> [String] {
    let characters = Array(text)
    return characters.indices.map { index in
      var changed = characters
      changed[index] = characters[index] == "7" ? "8" : "7"
      return String(changed)
    }
  }

  @Test("one character changed in any part is refused")
  func oneCharacter() throws {
    let good = try Self.request()
    try VectorTests.verify(good)
    var tried = 0
    func refuse(_ change: (inout SignedRequest) -> Void) {
      var request = good
      change(&request)
      #expect(throws: AWSError.self) { try VectorTests.verify(request) }
      tried += 1
    }
    for method in Self.variants(good.method) { refuse { $0.method = method } }
    for path in Self.variants(good.path) { refuse { $0.path = path } }
    for query in Self.variants(good.query) { refuse { $0.query = query } }
    for index in good.headers.indices {
      for value in Self.variants(good.headers[index].value) {
        refuse { $0.headers[index].value = value }
      }
    }
    for index in good.bodyDigest.indices { refuse { $0.bodyDigest[index] ^= 1 } }
    #expect(tried > 300)
  }

  @Test("a header of AWS that is not signed is refused, but for the body's digest")
  func unsignedHeaders() throws {
    var request = try Self.request()
    request.headers.append(("x-amz-meta", "1"))
    #expect(throws: AWSError.self) { try VectorTests.verify(request) }
    request.headers.removeLast()
    request.headers.append(("x-amz-content-sha256", Hex.text(request.bodyDigest)))
    try VectorTests.verify(request)
    request.headers[request.headers.count - 1].value = "UNSIGNED-PAYLOAD"
    #expect(throws: AWSError.self) { try VectorTests.verify(request) }
  }

  @Test(
    "a time more than 15 minutes off is refused", arguments: [-901, -900, 0, 900, 901] as [Int64])
  func skew(_ seconds: Int64) throws {
    let request = try Self.request()
    if abs(seconds) > 900 {
      #expect(throws: AWSError.self) {
        try VectorTests.verify(request, now: VectorTests.now + seconds)
      }
    } else {
      try VectorTests.verify(request, now: VectorTests.now + seconds)
    }
  }

  @Test("whatever the header says, reading it ends with an error or an answer")
  func hostile() throws {
    let good = try Self.request()
    let header = Array((good.header("authorization") ?? "").utf8)
    var random = SystemRandomNumberGenerator()
    var refused = 0
    for _ in 0..<5000 {
      var bytes = header
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255)
        case 1: bytes.removeSubrange(Int.random(in: bytes.indices, using: &random)...)
        default: bytes.insert(contentsOf: header.prefix(40), at: 0)
        }
        if bytes.isEmpty { bytes = [0x20] }
      }
      var request = good
      request.headers[request.headers.count - 1].value = String(decoding: bytes, as: UTF8.self)
      do { try VectorTests.verify(request) } catch is AWSError { refused += 1 }
    }
    // Blanks between the parts mean nothing, all else does.
    #expect(refused > 4900)
  }
}
