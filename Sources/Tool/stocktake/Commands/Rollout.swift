import ArgumentParser
import Inventory
import Questions

/// The command `stocktake rollout`.
struct Rollout: Asking {
  static let question = Question.rollout

  static let configuration = CommandConfiguration(
    abstract: "Show how versions of an item spread: nodes per version over time.",
    discussion: """
      Each mark of the picture is one moment; a dot means that no node had that version. All rows \
      share one scale.

      EXAMPLES
        stocktake rollout openssl --from 2026-03-01 --to 2026-04-01
        stocktake rollout openssl --from "30 days ago" --every 12h
        stocktake rollout openssl --from 2026-03-01 --format ndjson
      """)

  @Argument(help: "The item's name.", completion: .items)
  var name: String

  @Option(help: "The inventory type.", completion: .types)
  var type = TypeName.application.text

  @Option(help: .time("The first valid time."))
  var from: String

  @Option(help: .time("The last valid time. Default: now."))
  var to: String?

  @Option(
    help: ArgumentHelp(
      "The time between two steps: 1d, 6h, 15m. Default: what gives at most 60 steps.",
      valueName: "duration"))
  var every: String?

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @OptionGroup var nodes: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    [
      "name": name, "type": type, "from": from, "to": to, "every": every,
      "known-at": knownAt,
    ]
  }
}
