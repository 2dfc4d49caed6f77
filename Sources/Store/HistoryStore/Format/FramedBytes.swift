import Compression
import PackedBytes

// A value that is kept as a frame: the varint number of its bytes, then the frame.

extension ByteWriter {
  /// Appends a frame behind the length of the value that it holds.
  mutating func append(frame: [UInt8], of byteCount: Int) {
    append(varint: byteCount)
    append(frame)
  }
}

extension ByteReader {
  /// Reads a value whose frame is all that is left.
  @_lifetime(self: copy self)
  mutating func unpacked(_ limits: Frame) throws(PackedBytesError) -> [UInt8] {
    let at = position
    let byteCount = try varint()
    let frame = try span(count: remaining)
    do throws(CompressionError) { return try limits.unpack(frame, byteCount: byteCount) } catch {
      throw PackedBytesError(offset: at, expected: "a Zstandard frame of the length told")
    }
  }
}
