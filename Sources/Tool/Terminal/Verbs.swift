import ArgumentParser
import PlainText

/// The verbs that a command line names, and what was meant by one that is none.
struct Verbs {
  /// The commands from the program on.
  let commands: [any ParsableCommand.Type]

  /// Follows the words up to the first option; throws where one is no verb of the command before it.
  init(_ program: any ParsableCommand.Type, _ arguments: ArraySlice<String>) throws {
    var commands: [any ParsableCommand.Type] = [program]
    let words = arguments.prefix { !$0.hasPrefix("-") }
    let isHelp = words.first == "help"
    for word in isHelp ? words.dropFirst() : words {
      let verbs = commands[commands.count - 1].configuration.subcommands
      if let verb = verbs.first(where: { $0.names.contains(word) }) {
        commands.append(verb)
      } else if !verbs.isEmpty || isHelp {
        throw Self.failure(word, after: commands, among: verbs.flatMap { $0.names })
      } else {
        break
      }
    }
    self.commands = commands
  }

  /// What stands before the arguments: `stocktake keys create`.
  var path: String { Self.path(commands) }

  private static func path(_ commands: [any ParsableCommand.Type]) -> String {
    commands.map { $0._commandName }.joined(separator: " ")
  }

  private static func failure(
    _ word: String, after commands: [any ParsableCommand.Type], among verbs: [String]
  ) -> CommandFailure {
    let path = path(commands)
    return CommandFailure(
      .usage,
      "\"\(path)\" has no verb \"\(word.onOneLine)\", see '\(path) --help'"
        + didYouMean(word, among: verbs))
  }
}

extension ParsableCommand {
  /// What it can be called.
  fileprivate static var names: [String] { [_commandName] + configuration.aliases }
}
