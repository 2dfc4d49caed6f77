package import ArgumentParser
import Glibc
import PlainText

extension ParsableCommand {
  /// Runs the command line as this command, and turns what it throws into one line and a status.
  ///
  /// - Parameter failure: what to say of an error of a module below; nil for errors of the parser.
  package static func runProgram(
    failure: (any Error) -> CommandFailure?
  ) async {
    // Swift reads the arguments from there, and takes a file that is missing for no arguments at all.
    guard !CommandLine.arguments.isEmpty else {
      end(
        CommandFailure(
          .usage,
          "arguments are read from /proc/self/cmdline: mount /proc (mount -t proc proc /proc)"))
    }
    let arguments = CommandLine.arguments.dropFirst()
    do {
      let verbs = try Verbs(Self.self, arguments)
      do {
        var command = try parseAsRoot()
        if var command = command as? any AsyncParsableCommand {
          try await command.run()
        } else {
          try command.run()
        }
      } catch let error as CommandFailure {
        throw error
      } catch {
        if let failure = failure(error) { throw failure }
        if exitCode(for: error).isSuccess { end(printing: message(for: error), verbs) }
        throw misuse(error)
      }
    } catch { end(error as? CommandFailure ?? CommandFailure(.storeError, "\(error)")) }
  }

  /// Help, version and completion scripts.
  private static func end(printing message: String, _ verbs: Verbs) -> Never {
    var text = message
    if text.hasPrefix("OVERVIEW: ") || text.hasPrefix("USAGE: ") {
      text = Help(Self.self, verbs).text(hidden: CommandLine.arguments.contains("--help-hidden"))
    } else if text.hasPrefix("#!/bin/bash\n") {
      text += BashWords.script(of: _commandName)
    }
    if !text.isEmpty { writeAll(Array((text + "\n").utf8)[...], to: STDOUT_FILENO) }
    exit(withError: ExitCode.success)
  }

  /// What the parser says of a command line that it does not understand.
  private static func misuse(_ error: any Error) -> CommandFailure {
    var message = message(for: error)
    guard exitCode(for: error) == .validationFailure else {
      return CommandFailure(.storeError, message)
    }
    let advice = fullMessage(for: error).split(separator: "\n").last { line in
      line.contains("--help'")
    }
    let meant = meantValue(message)
    if message.last == "." { message.removeLast() }
    if let advice {
      message += "; " + advice.trimmingPrefix { $0 == " " }.replacing("See ", with: "see ")
    }
    if message.last == "." { message.removeLast() }
    return CommandFailure(.usage, message + meant)
  }

  /// What was meant by a value that is none of those that an option takes.
  private static func meantValue(_ message: String) -> String {
    // The parser's sentence is all that it tells: The value 'x' is invalid for '…'. Please provide one of 'a' …
    let parts = message.split(separator: "Please provide one of ", maxSplits: 1)
    guard parts.count == 2, parts[0].hasPrefix("The value '") else { return "" }
    let quoted = { (text: Substring) in
      text.split(separator: "'", omittingEmptySubsequences: false).enumerated()
        .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
    let listed = parts[1].split(separator: "\n").filter { $0.hasPrefix("  - ") }
      .map { String($0.dropFirst(4)) }
    let values = listed.isEmpty ? quoted(parts[1].prefix { $0 != ";" }) : listed
    return quoted(parts[0]).first.map { didYouMean($0, among: values) } ?? ""
  }

  private static func end(_ failure: CommandFailure) -> Never {
    if !failure.message.isEmpty { complain(failure.message) }
    // ExitCode's way out, so that nothing but the status follows.
    exit(withError: ExitCode(failure.status.rawValue))
  }
}
