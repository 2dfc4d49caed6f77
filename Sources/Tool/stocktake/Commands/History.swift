import ArgumentParser
import Inventory
import Questions

/// The command `stocktake history`.
struct History: Asking {
  static let question = Question.history

  static let configuration = CommandConfiguration(
    abstract: "Tell what changed on a node, oldest first.",
    discussion: """
      EXAMPLES
        stocktake history web-1
        stocktake history web-1 AWS:Application --name 'openssl*'
        stocktake history web-1 --from 2026-03-01 --to 2026-04-01 --format ndjson
      """)

  @Argument(help: "The node.", completion: .nodes)
  var node: String

  @Argument(help: "The inventory type. Default: all.", completion: .types)
  var type: String?

  @Option(
    help: ArgumentHelp(
      "Only items whose Name (else Id, else first identity) matches.", valueName: "glob"),
    completion: .items)
  var name: String?

  @Option(help: .time("Only changes at or after this valid time."))
  var from: String?

  @Option(help: .time("Only changes before this valid time."))
  var to: String?

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var given: [String: String?] {
    ["id": node, "type": type, "from": from, "to": to, "known-at": knownAt, "name": name]
  }
}
