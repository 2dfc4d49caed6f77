import AgentCommands
import ArgumentParser
import Inventory
import Terminal

/// The agent alone, for machines that need neither a store nor a server.
struct StocktakeAgent: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stocktake-agent",
    abstract: AgentCommand.abstract,
    discussion: AgentCommand.discussion(of: "stocktake-agent") + """


      COMPLETION
        stocktake-agent --generate-completion-script bash|zsh|fish

      EXIT STATUS  0 done, 1 not registered, 2 usage, 3 bad input, or something could not be collected or \
      was refused, 4 the server or the disk
      """,
    version: Release.described,
    subcommands: AgentCommand.verbs)
}

/// Runs the command line.
@main
enum Main {
  static func main() async {
    await StocktakeAgent.runProgram { error in
      switch error {
      case let error as ReportError: CommandFailure(.badInput, error.description)
      default: CommandFailure(ofAgent: error)
      }
    }
  }
}
