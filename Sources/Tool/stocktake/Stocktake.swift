import AgentCommands
import ArgumentParser
import HistoryStore
import Inventory
import Terminal
import Times

/// The command line.
struct Stocktake: AsyncParsableCommand {
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
    version: Release.described,
    groupedSubcommands: [
      CommandGroup(
        name: "Writing",
        subcommands: [Collect.self, Ingest.self, Import.self, Node.self, InventoryTypes.self]),
      CommandGroup(
        name: "Asking",
        subcommands: [
          Nodes.self, Types.self, Show.self, History.self, Diff.self, Sources.self,
          WhoHad.self, FirstSeen.self, Rollout.self, RollUp.self, Changes.self, SQL.self,
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

/// Runs the command line.
@main
enum Main {
  static func main() async {
    await Stocktake.runProgram { error in
      switch error {
      case let error as StoreError: CommandFailure(error)
      case let error as ReportError: CommandFailure(.badInput, error.description)
      case let error as InputError: CommandFailure(.badInput, error.description)
      default: CommandFailure(ofAgent: error)
      }
    }
  }
}
