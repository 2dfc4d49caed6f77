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
        stocktake rollup --sort count --top 20 --nodes 3
        stocktake rollup --type AWS:Service --at yesterday --format csv
      """)

  @Option(help: .time("The valid time. Default: now."))
  var at: String?

  @Option(help: "The inventory type.", completion: .types)
  var type = TypeName.application.text

  @Option(
    help: ArgumentHelp("Only items whose name matches.", valueName: "glob"), completion: .items)
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Name up to so many nodes of each line. Default: the node of a line that has one.",
      valueName: "n"))
  var nodes: Int?

  @Option(
    help: ArgumentHelp(
      "By name, by nodes with the most first, or by version. Default: value.",
      valueName: "value|count|version"))
  var sort: String?

  @Option(
    help: ArgumentHelp("Only so many lines; how many more there are is said.", valueName: "n"))
  var top: Int?

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @OptionGroup var chosen: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var choice: NodeOptions? { chosen }

  var given: [String: String?] {
    [
      "type": type, "at": at, "name": name, "known-at": knownAt, "sort": sort,
      "nodes": nodes.map { String($0) }, "top": top.map { String($0) },
    ]
  }
}
