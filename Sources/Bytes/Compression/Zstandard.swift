import CZstd
import Synchronization

/// Bytes that are no Zstandard frame, or not of the length that was told.
public struct CompressionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong, in libzstd's words.
  public let reason: String

  /// A sentence with the reason.
  public var description: String { "a packed value does not unpack: \(reason)" }
}

/// Zstandard for whole values in memory; ``Frame`` is the way to it.
///
/// May be called by any number of threads at once: each takes working memory (some 100 kB for small
/// values) out of a pool, which keeps as much as was ever used at the same time.
enum Zstandard {
  /// libzstd's own default: some 400 MB/s, and most of what higher levels save.
  private static let level: Int32 = 3

  private static let pool = Mutex<[Context]>([])

  /// The value as one frame; nil where that would not be shorter.
  static func compress(_ value: RawSpan) -> [UInt8]? {
    guard value.byteCount > 1 else { return nil }
    let limit = value.byteCount - 1
    let context = takeContext()
    defer { pool.withLock { $0.append(context) } }
    let frame = unsafe [UInt8](unsafeUninitializedCapacity: limit) { target, count in
      let code = unsafe value.withUnsafeBytes { source in
        unsafe ZSTD_compressCCtx(
          context.compression, target.baseAddress, limit, source.baseAddress, source.count, level)
      }
      // The one error there is: the frame does not fit.
      count = ZSTD_isError(code) != 0 ? 0 : code
    }
    return frame.isEmpty ? nil : frame
  }

  /// How long a frame says that its value is; nil where it does not say, or is no frame.
  static func contentByteCount(_ frame: RawSpan) -> UInt64? {
    let count = unsafe frame.withUnsafeBytes { source in
      unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
    }
    // The two greatest numbers stand for "not told" and "no frame".
    return count >= .max - 1 ? nil : count
  }

  /// The value of a frame, which must have exactly `byteCount` bytes.
  ///
  /// The caller bounds `byteCount`: as much memory is taken before the frame is looked at.
  static func decompress(
    _ frame: RawSpan, byteCount: Int
  ) throws(CompressionError) -> [UInt8] {
    let context = takeContext()
    defer { pool.withLock { $0.append(context) } }
    var code = 0
    let value = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { target, count in
      code = unsafe frame.withUnsafeBytes { source in
        unsafe ZSTD_decompressDCtx(
          context.decompression, target.baseAddress, byteCount, source.baseAddress, source.count)
      }
      count = ZSTD_isError(code) != 0 ? 0 : code
    }
    if ZSTD_isError(code) != 0 {
      throw CompressionError(reason: unsafe String(cString: ZSTD_getErrorName(code)))
    }
    guard value.count == byteCount else {
      throw CompressionError(reason: "the value has another length than was told")
    }
    return value
  }

  private static func takeContext() -> Context {
    pool.withLock { $0.popLast() } ?? Context()
  }
}

/// Working memory of libzstd.
///
/// Unchecked: whoever has taken it out of the pool is the only one to use it.
@safe private final class Context: @unchecked Sendable {
  let compression: OpaquePointer
  let decompression: OpaquePointer

  /// Traps only where there is no memory.
  init() {
    guard let compression = unsafe ZSTD_createCCtx(), let decompression = unsafe ZSTD_createDCtx()
    else { preconditionFailure("no memory for Zstandard") }
    unsafe self.compression = compression
    unsafe self.decompression = decompression
  }

  deinit {
    unsafe ZSTD_freeCCtx(compression)
    unsafe ZSTD_freeDCtx(decompression)
  }
}
