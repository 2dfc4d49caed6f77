import ArgumentParser
import Inventory
import Questions

/// The command `stocktake who-had`.
struct WhoHad: Asking {
  static let question = Question.holders

  static let configuration = CommandConfiguration(
    commandName: "who-had",
    abstract: "Tell which nodes had an item, in which version, from when to when.",
    discussion: """
      With --from and --to every holding that overlaps the range is listed; a holding that still \
      lasts has no end.

      EXAMPLES
        stocktake who-had openssl
        stocktake who-had xz-utils --version 5.6.1-1 --from 2024-03 --to 2024-04
        stocktake who-had openssl --version '<3.0.11-1~deb12u2'
        stocktake who-had "python3*" --where "PlatformName=Debian*" --stale 7d
        stocktake who-had log4j --node "web-*" --tag Env=prod --known-at 2026-03-03
        stocktake who-had sshd --type AWS:Service --at "yesterday 09:00" --format csv
      """)

  @Argument(help: "The item's name, or a pattern such as 'lib*'.", completion: .items)
  var name: String

  @Option(help: "The inventory type.", completion: .types)
  var type = TypeName.application.text

  @Option(help: "Only this version, or those before or behind it: '<3.0.11-1', '>=2'.")
  var version: String?

  @Option(help: .time("The valid time. Default: now."))
  var at: String?

  @Option(help: .time("Every holding after this valid time …"))
  var from: String?

  @Option(help: .time("… and before this one. Default: now."))
  var to: String?

  @Option(
    help: ArgumentHelp(
      "Mark what was not confirmed for so long before the time asked about: 7d, 12h.",
      valueName: "duration"))
  var stale: String?

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @OptionGroup var nodes: NodeOptions
  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var choice: NodeOptions? { nodes }

  var given: [String: String?] {
    [
      "name": name, "type": type, "version": version, "at": at, "from": from, "to": to,
      "known-at": knownAt, "stale": stale,
    ]
  }
}
