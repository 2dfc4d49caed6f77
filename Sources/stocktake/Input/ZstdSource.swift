import CZstd

/// Unpacks Zstandard, one frame after another.
final class ZstdSource: ByteSource {
  private static let inputByteCount = 1 << 18
  private let file: FileSource
  private let stream: OpaquePointer
  private let storage: UnsafeMutableRawBufferPointer
  private var input: ZSTD_inBuffer
  /// Whether the last call ended a frame, so that the file may end here.
  private var isBetweenFrames = true

  /// Unpacks a file.
  init(_ file: FileSource) throws {
    self.file = file
    guard let stream = unsafe ZSTD_createDStream() else {
      throw InputError("\(file.name): zstd does not start")
    }
    unsafe self.stream = stream
    unsafe storage = .allocate(byteCount: Self.inputByteCount, alignment: 16)
    unsafe input = ZSTD_inBuffer(src: storage.baseAddress, size: 0, pos: 0)
  }

  deinit {
    unsafe ZSTD_freeDStream(stream)
    unsafe storage.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard buffer.count > 0 else { return 0 }
    var output = unsafe ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while unsafe output.pos == 0 {
      var isLast = false
      if unsafe input.pos == input.size {
        let count = unsafe try file.read(into: storage)
        unsafe input.size = count
        unsafe input.pos = 0
        isLast = count == 0
      }
      if isLast, isBetweenFrames || Interruption.isRequested { return 0 }
      // At the end of the file the decoder may still hold bytes that had no room before.
      let result = unsafe ZSTD_decompressStream(stream, &output, &input)
      guard ZSTD_isError(result) == 0 else {
        let reason = unsafe String(cString: ZSTD_getErrorName(result))
        throw InputError("\(file.name): the zstd stream is damaged (\(reason))")
      }
      isBetweenFrames = result == 0
      if isLast, unsafe output.pos == 0, !isBetweenFrames {
        throw InputError("\(file.name): the zstd stream is cut off; fetch the file again")
      }
    }
    return unsafe output.pos
  }
}
