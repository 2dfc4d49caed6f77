import Dispatch
import Glibc
import Synchronization
import Terminal

/// This program once more, with low priority and a limit of time; what it says is kept.
final class CheckProcess: Sendable {
  /// How it ended, and what it said.
  struct End {
    var ending: ChildProcess.Ending
    var words: String
  }

  private let isStopped = Atomic<Bool>(false)

  /// What `nice` gives at most.
  private static let lowestPriority: Int32 = 19
  private static let lookMilliseconds: Int32 = 200

  /// Ends the process soon.
  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Runs this program with arguments to its end, on the calling thread.
  func run(_ arguments: [String], secondsMax: Int, bytesMax: Int) -> End {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else {
      return End(ending: .exited(ExitStatus.storeError.rawValue), words: "no pipe")
    }
    // Its end must not be kept open by another process that starts meanwhile.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    let child = start(arguments, output: ends[1])
    close(ends[1])
    guard let child else {
      return End(ending: .exited(ExitStatus.storeError.rawValue), words: "it did not start")
    }
    setpriority(Int32(PRIO_PROCESS.rawValue), id_t(child), Self.lowestPriority)
    var words: [UInt8] = []
    let deadline = ContinuousClock.now + .seconds(secondsMax)
    var reason: String?
    while let piece = read(from: ends[0]) {
      words += piece.prefix(max(0, bytesMax - words.count))
      guard reason == nil else { continue }
      if isStopped.load(ordering: .relaxed) { reason = "the server stopped" }
      if ContinuousClock.now > deadline { reason = "it took more than \(secondsMax) s" }
      if reason != nil { kill(child, SIGKILL) }
    }
    let ending = ChildProcess.wait(for: child)
    return End(ending: ending, words: reason ?? String(decoding: words, as: UTF8.self))
  }

  /// What is there to read, after a while nothing; nil at the end.
  private func read(from descriptor: Int32) -> [UInt8]? {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let count = unsafe poll(&wait, 1, Self.lookMilliseconds)
    if count == 0 || count < 0 && errno == EINTR { return [] }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = unsafe Glibc.read(descriptor, &bytes, bytes.count)
    return length > 0 ? Array(bytes[..<length]) : nil
  }

  private func start(_ arguments: [String], output: Int32) -> pid_t? {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    return try? unsafe ChildProcess.spawn([CommandLine.arguments[0]] + arguments, &actions)
  }
}
