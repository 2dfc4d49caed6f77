import ArgumentParser
import Inventory
import Questions

/// The command `stocktake nodes`.
struct Nodes: Asking {
  static let question = Question.nodes

  static let configuration = CommandConfiguration(
    abstract: "List the nodes.",
    discussion: """
      EXAMPLES
        stocktake nodes
        stocktake nodes --node "web-*" --tag Env=prod
        stocktake nodes --silent 3d --sort lastSeen
        stocktake nodes --where "PlatformName=Debian*" --sort agentVersion --reverse
        stocktake nodes --all-scopes --format csv
      """)

  @Option(
    help: ArgumentHelp(
      "Only nodes that were not heard of for so long, and are not gone: 3d, 6h.",
      valueName: "duration"))
  var silent: String?

  @Option(
    help: ArgumentHelp(
      "In the order of a member of the JSON form: lastSeen, platform, agentVersion, ….",
      valueName: "member"))
  var sort: String?

  @Flag(help: "The other way round.")
  var reverse = false

  @OptionGroup var nodes: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    ["silent": silent, "sort": sort, "reverse": reverse ? "true" : nil]
  }
}
