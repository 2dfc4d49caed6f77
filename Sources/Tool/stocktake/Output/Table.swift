import Questions
import PlainText

/// Aligned columns for people.
struct Table {
  /// One column.
  struct Column {
    var title: String
    var isRightAligned = false
    /// Whether it gives up width on a narrow terminal.
    var isElastic = true

    init(_ title: String, isRightAligned: Bool = false, isElastic: Bool = true) {
      self.title = title
      self.isRightAligned = isRightAligned
      self.isElastic = isElastic
    }
  }

  /// One cell.
  struct Cell: ExpressibleByStringLiteral {
    var text: String
    var style: Style?

    init(_ text: String, _ style: Style? = nil) {
      self.text = text.withoutControls
      self.style = style
    }

    init(stringLiteral text: String) { self.init(text) }
  }

  var columns: [Column]
  var rows: [[Cell]] = []
  /// Widths that columns have at least, so that pages of one list line up.
  var minimumWidths: [Int] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// The widths that the columns need.
  func naturalWidths() -> [Int] {
    var widths = columns.map(\.title.displayWidth)
    for (i, width) in minimumWidths.enumerated() where i < widths.count {
      widths[i] = max(widths[i], width)
    }
    for row in rows {
      for (i, cell) in row.enumerated() { widths[i] = max(widths[i], cell.text.displayWidth) }
    }
    return widths
  }

  /// Takes columns away from the right until the others have room to be read; returns their titles.
  mutating func dropColumns(toFit limit: Int?) -> [String] {
    guard let limit else { return [] }
    var dropped: [String] = []
    // What is longer than this can be cut and still be told apart.
    let readable = naturalWidths().map { min($0, 32) }
    while columns.count > 2, readable.prefix(columns.count).reduce(2 * columns.count, +) > limit {
      dropped.insert(columns.removeLast().title, at: 0)
      for i in rows.indices { rows[i].removeLast() }
    }
    return dropped
  }

  /// The widths cut down to a terminal's, the widest columns first.
  private func widths(fitting limit: Int?) -> [Int] {
    var widths = naturalWidths()
    guard let limit else { return widths }
    let gaps = 2 * max(0, widths.count - 1)
    while widths.reduce(gaps, +) > limit {
      let elastic = widths.indices.filter { columns[$0].isElastic && widths[$0] > 8 }
      guard let widest = elastic.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
    }
    return widths
  }

  /// Prints the table, with its titles unless told otherwise.
  func print(to printer: Printer, showsTitles: Bool = true) {
    let widths = widths(fitting: printer.width)
    if showsTitles {
      printRow(columns.map { Cell($0.title, .bold) }, widths, to: printer)
    }
    for row in rows { printRow(row, widths, to: printer) }
  }

  private func printRow(_ row: [Cell], _ widths: [Int], to printer: Printer) {
    var line = ""
    let last = row.lastIndex { !$0.text.isEmpty } ?? -1
    for (i, cell) in row.enumerated() where i <= last {
      let text = cell.text.cut(toWidth: widths[i])
      let padding = String(repeating: " ", count: max(0, widths[i] - text.displayWidth))
      if i > 0 { line += "  " }
      if columns[i].isRightAligned { line += padding }
      line += printer.styled(text, cell.style)
      if !columns[i].isRightAligned && i != last { line += padding }
    }
    printer.line(line)
  }
}

/// One mark per value, as high as the value is large; nothing at all is a dot.
func sparkline(_ values: [Int], max top: Int) -> String {
  let marks = Array("▁▂▃▄▅▆▇█")
  return String(
    values.map { value in
      guard value > 0, top > 0 else { return "·" }
      return marks[min(marks.count - 1, (value * marks.count - 1) / top)]
    })
}
