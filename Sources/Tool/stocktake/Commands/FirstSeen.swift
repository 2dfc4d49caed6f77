import ArgumentParser
import Inventory
import Questions

/// The command `stocktake first-seen`.
struct FirstSeen: Asking {
  static let question = Question.firstSeen

  static let configuration = CommandConfiguration(
    commandName: "first-seen",
    abstract: "Tell when an item, and each version of it, was first in the fleet, and where.",
    discussion: """
      What a node had when it was first observed can have been there before: such a time is marked.

      EXAMPLES
        stocktake first-seen xz-utils
        stocktake first-seen "linux-image-*" --version ">=6.1"
        stocktake first-seen sshd AWS:Service --where "PlatformName=Debian*"
        stocktake first-seen openssl --known-at 2026-03-03 --format csv
      """)

  @Argument(help: "The item's name, or a pattern such as 'lib*'.")
  var name: String

  @Argument(help: "The inventory type. Default: AWS:Application.", completion: .types)
  var type: String?

  @Option(help: "Only this version, or those before or behind it: '<3.0.11-1', '>=2'.")
  var version: String?

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @OptionGroup var nodes: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    ["name": name, "type": type, "version": version, "known-at": knownAt]
  }
}
