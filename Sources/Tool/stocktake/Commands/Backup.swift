import ArgumentParser
import Glibc
import HistoryStore
import Inventory
import Terminal

/// The command `stocktake backup`.
struct Backup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copy the store into one compact file while others read and write it.",
    discussion: """
      Given a directory, the file in it is named after the time in UTC. The file is a snapshot: \
      what is recorded while it is written is not in it.

      EXAMPLES
        stocktake backup /backup/
        stocktake backup stocktake-before-upgrade.backup
      """)

  @Argument(help: "A new file, or a directory for it.", completion: .file())
  var destination: String

  @OptionGroup var store: StoreOptions

  func run() throws {
    var file = destination
    var status = stat()
    if unsafe stat(destination, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw CommandFailure(
          .badInput, "\(destination) is there already; name a new file, or remove it")
      }
      let stamp = Instant(seconds: Instant.now.seconds).description
        .filter { $0 != "-" && $0 != ":" }
      file += (file.hasSuffix("/") ? "" : "/") + "stocktake-\(stamp).backup"
    }
    try store.openForReading().backup(to: file)
    print(file)
  }
}

/// The command `stocktake restore`.
struct Restore: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a store from a backup; the store's directory must hold none.",
    discussion: """
      EXAMPLES
        stocktake restore stocktake-20260303T090000Z.backup --store restored
      """)

  @Argument(help: "The backup.", completion: .file())
  var file: String

  @OptionGroup var store: StoreOptions

  func run() throws {
    guard unsafe access(file, R_OK) == 0 else {
      throw CommandFailure(.badInput, unsafe "\(file): \(String(cString: strerror(errno)))")
    }
    let directory = try store.directory()
    try HistoryStore.restore(from: file, to: directory)
    print("restored \(file) to \(directory)")
  }
}
