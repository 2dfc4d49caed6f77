import Compression
import Terminal

/// A file or standard input, unpacked where its first bytes say that it is packed.
final class UnpackedSource: ByteSource {
  private static let inputByteCount = 1 << 18
  private let file: FileSource
  private var reader = UnpackingReader()
  private var bytes: [UInt8] = []
  private var position = 0

  /// Unpacks a file.
  init(_ file: FileSource) { self.file = file }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if position == bytes.count {
      bytes = try next()
      position = 0
    }
    let count = min(buffer.count, bytes.count - position)
    unsafe buffer.copyBytes(from: bytes[position..<(position + count)])
    position += count
    return count
  }

  private func next() throws -> [UInt8] {
    do {
      return try reader.next { () throws(any Error) in try readFile() }
    } catch .fault(let fault) {
      // Whoever was asked to stop gets no more bytes, which is no fault of the file.
      if fault.kind == .cut, Interruption.isRequested { return [] }
      let advice = fault.kind == .cut ? "; fetch the file again" : ""
      throw InputError("\(file.name) \(fault)\(advice)")
    } catch .source(let error) {
      throw error
    }
  }

  private func readFile() throws -> [UInt8] {
    var result: Result<Int, any Error> = .success(0)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.inputByteCount) { buffer, count in
      let room = unsafe UnsafeMutableRawBufferPointer(
        start: buffer.baseAddress, count: Self.inputByteCount)
      result = Result { try unsafe file.read(into: room) }
      count = (try? result.get()) ?? 0
    }
    _ = try result.get()
    return bytes
  }
}
