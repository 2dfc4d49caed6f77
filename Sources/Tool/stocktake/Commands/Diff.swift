import ArgumentParser
import Inventory
import Questions

/// The command `stocktake diff`.
struct Diff: Asking {
  static let question = Question.diff

  static let configuration = CommandConfiguration(
    abstract: "Tell what differs: one node at two times, or two nodes at one time.",
    usage: """
      stocktake diff <node> --from <time> [--to <time>] [<options>]
      stocktake diff <node> <other-node> [--at <time>] [<options>]
      """,
    discussion: """
      EXAMPLES
        stocktake diff web-1 --from 2026-03-01 --to 2026-03-08
        stocktake diff web-1 --from "3 days ago" --type AWS:Application
        stocktake diff web-1 web-2
        stocktake diff web-1 web-2 --at 2026-03-03 --format json
        stocktake diff web-1 web-2 --type Application --ignore PackageId --ignore URL
      """)

  @Argument(help: "The node.", completion: .nodes)
  var node: String

  @Argument(help: "The node to compare it with.", completion: .nodes)
  var otherNode: String?

  @Option(help: .time("Compare the node's state at this valid time …"))
  var from: String?

  @Option(help: .time("… with its state at this one. Default: now."))
  var to: String?

  @Option(help: .time("Compare the two nodes at this valid time. Default: now."))
  var at: String?

  @Option(help: "Only this inventory type.", completion: .types)
  var type: String?

  @Flag(
    help: "Of two nodes: compare also what belongs to an item's occurrence, such as InstalledTime.")
  var occurrence = false

  @Option(
    help: ArgumentHelp(
      "Pass over this attribute; what identifies an item is never passed over.",
      valueName: "attribute"))
  var ignore: [String] = []

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var given: [String: String?] {
    [
      "id": node, "other": otherNode, "from": from, "to": to, "at": at, "type": type,
      "known-at": knownAt, "occurrence": occurrence ? "true" : nil,
    ]
  }

  var lists: [String: [String]] { ["ignore": ignore] }
}
