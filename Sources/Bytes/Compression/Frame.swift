/// How values of one kind are packed: one set of limits, which their writer and their reader share.
///
/// A value stays as it is, or it is packed as one Zstandard frame (RFC 8878), and whoever keeps the
/// frame keeps the value's length beside it. What ``pack(_:)`` has packed, ``unpack(_:byteCount:)``
/// of the same limits reads, however well it packs.
public struct Frame: Sendable {
  /// Bytes of a value from which on it is packed.
  public let byteCountMin: Int
  /// Bytes of a packed value at most; a longer one stays as it is.
  ///
  /// What a reader takes memory for at most, whatever the bytes claim.
  public let byteCountMax: Int

  /// Names the limits of one kind of values.
  public init(byteCountMin: Int, byteCountMax: Int) {
    self.byteCountMin = byteCountMin
    self.byteCountMax = byteCountMax
  }

  /// The value as a frame; nil where it stays as it is: short, longer than a packed one may be, or
  /// not an eighth shorter as a frame.
  public func pack(_ value: RawSpan) -> [UInt8]? {
    guard value.byteCount >= byteCountMin, value.byteCount <= byteCountMax else { return nil }
    guard let frame = Zstandard.compress(value), frame.count < value.byteCount * 7 / 8 else {
      return nil
    }
    return frame
  }

  /// The value of a frame.
  ///
  /// - Parameters:
  ///   - byteCount: the length that was kept beside the frame. It is held against the limit and
  ///     against the length that the frame itself tells before memory is taken.
  public func unpack(
    _ frame: RawSpan, byteCount: UInt64
  ) throws(CompressionError) -> [UInt8] {
    guard byteCount <= UInt64(byteCountMax) else {
      throw CompressionError(reason: "the value is longer than its kind may be")
    }
    guard Zstandard.contentByteCount(frame) == byteCount else {
      throw CompressionError(reason: "the frame holds another length than was told")
    }
    return try Zstandard.decompress(frame, byteCount: Int(byteCount))
  }
}
