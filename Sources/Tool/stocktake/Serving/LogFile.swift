import Glibc
import Synchronization
import Terminal

/// A file that lines are added to: made for its owner alone, and opened again where it was moved away, as
/// programs do that keep logs short.
final class LogFile: Sendable {
  private struct State {
    var descriptor: Int32
    var hasComplained = false
  }

  private let path: String
  private let state: Mutex<State>

  init(_ path: String) throws {
    self.path = path
    let descriptor = Self.open(path)
    guard descriptor >= 0 else {
      throw CommandFailure(.storeError, "\(path): \(unsafe String(cString: strerror(errno)))")
    }
    state = Mutex(State(descriptor: descriptor))
  }

  deinit { state.withLock { _ = close($0.descriptor) } }

  private static func open(_ path: String) -> Int32 {
    unsafe Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
  }

  /// Adds a line in one write; where that fails it goes to standard error, and it is said once that it does.
  func add(_ line: [UInt8]) {
    let isWritten = state.withLock { state in
      followMove(&state)
      let count = unsafe write(state.descriptor, line, line.count)
      defer { state.hasComplained = count != line.count }
      if count != line.count, !state.hasComplained {
        complain("\(path) cannot be written; its lines go here")
      }
      return count == line.count
    }
    if !isWritten { writeAll(line[...], to: STDERR_FILENO) }
  }

  private func followMove(_ state: inout State) {
    var (named, opened) = (stat(), stat())
    guard unsafe fstat(state.descriptor, &opened) == 0 else { return }
    if unsafe stat(path, &named) == 0, named.st_ino == opened.st_ino, named.st_dev == opened.st_dev
    {
      return
    }
    let descriptor = Self.open(path)
    guard descriptor >= 0 else { return }
    close(state.descriptor)
    state.descriptor = descriptor
  }
}
