import ArgumentParser
import HistoryStore

/// The command `stocktake rebuild`.
struct Rebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make every table anew from the event log.",
    discussion: """
      The log is the only truth; everything else follows from it. Use this when "stocktake verify" \
      finds a table that does not agree with the log.

      EXAMPLES
        stocktake rebuild
      """)

  @OptionGroup var store: StoreOptions

  func run() throws {
    let store = try store.openForWriting(createsIfMissing: false)
    let bar = ProgressBar()
    let count = try store.rebuild { done, total in
      bar.update(done, of: total, "\(grouped(done)) records")
    }
    bar.clear()
    print("replayed \(grouped(count)) records in \(oneDecimal(bar.elapsedSeconds)) s")
  }
}
