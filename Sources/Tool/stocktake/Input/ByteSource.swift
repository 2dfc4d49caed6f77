import Glibc
import Terminal

/// Why an input cannot be read; one line that names it.
struct InputError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// Bytes that come one buffer after another.
protocol ByteSource: AnyObject {
  /// Fills some of the buffer and tells how much; 0 at the end and only there.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// A file or standard input.
final class FileSource: ByteSource {
  /// The name for messages.
  let name: String
  /// Bytes in the file, where it is an ordinary one.
  let byteCount: Int?
  /// Bytes read so far, as they lie in the file.
  private(set) var readByteCount = 0
  private let descriptor: Int32
  private var ahead: [UInt8] = []

  /// Opens a file; `-` is standard input.
  init(path: String) throws {
    name = path == "-" ? "standard input" : path
    descriptor = unsafe path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileSource.error(name, errno) }
    var status = stat()
    let isKnown = unsafe fstat(descriptor, &status) == 0
    if isKnown, status.st_mode & S_IFMT == S_IFDIR {
      throw InputError("\(name) is a directory, not a file")
    }
    byteCount = isKnown && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

  /// The first bytes, which will be read again; fewer where the input ends.
  func peek(_ count: Int) throws -> [UInt8] {
    while ahead.count < count {
      var chunk = [UInt8](repeating: 0, count: count - ahead.count)
      let got = try unsafe chunk.withUnsafeMutableBytes { try unsafe readDescriptor($0) }
      if got == 0 { break }
      ahead += chunk[..<got]
    }
    return ahead
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard ahead.isEmpty else {
      let count = min(ahead.count, buffer.count)
      unsafe buffer.copyBytes(from: ahead[..<count])
      ahead.removeFirst(count)
      return count
    }
    return try unsafe readDescriptor(buffer)
  }

  private func readDescriptor(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count >= 0 {
        readByteCount += count
        return count
      }
      guard errno == EINTR else { throw FileSource.error(name, errno) }
      // A pipe that waits for more must not keep Ctrl-C waiting.
      if Interruption.isRequested { return 0 }
    }
  }

  private static func error(_ name: String, _ code: Int32) -> InputError {
    InputError(unsafe "\(name): \(String(cString: strerror(code)))")
  }
}
