import Glibc

/// Whole small files: read with a limit, replaced durably; and the sentence of an error number.
package enum Files {
  /// The system's own words for an error number.
  package static func sentence(_ code: Int32) -> String {
    unsafe String(cString: strerror(code))
  }

  /// Reads a file whole.
  ///
  /// - Parameter bytesMax: a longer file is an error, and is not read to its end.
  package static func read(_ path: String, bytesMax: Int) throws(FileError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.read, path, code: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while bytes.count <= bytesMax {
      let wanted = min(1 << 16, bytesMax + 1 - bytes.count)
      var failure: Int32 = 0
      let piece = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        var count = unsafe Glibc.read(descriptor, buffer.baseAddress, wanted)
        while count < 0 && errno == EINTR {
          count = unsafe Glibc.read(descriptor, buffer.baseAddress, wanted)
        }
        if count < 0 { failure = errno }
        filled = max(0, count)
      }
      guard failure == 0 else { throw FileError(.read, path, code: failure) }
      if piece.isEmpty { return bytes }
      bytes += piece
    }
    throw FileError(.read, path, reason: "it has more than \(bytesMax) bytes")
  }

  /// Gives a file new content, whole and durably: after a crash it has the old content or the new.
  ///
  /// The new content stands beside it, as `path.new`, until it is on the disk; then it takes the name,
  /// and the folder is written too. A link of the name is replaced, not followed.
  ///
  /// - Parameter mode: the permissions, whatever the umask is.
  package static func replace(
    _ path: String, with bytes: [UInt8], mode: UInt32 = 0o600
  ) throws(FileError) {
    let part = path + ".new"
    // Left by somebody who was stopped; its owner and mode need not be ours.
    unsafe unlink(part)
    let descriptor = unsafe open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError(.write, path, code: errno) }
    var code = write(bytes, to: descriptor)
    if code == 0 && fchmod(descriptor, mode) != 0 { code = errno }
    if code == 0 && fsync(descriptor) != 0 { code = errno }
    close(descriptor)
    if code == 0, unsafe rename(part, path) != 0 { code = errno }
    guard code == 0 else {
      unsafe unlink(part)
      throw FileError(.write, path, code: code)
    }
    code = flushFolder(of: path)
    guard code == 0 else { throw FileError(.write, path, code: code) }
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      // A disk that is full may take a part, and nothing more.
      guard count > 0 else { return count < 0 ? errno : ENOSPC }
      rest = rest.dropFirst(count)
    }
    return 0
  }

  /// Writes the folder that a file is in to the disk; 0 or an error number.
  ///
  /// Without it a power cut can take back a new name, and what was acknowledged with it.
  package static func flushFolder(of path: String) -> Int32 {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    // Some file systems cannot flush a folder, and say so.
    return fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno
  }
}
