import Times
import ArgumentParser
import HistoryStore
import Inventory

/// The command line.
struct Stocktake: AsyncParsableCommand {
  /// The version of the program.
  static let version = "0.2.0"

  static let configuration = CommandConfiguration(
    commandName: "stocktake",
    abstract: "An inventory that remembers everything it was ever told.",
    discussion: """
      EXAMPLES
        stocktake collect                          This machine's inventory
        stocktake import dpkg-log /var/log/dpkg.log*   And its past
        stocktake show NODE                        What is there now
        stocktake show NODE --at "3 days ago"      What was there then
        stocktake diff NODE --from yesterday       What is different since
        stocktake who-had openssl --at 2026-03-03  Which nodes had it

      TIMES  \(TimeParser.forms)

      COMPLETION
        stocktake --generate-completion-script bash|zsh|fish

      EXIT STATUS  0 found, 1 nothing found, 2 usage, 3 bad input, 4 store error
      """,
    version: version,
    groupedSubcommands: [
      CommandGroup(
        name: "Writing",
        subcommands: [Collect.self, Ingest.self, Import.self, Node.self, InventoryTypes.self]),
      CommandGroup(
        name: "Asking",
        subcommands: [
          Nodes.self, Types.self, Show.self, History.self, Diff.self, WhoHad.self, Rollout.self,
          RollUp.self, Changes.self,
        ]),
      CommandGroup(
        name: "Serving",
        subcommands: [Serve.self, Keys.self, Activations.self, AgentCommand.self, CollectNow.self]),
      CommandGroup(
        name: "Maintenance",
        subcommands: [
          Verify.self, Rebuild.self, Upgrade.self, Stats.self, Backup.self, Restore.self,
          Forget.self,
        ]),
    ])
}

/// Runs the command line and turns what it throws into one line and a status.
@main
enum Main {
  static func main() async {
    do {
      var command = try Stocktake.parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      exit(reporting: error)
    }
  }

  private static func exit(reporting error: any Error) -> Never {
    switch error {
    case let failure as CommandFailure: end(failure)
    case let error as StoreError: end(CommandFailure(error))
    case let error as ReportError: end(CommandFailure(.badInput, error.description))
    case let error as InputError: end(CommandFailure(.badInput, error.description))
    default: break
    }
    // Everything else is the parser's own: help, version, completion scripts and misuse.
    if Stocktake.exitCode(for: error).isSuccess {
      Stocktake.exit(withError: error)
    }
    guard Stocktake.exitCode(for: error) == .validationFailure else {
      end(CommandFailure(.storeError, Stocktake.message(for: error)))
    }
    var message = Stocktake.message(for: error)
    let advice = Stocktake.fullMessage(for: error).split(separator: "\n").last { line in
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
    Stocktake.exit(withError: ExitCode(failure.status.rawValue))
  }
}
