import Crypto
import HTTPTypes
import Hummingbird
import NIOCore
import Signatures
import SystemsManager

/// A request that was read whole.
struct ReadRequest: Sendable {
  var signed: SignedRequest
  var body: [UInt8]
}

extension FrontDoor {
  /// Reads the body within the limits; throws ``ServiceError``.
  func read(_ request: Request, _ ticket: Admission.Ticket) async throws -> ReadRequest {
    let length = request.headers[.contentLength].flatMap { Int($0) }
    if let length, length > configuration.limits.bodyBytesMax { throw tooLarge }
    guard ticket.reserve(length ?? 0) else { throw ServiceError.throttling }
    var body: [UInt8] = []
    if let length { body.reserveCapacity(length) }
    var digest = SHA256()
    for try await part in request.body {
      let count = part.readableBytes
      guard body.count + count <= configuration.limits.bodyBytesMax else { throw tooLarge }
      if length == nil, !ticket.reserve(count) { throw ServiceError.throttling }
      unsafe part.withUnsafeReadableBytes { bytes in
        unsafe body.append(contentsOf: bytes)
        unsafe digest.update(bufferPointer: bytes)
      }
    }
    return ReadRequest(signed: signed(request, Array(digest.finalize())), body: body)
  }

  private var tooLarge: ServiceError {
    ServiceError(
      "TotalSizeLimitExceededException",
      "The request's body is larger than \(configuration.limits.bodyBytesMax) bytes.")
  }

  private func signed(_ request: Request, _ digest: [UInt8]) -> SignedRequest {
    let target = request.head.path ?? "/"
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var headers: [(name: String, value: String)] = []
    if let host = request.head.authority { headers.append(("host", host)) }
    for field in request.headers { headers.append((field.name.canonicalName, field.value)) }
    return SignedRequest(
      method: request.method.rawValue, path: String(parts.first ?? "/"),
      query: parts.count > 1 ? String(parts[1]) : "", headers: headers, bodyDigest: digest)
  }
}
