internal import CBZip2
internal import CLZMA
internal import CZlib
internal import CZstd

/// Unpacks one stream of a packed form, step by step.
protocol Codec: AnyObject {
  /// Unpacks some of `input`; nil where it is damaged.
  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (readCount: Int, writtenCount: Int, isAtEnd: Bool)?
}

/// What a codec did in one step.
struct CodecStep {
  /// Bytes of the input that are not needed any more.
  var readCount: Int
  /// What was unpacked.
  var bytes: [UInt8]
  /// Whether the stream is at its end; what follows is another stream.
  var isAtEnd: Bool
}

extension Codec {
  /// Unpacks some of `input`, of which it takes 1 GiB at most; nil where it is damaged.
  func step(_ input: ArraySlice<UInt8>, atMost bytesMax: Int) -> CodecStep? {
    var (readCount, isAtEnd, isDamaged) = (0, false, false)
    // The libraries count in 32 bits.
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
      let output = UnsafeMutableRawBufferPointer(buffer)
      unsafe input.prefix(1 << 30).withUnsafeBytes { input in
        guard let step = unsafe step(input, into: output) else {
          isDamaged = true
          return
        }
        (readCount, count, isAtEnd) = step
      }
    }
    return isDamaged ? nil : CodecStep(readCount: readCount, bytes: bytes, isAtEnd: isAtEnd)
  }
}

@safe final class GzipCodec: Codec {
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
  ) -> (readCount: Int, writtenCount: Int, isAtEnd: Bool)? {
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(input.count)
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(output.count)
    let status = unsafe inflate(stream, Z_NO_FLUSH)
    // Z_BUF_ERROR says that it needs more input, or more room.
    guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { return nil }
    return unsafe (
      input.count - Int(stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out),
      status == Z_STREAM_END
    )
  }
}

@safe final class XZCodec: Codec {
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
  ) -> (readCount: Int, writtenCount: Int, isAtEnd: Bool)? {
    unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_in = input.count
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = output.count
    let status = unsafe lzma_code(stream, LZMA_RUN)
    guard status == LZMA_OK || status == LZMA_STREAM_END || status == LZMA_BUF_ERROR else {
      return nil
    }
    return unsafe (
      input.count - stream.pointee.avail_in, output.count - stream.pointee.avail_out,
      status == LZMA_STREAM_END
    )
  }
}

@safe final class ZstandardCodec: Codec {
  /// Bytes of a frame's head at most, which tells how long the frame's content is.
  static let headBytes = 18
  /// What libzstd says where a head does not tell, or cannot be read: the latter it refuses by itself.
  private static let unknownLengths: [UInt64] = [.max, .max - 1]

  private let context: OpaquePointer
  /// How long the frame's content is by its head; nil before the first step.
  private var toldLength: UInt64?
  private var length: UInt64 = 0

  init() {
    guard let context = unsafe ZSTD_createDCtx() else {
      preconditionFailure("no memory for Zstandard")
    }
    unsafe self.context = context
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (readCount: Int, writtenCount: Int, isAtEnd: Bool)? {
    var from = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var to = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    // Windows of more than 128 MiB are refused: libzstd's own limit.
    let left = unsafe ZSTD_decompressStream(context, &to, &from)
    guard ZSTD_isError(left) == 0 else { return nil }
    if toldLength == nil {
      toldLength = unsafe ZSTD_getFrameContentSize(input.baseAddress, input.count)
    }
    unsafe length += UInt64(to.pos)
    // A frame that ends in an empty block is held to its length only where libzstd has all of it at once.
    if left == 0, let toldLength, !Self.unknownLengths.contains(toldLength), length != toldLength {
      return nil
    }
    return unsafe (from.pos, to.pos, left == 0)
  }
}

@safe final class BZip2Codec: Codec {
  private let stream: UnsafeMutablePointer<bz_stream>

  init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: bz_stream())
    let status = unsafe BZ2_bzDecompressInit(stream, 0, 0)
    precondition(status == BZ_OK, "no memory for bzip2")
  }

  deinit {
    unsafe BZ2_bzDecompressEnd(stream)
    unsafe stream.deallocate()
  }

  func step(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> (readCount: Int, writtenCount: Int, isAtEnd: Bool)? {
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: CChar.self))
    unsafe stream.pointee.avail_in = UInt32(input.count)
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: CChar.self)
    unsafe stream.pointee.avail_out = UInt32(output.count)
    let status = unsafe BZ2_bzDecompress(stream)
    guard status == BZ_OK || status == BZ_STREAM_END else { return nil }
    return unsafe (
      input.count - Int(stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out),
      status == BZ_STREAM_END
    )
  }
}
