import ArgumentParser
import Glibc
import HistoryStore
import Inventory
import JSONTape
import PlainText
import Questions
import Terminal

/// The command `stocktake verify`.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the log's chain of hashes, and every table against the log.",
    discussion: """
      The check runs in a process of its own, so that even a file that is damaged beyond reading \
      ends with a report. The status is 0 for a sound store and 4 for any damage.

      With --quick, every row is checked against the sums that are kept of all rows, and the log \
      against its chain of hashes, at the speed of reading: that finds whatever is not as it was \
      written. Without it, every table is also made again from the log and compared.

      EXAMPLES
        stocktake verify
        stocktake verify --quick
        stocktake verify --format json
      """)

  @Flag(help: "Check rows and the chain; do not make the tables again from the log.")
  var quick = false

  @Flag(help: .hidden)
  var inProcess = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    guard !inProcess else { return try check() }
    switch try ChildProcess.runThisProgram(adding: "--in-process") {
    case .exited(0): return
    case .exited(let status):
      throw CommandFailure.silent(ExitStatus(rawValue: status) ?? .storeError)
    case .signalled(SIGBUS) where StoreError.isDiskFull(at: try store.directory()):
      // A page of a mapped file that the disk has no room for is the same signal as one that it lost.
      throw CommandFailure(
        .storeError, "the disk of \(try store.directory()) is full, so the check cannot be made")
    case .signalled(let signal) where ChildProcess.crashes.contains(signal):
      throw CommandFailure(
        .storeError,
        """
        store \(try store.directory()) is damaged: reading it crashed (signal \(signal)); restore a \
        backup into an empty directory with "stocktake restore FILE --store DIR"
        """)
    case .signalled(let signal):
      throw CommandFailure(.storeError, "the check was stopped by signal \(signal)")
    }
  }

  private func check() throws {
    let store = try store.openForReading()
    let bar = ProgressBar()
    let result = try store.verify(quick ? .rows : .replay) { done, total in
      bar.update(done, of: total, "\(grouped(done)) of \(grouped(total)) records")
    }
    bar.clear()
    let printer = Printer()
    switch output.format {
    case .table: print(result, bar.elapsedSeconds, to: printer)
    case .csv:
      var out: [UInt8] = []
      CSV.append(["problem"], to: &out)
      for problem in result.problems { CSV.append([problem], to: &out) }
      printer.write(out)
    case .json, .ndjson:
      var out: [UInt8] = []
      json(result).write(to: &out, indent: output.format == .json ? 0 : nil)
      printer.write(out)
      printer.line()
    }
    printer.flush()
    guard result.isSound else {
      let count = result.problems.count
      throw CommandFailure(
        .storeError,
        """
        store \(try self.store.directory()) is damaged: \(counted(count, "problem")); "stocktake rebuild" mends tables, a damaged log \
        needs a backup
        """)
    }
  }

  private func json(_ result: Verification) -> JSONValue {
    .object([
      .init("sound", .bool(result.isSound)), .init("records", .count(result.records)),
      .init("rows", .count(result.rows)), .init("logByteCount", .count(result.logByteCount)),
      .init("problems", .array(result.problems.map { .string($0) })),
    ])
  }

  private func print(_ result: Verification, _ seconds: Double, to printer: Printer) {
    for problem in result.problems {
      printer.line(printer.styled("✗ ", .red) + problem.withoutControls)
    }
    let verdict = result.isSound ? printer.styled("sound", .green) : printer.styled("damaged", .red)
    printer.line(
      """
      \(verdict): \(grouped(result.records)) log records (\(byteText(result.logByteCount))) and \
      \(grouped(result.rows)) table rows checked in \(oneDecimal(seconds)) s
      """)
  }
}
