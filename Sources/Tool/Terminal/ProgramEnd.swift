package import ArgumentParser

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
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let error as CommandFailure {
      end(error)
    } catch {
      if let failure = failure(error) { end(failure) }
      end(reporting: error)
    }
  }

  /// Errors of the parser: help, version, completion scripts and misuse.
  private static func end(reporting error: any Error) -> Never {
    if exitCode(for: error).isSuccess { exit(withError: error) }
    guard exitCode(for: error) == .validationFailure else {
      end(CommandFailure(.storeError, message(for: error)))
    }
    var message = message(for: error)
    let advice = fullMessage(for: error).split(separator: "\n").last { line in
      line.contains("--help'")
    }
    if let advice {
      message += "; " + advice.trimmingPrefix { $0 == " " }.replacing("See ", with: "see ")
    }
    end(CommandFailure(.usage, message))
  }

  private static func end(_ failure: CommandFailure) -> Never {
    if !failure.message.isEmpty { complain(failure.message) }
    // ExitCode's way out, so that nothing but the status follows.
    exit(withError: ExitCode(failure.status.rawValue))
  }
}
