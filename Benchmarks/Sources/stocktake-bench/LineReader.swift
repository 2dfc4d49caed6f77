import Foundation

/// Reads a file of any size line by line; a line takes what memory it needs, the file does not.
struct LineReader: ~Copyable {
  private let descriptor: Int32
  private var buffer: [UInt8]
  private var start = 0
  private var end = 0

  init(_ path: String) throws {
    descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY)
    guard descriptor >= 0 else {
      throw Failure("cannot read \(path): \(String(cString: strerror(errno)))")
    }
    buffer = [UInt8](repeating: 0, count: 4 << 20)
  }

  deinit { close(descriptor) }

  /// The next line without its newline, or nil at the end; empty lines are passed over.
  mutating func next() throws -> [UInt8]? {
    var searched = 0
    while true {
      if let length = newline(from: start + searched) {
        let line = Array(buffer[start..<(start + searched + length)])
        start += searched + length + 1
        searched = 0
        if line.isEmpty { continue }
        return line
      }
      searched = end - start
      if try !fill() {
        guard end > start else { return nil }
        defer { start = end }
        return Array(buffer[start..<end])
      }
    }
  }

  private func newline(from: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, from < end,
        let found = memchr(base + from, 10, end - from)
      else { return nil }
      return UnsafeRawPointer(found) - (base + from)
    }
  }

  /// Reads on; false at the end of the file.
  private mutating func fill() throws -> Bool {
    if start > 0 {
      buffer.replaceSubrange(0..<(end - start), with: buffer[start..<end])
      end -= start
      start = 0
    }
    if end == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
    while true {
      let count = buffer.withUnsafeMutableBytes { bytes -> Int in
        guard let base = bytes.baseAddress else { return 0 }
        return read(descriptor, base + end, bytes.count - end)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Failure("reading: \(String(cString: strerror(errno)))") }
      end += count
      return count > 0
    }
  }
}

/// What stops a command.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
