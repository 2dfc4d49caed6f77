import Questions
import ArgumentParser
import JSONTape

/// How an answer is written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case table, json, ndjson, csv
}

/// Writes a list of JSON objects in one of the formats for programs, one after another.
struct ListWriter {
  let printer: Printer
  let format: OutputFormat
  private let columns: FlatColumns
  private var count = 0

  /// Starts a list; `columns` are those of CSV.
  init(_ printer: Printer, _ format: OutputFormat, columns: FlatColumns) {
    self.printer = printer
    self.format = format
    self.columns = columns
    if format == .csv {
      var out: [UInt8] = []
      columns.appendNames(to: &out)
      printer.write(out)
    }
  }

  /// Writes one object.
  mutating func append(_ value: JSONValue) {
    var out: [UInt8] = []
    switch format {
    case .json:
      out += (count == 0 ? "[\n  " : ",\n  ").utf8
      value.write(to: &out, indent: 1)
    case .csv: columns.append(value, to: &out)
    case .ndjson, .table:
      value.write(to: &out)
      out.append(UInt8(ascii: "\n"))
    }
    printer.write(out)
    count += 1
  }

  /// Ends the list.
  func finish() {
    if format == .json { printer.line(count == 0 ? "[]" : "\n]") }
    printer.flush()
  }

  /// Writes a whole list.
  static func write(
    _ values: some Sequence<JSONValue>, to printer: Printer, as format: OutputFormat,
    columns: [String]
  ) {
    var list = ListWriter(printer, format, columns: FlatColumns(columns))
    for value in values { list.append(value) }
    list.finish()
  }
}
