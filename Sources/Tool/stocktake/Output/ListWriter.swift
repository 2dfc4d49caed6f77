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
  let columns: [String]
  private var count = 0

  /// Starts a list; `columns` are the CSV columns and name members of each object.
  init(_ printer: Printer, _ format: OutputFormat, columns: [String]) {
    self.printer = printer
    self.format = format
    self.columns = columns
    if format == .csv {
      var out: [UInt8] = []
      CSV.append(columns, to: &out)
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
    case .csv:
      var members: [String: JSONValue] = [:]
      if case .object(let list) = value { for m in list { members[m.name] = m.value } }
      CSV.append(columns.map { CSV.field(members[$0]) }, to: &out)
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
    var list = ListWriter(printer, format, columns: columns)
    for value in values { list.append(value) }
    list.finish()
  }
}
