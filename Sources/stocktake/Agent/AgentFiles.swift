// The first file of the module, which imports Glibc alone: where a module is compiled as a whole, the first
// import of C's declarations owns them for all files, and Foundation would.

import Glibc

/// Files of an agent's folder.
enum AgentFiles {
  /// Makes the folder, for its owner alone.
  static func make(_ folder: String) throws {
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw CommandFailure(
        .usage, "cannot make \(folder): \(reason); name another with --state")
    }
  }

  /// Writes a file whole and durably, or leaves the one before.
  static func write(_ bytes: [UInt8], _ name: String, in folder: String) throws {
    let path = folder + "/" + name
    let descriptor = open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure(.storeError, "cannot write \(path): \(reason)")
    }
    writeAll(bytes[...], to: descriptor)
    let isWritten = fsync(descriptor) == 0
    close(descriptor)
    guard isWritten, rename(path + ".new", path) == 0 else {
      throw CommandFailure(.storeError, "cannot write \(path): \(reason)")
    }
  }

  private static var reason: String { unsafe String(cString: strerror(errno)) }
}
