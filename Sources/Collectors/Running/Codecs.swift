internal import CLZMA
internal import CZlib
internal import CZstd

/// Unpacks one stream of a packed form, step by step.
protocol Codec: AnyObject {
  /// Unpacks some of `input`; nil where it is damaged.
  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> CodecStep?
}

/// What a codec did in one step.
struct CodecStep {
  /// Bytes of the input that are not needed any more.
  var readCount: Int
  /// Bytes of the output that are filled.
  var writtenCount: Int
  /// Whether the stream is at its end; what follows is another stream.
  var isAtEnd: Bool
}

/// The codec of a file by its first bytes; nil where it is not packed.
func codec(ofFileBeginningWith bytes: [UInt8]) -> (any Codec)? {
  if bytes.starts(with: [0x1f, 0x8b]) { return GzipCodec() }
  if bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) { return XZCodec() }
  if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return ZstdCodec() }
  return nil
}

private final class GzipCodec: Codec {
  private let stream: UnsafeMutablePointer<z_stream>

  init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for "a gzip header is expected".
    let status = unsafe inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "no memory for zlib")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> CodecStep? {
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(input.count)
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(output.count)
    let status = unsafe inflate(stream, Z_NO_FLUSH)
    // Z_BUF_ERROR says that it needs more input, or more room.
    guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { return nil }
    return unsafe CodecStep(
      readCount: input.count - Int(stream.pointee.avail_in),
      writtenCount: output.count - Int(stream.pointee.avail_out),
      isAtEnd: status == Z_STREAM_END)
  }
}

private final class XZCodec: Codec {
  /// What the largest dictionary takes that xz makes by one of its levels, and a little more.
  private static let memoryBytesMax: UInt64 = 80 << 20

  private let stream: UnsafeMutablePointer<lzma_stream>

  init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: lzma_stream())
    let status = unsafe lzma_stream_decoder(stream, Self.memoryBytesMax, 0)
    precondition(status == LZMA_OK, "no memory for liblzma")
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> CodecStep? {
    unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_in = input.count
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = output.count
    let status = unsafe lzma_code(stream, LZMA_RUN)
    guard status == LZMA_OK || status == LZMA_STREAM_END || status == LZMA_BUF_ERROR else {
      return nil
    }
    return unsafe CodecStep(
      readCount: input.count - stream.pointee.avail_in,
      writtenCount: output.count - stream.pointee.avail_out, isAtEnd: status == LZMA_STREAM_END)
  }
}

private final class ZstdCodec: Codec {
  private let context: OpaquePointer

  init() {
    guard let context = unsafe ZSTD_createDCtx() else {
      preconditionFailure("no memory for Zstandard")
    }
    unsafe self.context = context
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> CodecStep? {
    var from = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var to = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    // Windows of more than 128 MiB are refused: libzstd's own limit.
    let left = unsafe ZSTD_decompressStream(context, &to, &from)
    guard ZSTD_isError(left) == 0 else { return nil }
    return unsafe CodecStep(readCount: from.pos, writtenCount: to.pos, isAtEnd: left == 0)
  }
}
