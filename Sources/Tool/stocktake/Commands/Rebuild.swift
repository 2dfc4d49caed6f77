import ArgumentParser
import HistoryStore
import PlainText
import Terminal

/// The command `stocktake rebuild`.
struct Rebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make every table anew from the event log.",
    discussion: """
      The log is the only truth; everything else follows from it. Use this when "stocktake verify" \
      finds a table that does not agree with the log, or rows whose sums do not fit. It says what it \
      mended; the status is 4 where something is left that cannot be made from the log.

      EXAMPLES
        stocktake rebuild
      """)

  @OptionGroup var store: StoreOptions

  func run() throws {
    let store = try store.openForWriting(createsIfMissing: false)
    let bar = ProgressBar()
    let result = try store.rebuild { done, total in
      bar.update(done, of: total, "\(grouped(done)) records")
    }
    bar.clear()
    print("replayed \(grouped(result.records)) records in \(oneDecimal(bar.elapsedSeconds)) s")
    for sentence in result.mended { print("mended: \(sentence)") }
    for sentence in result.unmended { print("not mended: \(sentence)") }
    guard result.unmended.isEmpty else {
      throw CommandFailure(
        .storeError, "\(counted(result.unmended.count, "thing")) could not be made from the log")
    }
  }
}
