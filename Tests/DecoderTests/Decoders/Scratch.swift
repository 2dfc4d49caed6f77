import Foundation
import Glibc

/// A folder in memory for readers that take files; it goes with the process.
final class Scratch: Sendable {
  static let shared = Scratch()

  let path: String

  private init() {
    let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    path = "\(parent)/stocktake-decoders-\(getpid())"
    mkdir(path, 0o700)
    atexit { Scratch.shared.remove() }
  }

  private func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and the folders above it; returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) -> String {
    let file = path + "/" + name
    var descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      var folder = path
      for part in name.split(separator: "/").dropLast() {
        folder += "/" + part
        mkdir(folder, 0o700)
      }
      descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    }
    precondition(descriptor >= 0, "no file \(file)")
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      precondition(count > 0, "no room for \(file)")
      rest = rest.dropFirst(count)
    }
    // One time for all, which some readers take for that of the state.
    var times = [
      timespec(tv_sec: 1_770_000_000, tv_nsec: 0), timespec(tv_sec: 1_770_000_000, tv_nsec: 0),
    ]
    futimens(descriptor, &times)
    close(descriptor)
    return file
  }

  @discardableResult
  func write(_ name: String, _ text: String) -> String { write(name, Array(text.utf8)) }
}
