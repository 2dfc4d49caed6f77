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
        stocktake nodes --all-scopes --format csv
      """)

  @OptionGroup var nodes: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    [:]
  }
}
