import Glibc

/// Why a file could not be read or written: a sentence with its path.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was to be done.
  package enum Step: String, Sendable {
    case read, write, make
  }

  package let path: String
  package let step: Step
  /// The error number of the system, or 0 where the file itself is not what it should be.
  package let code: Int32
  private let reason: String

  /// Takes an error number of the system.
  package init(_ step: Step, _ path: String, code: Int32) {
    self.path = path
    self.step = step
    self.code = code
    reason = Files.sentence(code)
  }

  /// Takes what is wrong with the file.
  package init(_ step: Step, _ path: String, reason: String) {
    self.path = path
    self.step = step
    code = 0
    self.reason = reason
  }

  package var description: String { "cannot \(step.rawValue) \(path): \(reason)" }
}
