import ArgumentParser
import Inventory
import Questions

/// The command `stocktake rollup`.
struct RollUp: Asking {
  static let question = Question.rollup

  static let configuration = CommandConfiguration(
    commandName: "rollup",
    abstract: "Count the nodes that have each version of each item, at a date.",
    discussion: """
      One line for each item and version that any node has, by name and version.

      EXAMPLES
        stocktake rollup
        stocktake rollup --at 2026-03-01 --name "lib*"
        stocktake rollup --node "web-*" --tag Env=prod
        stocktake rollup --type AWS:Service --at yesterday --format csv
      """)

  @Option(help: "The valid time. Default: now.")
  var at: String?

  @Option(help: "The inventory type.")
  var type = TypeName.application.text

  @Option(help: ArgumentHelp("Only items whose name matches.", valueName: "glob"))
  var name: String?

  @Option(help: "Answer with what was recorded by this time only. Default: all.")
  var knownAt: String?

  @OptionGroup var nodes: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    ["type": type, "at": at, "name": name, "known-at": knownAt]
  }
}
