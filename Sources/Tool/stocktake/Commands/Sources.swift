import ArgumentParser
import Inventory
import Questions

/// The command `stocktake sources`.
struct Sources: Asking {
  static let question = Question.sources

  static let configuration = CommandConfiguration(
    abstract: "Show which sources a node's packages were built from.",
    discussion: """
      Flaws are published by source. A node that does not tell of sources (its agent cannot, or its \
      past was imported from a log) is answered for by what others of the same platform said of the \
      same versions; what nobody said is not known, and is shown so.

      EXAMPLES
        stocktake sources web-1
        stocktake sources web-1 --name 'libssl*' --at 2026-03-03
        stocktake sources web-1 --format csv
      """)

  @Argument(help: "The node.", completion: .nodes)
  var node: String

  @Option(help: .time("The valid time to show. Default: now."))
  var at: String?

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @Option(
    help: ArgumentHelp("Only packages whose Name matches.", valueName: "glob"), completion: .items)
  var name: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var given: [String: String?] {
    ["id": node, "at": at, "known-at": knownAt, "name": name]
  }
}
