import Glibc

/// A regular file that is held open; it is closed with its last use.
struct OpenFile: ~Copyable {
  private static let chunkBytes = 1 << 16

  let path: String
  /// Bytes that it had when it was opened; 0 for files of the kernel, which have no size.
  let size: Int
  private let descriptor: CInt

  /// Opens what is at a place; throws what the system says of it, with its path.
  ///
  /// A pipe, a socket or a device is refused, because reading it could wait forever.
  init(_ place: borrowing Place, _ path: String) throws(CollectorError) {
    let descriptor = place.open(O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw CollectorError(path: path, errno: errno) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      let error = CollectorError(path: path, errno: errno)
      close(descriptor)
      throw error
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG else {
      close(descriptor)
      throw CollectorError(
        kind == S_IFDIR ? "\(path): Is a directory" : "\(path) is no regular file")
    }
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes that come next, at most 64 KiB; none at the end.
  func next() throws(CollectorError) -> [UInt8] {
    try unsafe bytes(atMost: Self.chunkBytes) { unsafe read($0, $1.baseAddress, $1.count) }
  }

  /// The bytes from an offset on; fewer than asked for where the file ends before.
  func bytes(at offset: Int, count: Int) throws(CollectorError) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      let start = off_t(offset + all.count)
      let some = try unsafe bytes(atMost: count - all.count) {
        unsafe pread($0, $1.baseAddress, $1.count, start)
      }
      if some.isEmpty { break }
      if some.count == count { return some }
      all += some
    }
    return all
  }

  private func bytes(
    atMost max: Int, _ fill: (CInt, UnsafeMutableBufferPointer<UInt8>) -> Int
  ) throws(CollectorError) -> [UInt8] {
    while true {
      var result = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max) { buffer, count in
        result = unsafe fill(descriptor, UnsafeMutableBufferPointer(rebasing: buffer[..<max]))
        count = Swift.max(0, result)
      }
      if result >= 0 { return bytes }
      if errno != EINTR { throw CollectorError(path: path, errno: errno) }
    }
  }
}
