internal import CZlib

/// Whole values as gzip (RFC 1952), for those who take nothing else.
package enum Gzip {
  /// How hard it tries: the least, which halves the time of the usual level for a tenth more bytes.
  private static let level: Int32 = 1

  /// Bytes as one member of gzip; nil where there is no memory for it, or they are more than 1 GiB.
  package static func compress(_ value: [UInt8]) -> [UInt8]? {
    guard value.count <= 1 << 30 else { return nil }
    var stream = unsafe z_stream()
    // 15 bits of window, and 16 for a header of gzip.
    let status = unsafe deflateInit2_(
      &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { return nil }
    defer { unsafe deflateEnd(&stream) }
    let bound = unsafe Int(deflateBound(&stream, UInt(value.count)))
    var isWhole = false
    let packed = unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      unsafe value.withUnsafeBufferPointer { input in
        unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        unsafe stream.avail_in = UInt32(input.count)
        unsafe stream.next_out = output.baseAddress
        unsafe stream.avail_out = UInt32(output.count)
        isWhole = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
        count = unsafe output.count - Int(stream.avail_out)
      }
    }
    return isWhole ? packed : nil
  }
}
