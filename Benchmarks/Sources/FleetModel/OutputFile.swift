import Glibc

/// A file, or standard output for `-`, that is written from front to back through a buffer.
public final class OutputFile {
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  private static let bufferBytes = 1 << 20

  /// Makes or empties a file; throws the system's error.
  public init(_ path: String) throws(OutputError) {
    descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard descriptor >= 0 else { throw OutputError(path, errno) }
    buffer.reserveCapacity(Self.bufferBytes + 4096)
  }

  deinit {
    if descriptor > STDERR_FILENO { close(descriptor) }
  }

  /// Adds bytes.
  public func write(_ bytes: [UInt8]) throws(OutputError) {
    // A long piece goes out as it is, after what came before it.
    if bytes.count >= Self.bufferBytes / 16 {
      try flush()
      try writeAll(bytes)
      return
    }
    buffer += bytes
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Adds a line.
  public func writeLine(_ line: String) throws(OutputError) {
    buffer.append(contentsOf: line.utf8)
    buffer.append(10)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Hands everything to the system; needed at the end.
  public func flush() throws(OutputError) {
    try writeAll(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  private func writeAll(_ bytes: [UInt8]) throws(OutputError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { source -> Int in
        guard let base = source.baseAddress else { return 0 }
        return Glibc.write(descriptor, base + done, source.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw OutputError("output", errno) }
      done += count
    }
  }
}

/// A file that could not be written.
public struct OutputError: Error, CustomStringConvertible {
  /// The file and why.
  public let description: String

  init(_ path: String, _ code: Int32) {
    description = "cannot write \(path): " + String(cString: strerror(code))
  }
}
