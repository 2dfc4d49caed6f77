import AWSProtocol
import Crypto
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Signatures

/// A request that was read whole.
struct ReadRequest: Sendable {
  var signed: SignedRequest
  var body: [UInt8]
  /// What its body takes, until its answer has left.
  fileprivate var lot: Quota.Lot

  /// Counts its body for its signer, now that that is proven; throws ``AWSError`` where they have too much
  /// already.
  func count(for payer: Payer) throws {
    guard lot.move(to: payer.key) else { throw AWSError.throttling }
  }
}

extension HTTPServer {
  /// Bytes of a body for which there is room before they come: what a client says of a body costs nothing.
  private static let roomBytesMax = 1 << 18

  /// Reads the body within the limits, and counts it until the answer has left; throws ``AWSError``.
  func read(
    _ request: Request, _ head: SignedRequest, _ payer: Payer, _ connection: Connection,
    bytesMax: Int? = nil
  ) async throws -> ReadRequest {
    let bytesMax = bytesMax ?? configuration.limits.bodyBytesMax
    let length = request.headers[.contentLength].flatMap { Int($0) }
    if let length, length > bytesMax { throw tooLarge(bytesMax) }
    if request.headers[.expect]?.lowercased() == "100-continue" { connection.sayContinue() }
    let lot = admission.bodyBytes.lot(for: payer.unproven)
    connection.keep(lot)
    var uncounted = configuration.limits.uncountedBytesMax
    var body: [UInt8] = []
    var digest = SHA256()
    do {
      for try await part in request.body {
        let count = part.readableBytes
        RequestRecord.current?.noteIn(count)
        guard body.count + count <= bytesMax else { throw tooLarge(bytesMax) }
        let free = min(count, uncounted)
        uncounted -= free
        guard count == free || lot.take(count - free) else { throw AWSError.throttling }
        if body.isEmpty { body.reserveCapacity(min(length ?? count, Self.roomBytesMax)) }
        unsafe part.withUnsafeReadableBytes { bytes in
          unsafe body.append(contentsOf: bytes)
          unsafe digest.update(bufferPointer: bytes)
        }
      }
    } catch let error as HTTPParserError {
      // What comes is no body, as where chunks are none.
      throw AWSError(
        "SerializationException", "The request's body cannot be read: \(error).")
    }
    var signed = head
    signed.bodyDigest = Array(digest.finalize())
    return ReadRequest(signed: signed, body: body, lot: lot)
  }

  private func tooLarge(_ bytesMax: Int) -> AWSError {
    AWSError(
      "TotalSizeLimitExceededException",
      "The request's body is larger than \(bytesMax) bytes.")
  }

  /// What is signed of a request, but for its body.
  func signedHead(_ request: Request) -> SignedRequest {
    let target = request.head.path ?? "/"
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var headers: [(name: String, value: String)] = []
    if let host = request.head.authority { headers.append(("host", host)) }
    for field in request.headers { headers.append((field.name.canonicalName, field.value)) }
    return SignedRequest(
      method: request.method.rawValue, path: String(parts.first ?? "/"),
      query: parts.count > 1 ? String(parts[1]) : "", headers: headers, bodyDigest: [])
  }
}
