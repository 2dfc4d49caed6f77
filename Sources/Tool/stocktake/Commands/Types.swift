import ArgumentParser
import Inventory
import Questions

/// The command `stocktake types`.
struct Types: Asking {
  static let question = Question.types

  static let configuration = CommandConfiguration(
    abstract: "List the inventory types that were reported, and what is known of each.",
    discussion: """
      EXAMPLES
        stocktake types
        stocktake types --format json
      """)

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  var given: [String: String?] {
    [:]
  }
}
