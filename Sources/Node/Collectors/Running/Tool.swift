import Dispatch
import Glibc
import Subprocess
import SystemPackage

/// Runs a program of the machine within limits, and takes what it prints.
///
/// No shell has a part in it, the environment is a fixed one, standard input is empty. The program has
/// a process group of its own, which ends with it: what it left running is killed.
package struct Tool: Sendable {
  /// What a program may take.
  package struct Limits: Sendable {
    /// Seconds until it is killed.
    var secondsMax: Double
    /// Bytes it may print before it is killed.
    var outputBytesMax: Int

    /// Takes the limits.
    package init(secondsMax: Double = 10.0, outputBytesMax: Int = 8 << 20) {
      self.secondsMax = secondsMax
      self.outputBytesMax = outputBytesMax
    }
  }

  /// What a program printed.
  struct Output: Sendable {
    var bytes: [UInt8]
    /// The last line with something in it that it wrote to standard error.
    var lastError: String?
    /// Nil where a signal ended it.
    var status: Int32?
  }

  /// The user to run as; nil for the one that collects.
  package struct User: Sendable {
    var id: UInt32
    var group: UInt32
  }

  let path: String
  let arguments: [String]
  let limits: Limits
  let user: User?
  /// Who gets what it prints; nil to keep it.
  private var take: (@Sendable ([UInt8]) -> Void)?
  /// Its variables.
  package var environment = [
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/",
  ]

  /// The folder it begins in.
  package var folder = "/"

  /// Starts nothing yet.
  package init(path: String, arguments: [String] = [], limits: Limits = Limits(), user: User? = nil)
  {
    self.path = path
    self.arguments = arguments
    self.limits = limits
    self.user = user
  }

  /// The output of a program that ends with status 0; throws with its last line of standard error.
  package func output() throws -> [UInt8] {
    let output = try run()
    guard output.status == 0 else {
      let end = output.status.map { "ended with status \($0)" } ?? "was killed"
      throw CollectorError("\(path) \(end)" + (output.lastError.map { ": \($0)" } ?? ""))
    }
    return output.bytes
  }

  /// Hands over what a program prints as it comes, instead of keeping it; throws as ``output()`` does.
  func stream(to take: @escaping @Sendable ([UInt8]) -> Void) throws {
    var tool = self
    tool.take = take
    _ = try tool.output()
  }

  /// Runs it and waits; not to be called from a task, whose thread it would hold.
  func run() throws -> Output {
    let box = ResultBox<Output>()
    let done = DispatchSemaphore(value: 0)
    Task.detached(executorPreference: ToolExecutor.shared) {
      do { box.set(.success(try await execute())) } catch { box.set(.failure(error)) }
      done.signal()
    }
    done.wait()
    guard let result = box.get() else {
      throw CollectorError("\(path) could not be run")
    }
    return try result.get()
  }

  private enum Part: Sendable {
    case output([UInt8])
    case lastError(String?)
    case tooLong
    case tooMuch
  }

  /// The program and its arguments, under setpriv(1) where it is to run as another user.
  ///
  /// Subprocess could change the user itself, but between fork and exec it calls setgroups(3), which
  /// waits for the threads of a parent that is not there any more, now and then forever.
  private var command: [String] {
    guard let user else { return [path] + arguments }
    return [
      "/usr/bin/setpriv", "--reuid=\(user.id)", "--regid=\(user.group)", "--clear-groups", "--",
      path,
    ]
      + arguments
  }

  private func execute() async throws -> Output {
    var options = PlatformOptions()
    options.processGroupID = 0
    let names = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
    let result = try await Subprocess.run(
      .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
      environment: .custom(Dictionary(uniqueKeysWithValues: names)),
      workingDirectory: FilePath(folder),
      platformOptions: options, input: .none, output: .sequence, error: .sequence
    ) { execution in
      // Whatever comes of it, nothing of its group stays behind.
      defer { try? execution.send(signal: .kill, toProcessGroup: true) }
      let begin = ContinuousClock.now
      let output = try await watch(execution)
      // A program that has said all it had to say may still have to end by itself.
      if case .success = output {
        Self.waitForEnd(
          of: execution.processIdentifier.value, until: begin + .seconds(limits.secondsMax))
      }
      return output
    }
    let status: Int32? =
      if case .exited(let code) = result.terminationStatus { Int32(code) } else { nil }
    var output = try result.closureResult.get()
    output.status = status
    return output
  }

  private func watch(
    _ execution: Execution<some InputProtocol, SequenceOutput, SequenceOutput>
  ) async throws -> Result<Output, CollectorError> {
    let (limits, path) = (limits, path)
    return try await withThrowingTaskGroup(of: Part.self) { group in
      group.addTask {
        try await collect(execution.standardOutput)
      }
      group.addTask { .lastError(await Self.lastLine(of: execution.standardError)) }
      group.addTask {
        try await Task.sleep(for: .seconds(limits.secondsMax))
        return .tooLong
      }
      var output = Output(bytes: [])
      var left = 2
      while left > 0, let part = try await group.next() {
        switch part {
        case .output(let bytes):
          output.bytes = bytes
          left -= 1
        case .tooMuch:
          try? execution.send(signal: .kill, toProcessGroup: true)
          group.cancelAll()
          return .failure(
            CollectorError("\(path) printed more than \(limits.outputBytesMax) bytes"))
        case .lastError(let line):
          output.lastError = line
          left -= 1
        case .tooLong:
          try? execution.send(signal: .kill, toProcessGroup: true)
          group.cancelAll()
          return .failure(
            CollectorError("\(path) took longer than \(seconds(limits.secondsMax))"))
        }
      }
      group.cancelAll()
      return .success(output)
    }
  }

  /// Waits until a program has ended, and leaves its status to be fetched.
  ///
  /// It holds a thread of the tools' own, mostly for no time at all: a task that sleeps would need one of
  /// those that whoever waits for the tool may hold.
  private static func waitForEnd(of process: pid_t, until end: ContinuousClock.Instant) {
    var pause: UInt32 = 100
    while ContinuousClock.now < end {
      var info = unsafe siginfo_t()
      let result = unsafe waitid(P_PID, id_t(process), &info, WEXITED | WNOWAIT | WNOHANG)
      guard result == 0, unsafe info._sifields._kill.si_pid == 0 else { return }
      usleep(pause)
      pause = min(pause * 2, 50_000)
    }
  }

  private func collect(_ stream: SubprocessOutputSequence) async throws -> Part {
    var bytes: [UInt8] = []
    var count = 0
    for try await buffer in stream {
      count += buffer.count
      if count > limits.outputBytesMax { return .tooMuch }
      let chunk = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
      if let take { take(chunk) } else { bytes += chunk }
    }
    return .output(bytes)
  }

  /// The last line with something in it, of the last 4,096 bytes.
  private static func lastLine(of stream: SubprocessOutputSequence) async -> String? {
    var tail: [UInt8] = []
    do {
      for try await buffer in stream {
        unsafe buffer.withUnsafeBytes { unsafe tail.append(contentsOf: $0.suffix(4096)) }
        if tail.count > 4096 { tail.removeFirst(tail.count - 4096) }
      }
    } catch {}
    return String(decoding: tail, as: UTF8.self)
      .split(whereSeparator: \.isNewline).map { text(cutTo: 200, $0.trimmed) }
      .last { !$0.isEmpty }
  }
}
