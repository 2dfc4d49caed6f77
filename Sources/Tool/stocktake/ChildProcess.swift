import Files
import Glibc
import Terminal

/// Running this program once more, in a process of its own.
enum ChildProcess {
  /// How it ended.
  enum Ending: Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// The signals of a program that went wrong by itself.
  static let crashes: Set<Int32> = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE]

  /// Runs this program with the same arguments and one more, sharing its input and output.
  static func runThisProgram(adding argument: String) throws -> Ending {
    unsafe wait(for: try spawn(CommandLine.arguments + [argument], nil))
  }

  /// Starts this program with arguments, the first of them its name.
  static func spawn(
    _ texts: [String], _ actions: UnsafePointer<posix_spawn_file_actions_t>?
  ) throws -> pid_t {
    var arguments = unsafe texts.map { unsafe strdup($0) }
    unsafe arguments.append(nil)
    var variables: [UnsafeMutablePointer<CChar>?] = unsafe []
    var entry = unsafe environ
    // A crash is our news to tell; a page of addresses would bury it.
    let name = "SWIFT_BACKTRACE="
    while let variable = unsafe entry.pointee {
      if unsafe strncmp(variable, name, name.utf8.count) != 0 {
        unsafe variables.append(strdup(variable))
      }
      unsafe entry += 1
    }
    unsafe variables.append(strdup(name + "enable=no"))
    unsafe variables.append(nil)
    defer {
      unsafe (arguments + variables).forEach { unsafe free($0) }
    }
    var child: pid_t = 0
    let status = unsafe posix_spawn(&child, "/proc/self/exe", actions, nil, arguments, variables)
    guard status == 0 else {
      throw CommandFailure(
        .storeError, "the check cannot be started: \(Files.sentence(status))")
    }
    return child
  }

  /// Waits for the end of a process that this one started.
  static func wait(for child: pid_t) -> Ending {
    var ending: Int32 = 0
    while unsafe waitpid(child, &ending, 0) < 0 {
      guard errno == EINTR else { return .exited(ExitStatus.storeError.rawValue) }
    }
    return ending & 0x7f == 0 ? .exited((ending >> 8) & 0xff) : .signalled(ending & 0x7f)
  }
}
