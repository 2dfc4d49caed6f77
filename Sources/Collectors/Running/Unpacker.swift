/// Unpacks a file piece by piece: gzip, xz and Zstandard, known by their first bytes.
///
/// What begins otherwise passes as it is.
struct Unpacker {
  private static let pieceBytes = 1 << 16

  /// What the file is called in sentences.
  private let path: String
  private let bytesMax: Int
  private var count = 0
  private var hasBegun = false
  private var isPacked = false
  /// What unpacks the stream that has begun; nil between two.
  private var codec: (any Codec)?
  private var piece = [UInt8](repeating: 0, count: pieceBytes)

  /// Takes what the file is called, and how many bytes it may have when it is unpacked.
  init(path: String, bytesMax: Int) {
    self.path = path
    self.bytesMax = bytesMax
  }

  /// Unpacks the next bytes and hands over what comes of them, some 64 KiB at a time.
  mutating func take(
    _ bytes: [UInt8], to take: ([UInt8]) throws(CollectorError) -> Void
  ) throws(CollectorError) {
    if !hasBegun, !bytes.isEmpty {
      hasBegun = true
      codec = Collectors.codec(ofFileBeginningWith: bytes)
      isPacked = codec != nil
    }
    guard isPacked else { return try hand(over: bytes, to: take) }
    var start = 0
    while true {
      if codec == nil {
        guard start < bytes.count else { return }
        codec = Collectors.codec(ofFileBeginningWith: Array(bytes[start...].prefix(6)))
      }
      guard let step = unpack(bytes[start...]) else {
        throw CollectorError("\(path) cannot be unpacked: it is damaged")
      }
      start += step.readCount
      try hand(over: Array(piece[..<step.writtenCount]), to: take)
      if step.isAtEnd {
        codec = nil
      } else if step.writtenCount < piece.count {
        // There is no more to come of what was given.
        guard start == bytes.count || step.readCount > 0 else {
          throw CollectorError("\(path) cannot be unpacked: it is damaged")
        }
        if start == bytes.count { return }
      }
    }
  }

  /// Ends the file; throws where it was cut.
  func finish() throws(CollectorError) {
    guard codec == nil else {
      throw CollectorError("\(path) cannot be unpacked: the end of the file is missing")
    }
  }

  private mutating func unpack(_ bytes: ArraySlice<UInt8>) -> CodecStep? {
    unsafe bytes.withUnsafeBytes { input in
      unsafe piece.withUnsafeMutableBytes { unsafe codec?.step(input, into: $0) }
    }
  }

  private mutating func hand(
    over bytes: [UInt8], to take: ([UInt8]) throws(CollectorError) -> Void
  ) throws(CollectorError) {
    count += bytes.count
    guard count <= bytesMax else {
      throw CollectorError("\(path) has more than \(bytesMax) bytes")
    }
    if !bytes.isEmpty { try take(bytes) }
  }
}
