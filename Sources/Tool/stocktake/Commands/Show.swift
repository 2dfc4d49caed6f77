import ArgumentParser
import Inventory
import Questions

/// The command `stocktake show`.
struct Show: Asking {
  static let question = Question.state

  static let configuration = CommandConfiguration(
    abstract: "Show what a node has, now or at any time in the past.",
    discussion: """
      Without TYPE every type of the node is shown. The answer tells how well it is founded: when \
      it was observed, when the node last confirmed it, and when it was observed next. "unknown" \
      means that nothing was observed by then, which is not the same as nothing being there.

      EXAMPLES
        stocktake show web-1
        stocktake show web-1 AWS:Application --at 2026-03-03 --name 'openssl*'
        stocktake show web-1 Application --at "3 days ago" --known-at "2 days ago"
        stocktake show web-1 Application --at 2026-03-03 --sources
        stocktake show web-1 Application --format json
      """)

  @Argument(help: "The node.", completion: .nodes)
  var node: String

  @Argument(
    help: "The inventory type; Application is short for AWS:Application.", completion: .types)
  var type: String?

  @Option(help: .time("The valid time to show. Default: now."))
  var at: String?

  @Option(help: .time("Answer with what was recorded by this time only. Default: all."))
  var knownAt: String?

  @Option(
    help: ArgumentHelp(
      "Only items whose Name (else Id, else first identity) matches.", valueName: "glob"),
    completion: .items)
  var name: String?

  @Flag(
    help: "Also say what each source said of it (reports, imports), and where one contradicts.")
  var sources = false

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    if sources, output.format == .csv {
      throw ValidationError("--sources has no place in CSV; choose --format json or table")
    }
  }

  var given: [String: String?] {
    [
      "id": node, "type": type, "at": at, "known-at": knownAt, "name": name,
      "sources": sources ? "true" : nil,
    ]
  }
}
