import ArgumentParser
import HistoryStore
import JSONTape
import PlainText
import Questions

/// The command `stocktake stats`.
struct Stats: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell how large the store is, and of what.",
    discussion: """
      EXAMPLES
        stocktake stats
        stocktake stats --format json
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let statistics = try store.openForReading().statistics()
    let printer = Printer()
    switch output.format {
    case .table: print(statistics, to: printer)
    case .json:
      var out: [UInt8] = []
      statistics.json.write(to: &out, indent: 0)
      printer.write(out)
      printer.line()
    case .ndjson: printer.line(statistics.json.compact)
    case .csv:
      var out: [UInt8] = []
      CSV.append(["name", "rows", "byteCount"], to: &out)
      for table in statistics.tables {
        CSV.append([table.name, String(table.rows), String(table.byteCount)], to: &out)
      }
      printer.write(out)
    }
    printer.flush()
  }

  private func print(_ statistics: Statistics, to printer: Printer) {
    var facts = Table([.init("WHAT"), .init("COUNT", isRightAligned: true)])
    for (name, value) in [
      ("format", String(statistics.format)), ("store id", statistics.id?.description ?? "none"),
      ("log records", grouped(statistics.records)),
      ("change events", grouped(statistics.changeEvents)),
      ("nodes", grouped(statistics.nodes)), ("types", grouped(statistics.types)),
      ("distinct contents", grouped(statistics.contents)),
      ("live pages", byteText(statistics.liveByteCount)),
      ("file", byteText(statistics.fileByteCount)),
    ] { facts.rows.append([.init(name), .init(value)]) }
    if statistics.changeEvents > 0 {
      let each = Double(statistics.liveByteCount) / Double(statistics.changeEvents)
      facts.rows.append(["live bytes per change", .init(oneDecimal(each))])
    }
    facts.print(to: printer)
    printer.line()
    var table = Table([
      .init("TABLE"), .init("ROWS", isRightAligned: true), .init("SIZE", isRightAligned: true),
    ])
    for row in statistics.tables {
      table.rows.append([
        .init(row.name), .init(grouped(row.rows)), .init(byteText(row.byteCount)),
      ])
    }
    table.print(to: printer)
  }
}
