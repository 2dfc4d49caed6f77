import ArgumentParser
import HistoryStore
import Terminal

/// The command `stocktake upgrade`.
struct Upgrade: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Bring the store's file to the newest format.",
    discussion: """
      A store of an older format is read and written as it is; what came with a newer one is not there. \
      Programs of before cannot open the store afterwards, so make a backup first, and end the server: a \
      store that another process has open is not upgraded. It takes one short transaction; a store of the \
      newest format is left alone.

      EXAMPLES
        stocktake backup before-upgrade.lmdb && stocktake upgrade
        stocktake upgrade --check      Only say which format it has
      """)

  @Flag(help: "Only say what would be done; the status is 1 where there is nothing to do.")
  var check = false

  @OptionGroup var store: StoreOptions

  func run() throws {
    let newest = HistoryStore.newestFormat
    if check {
      let format = try store.openForReading().format
      guard format < newest else {
        print("the store has format \(format), the newest: there is nothing to do")
        throw CommandFailure.silent(.nothingFound)
      }
      return print("the store has format \(format), and would get \(newest)")
    }
    let path = try store.directory()
    do throws(StoreError) {
      let done = try HistoryStore.upgrade(path: path)
      print(
        done.from == done.to
          ? "the store has format \(done.to), the newest: there was nothing to do"
          : "the store had format \(done.from) and has \(done.to)")
    } catch { throw CommandFailure(.storeError, "store \(path): \(error)") }
  }
}
