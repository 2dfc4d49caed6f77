import CZlib

/// Unpacks gzip, one member after another.
final class GzipSource: ByteSource {
  private static let inputByteCount = 1 << 18
  private let file: FileSource
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private var isBetweenMembers = false
  private var isAtEnd = false

  /// Unpacks a file.
  init(_ file: FileSource) throws {
    self.file = file
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    unsafe input = .allocate(byteCount: Self.inputByteCount, alignment: 16)
    // 15 bits of window, and 16 for "a gzip header is expected".
    let status = unsafe inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw InputError("\(file.name): zlib does not start") }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
    unsafe input.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !isAtEnd, buffer.count > 0 else { return 0 }
    unsafe stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(clamping: buffer.count)
    let capacity = unsafe Int(stream.pointee.avail_out)
    while unsafe Int(stream.pointee.avail_out) == capacity {
      if unsafe stream.pointee.avail_in == 0, try !fill() {
        if isBetweenMembers || Interruption.isRequested {
          isAtEnd = true
          return 0
        }
        throw InputError("\(file.name): the gzip stream is cut off; fetch the file again")
      }
      if isBetweenMembers, try !startMember() { return 0 }
      let status = unsafe inflate(stream, Z_NO_FLUSH)
      if status == Z_STREAM_END {
        isBetweenMembers = true
      } else if status != Z_OK {
        let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
        throw InputError(
          "\(file.name): the gzip stream is damaged (\(reason ?? "error \(status)"))")
      }
    }
    return unsafe capacity - Int(stream.pointee.avail_out)
  }

  private func fill() throws -> Bool {
    let count = unsafe try file.read(into: input)
    unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_in = UInt32(count)
    return count > 0
  }

  /// Prepares for the next member; false where only padding follows.
  private func startMember() throws -> Bool {
    // Zero bytes after the last member are padding, as tape blocks have it.
    while true {
      while unsafe stream.pointee.avail_in > 0, unsafe stream.pointee.next_in.pointee == 0 {
        unsafe stream.pointee.next_in += 1
        unsafe stream.pointee.avail_in -= 1
      }
      if unsafe stream.pointee.avail_in > 0 { break }
      guard try fill() else {
        isAtEnd = true
        return false
      }
    }
    guard unsafe stream.pointee.next_in.pointee == 0x1f else {
      throw InputError("\(file.name): something that is not gzip follows the gzip stream")
    }
    unsafe inflateReset(stream)
    isBetweenMembers = false
    return true
  }
}
