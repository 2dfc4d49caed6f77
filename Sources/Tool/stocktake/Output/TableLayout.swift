import PlainText

/// Where the cells of a table go.
///
/// A row has a line, or several where a terminal is too narrow: what comes after the first is indented. Of all ways to leave out what can be spared the one with the
/// fewest lines is taken, and of those the one that leaves out least.
struct TableLayout {
  /// The table as it is shown: short, and without what is left out.
  private(set) var table: Table
  /// Titles of what is left out.
  private(set) var hidden: [String] = []
  /// The columns of each line.
  private var lines: [[Int]]
  private var widths: [Int]
  /// Columns of the terminal; nil where there is no end.
  private let limit: Int?

  private static let gap = "  "
  private static let indent = "    "
  /// Rows that are looked at to choose the columns.
  private static let triedMax = 1000

  /// Everything in one line.
  init(_ table: Table) {
    self.table = table
    limit = nil
    lines = [Array(table.columns.indices)]
    widths = table.naturalWidths()
  }

  /// What is best for a terminal.
  init(_ table: Table, fitting limit: Int) {
    self.init(table, limit)
    guard lines.count > 1 || isWiderThan(limit) else { return }
    var short = table
    short.shorten()
    var best = TableLayout(short, limit)
    var count = best.lineCount
    var tried = best
    while let next = tried.sparing {
      tried = next
      // A column is worth more than a line now and then.
      if tried.lineCount * 10 < count * 9 { (best, count) = (tried, tried.lineCount) }
    }
    self = best
  }

  private init(_ table: Table, _ limit: Int) {
    self.table = table
    self.limit = limit
    let natural = table.naturalWidths()
    let least = zip(natural, table.columns).map { min($0, $1.leastWidth) }
    let (loose, tight) = (Self.lines(natural, limit), Self.lines(least, limit))
    lines = tight.count < loose.count ? tight : loose
    widths = natural
    for (index, line) in lines.enumerated() { fit(line, least, index == 0 ? limit : limit - 4) }
  }

  /// The same without the column that can be spared first; nil where none can.
  private var sparing: TableLayout? {
    guard let limit else { return nil }
    let columns = table.columns.indices.filter { table.columns[$0].spare != nil }
    let first = columns.min { table.columns[$0].spare ?? 0 < table.columns[$1].spare ?? 0 }
    guard let first, table.columns.count > 1 else { return nil }
    var fewer = table
    fewer.remove(column: first)
    var layout = TableLayout(fewer, limit)
    layout.hidden = [table.columns[first].title] + hidden
    return layout
  }

  /// The columns in lines, as many in each as fit.
  private static func lines(_ widths: [Int], _ limit: Int) -> [[Int]] {
    var lines: [[Int]] = []
    var left = 0
    for (i, width) in widths.enumerated() {
      if lines.isEmpty || width + gap.count > left {
        left = (lines.isEmpty ? limit : limit - indent.count) - width
        lines.append([i])
      } else {
        left -= width + gap.count
        lines[lines.count - 1].append(i)
      }
    }
    return lines
  }

  private func isWiderThan(_ limit: Int) -> Bool {
    lines[0].map { widths[$0] }.reduce(Self.gap.count * (lines[0].count - 1), +) > limit
      || lines[0].contains { table.naturalWidths()[$0] > widths[$0] }
  }

  /// Takes width away, the widest first, until a line fits.
  private mutating func fit(_ line: [Int], _ least: [Int], _ limit: Int) {
    let gaps = Self.gap.count * (line.count - 1)
    while line.map({ widths[$0] }).reduce(gaps, +) > limit {
      let elastic = line.filter { widths[$0] > least[$0] }
      // What is wider than the terminal by itself is wrapped.
      let candidates = elastic.isEmpty ? line.filter { widths[$0] > 8 } : elastic
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { return }
      widths[widest] -= 1
    }
  }

  /// Lines that the rows take, of those that are looked at.
  private var lineCount: Int {
    table.rows.prefix(Self.triedMax).reduce(0) { $0 + texts(of: $1).count }
  }

  // MARK: Printing

  /// The titles, line by line: layouts in which they are the same have one form.
  var titles: [[String]] { lines.map { line in line.map { table.columns[$0].title } } }

  /// Prints the rows, below the titles unless told otherwise.
  func print(to printer: Printer, showsTitles: Bool) {
    if showsTitles { print(table.columns.map { Table.Cell($0.title, .bold) }, to: printer) }
    for row in table.rows { print(row, to: printer) }
    guard !hidden.isEmpty, showsTitles, let limit else { return }
    let text = "not shown for want of room: \(hidden.joined(separator: ", ")); --format csv has all"
    for line in text.wrapped(toWidth: limit) { printer.line(printer.styled(line, .faint)) }
  }

  private func print(_ row: [Table.Cell], to printer: Printer) {
    for line in texts(of: row, styled: printer.styled) { printer.line(line) }
  }

  /// The lines of a row.
  private func texts(
    of row: [Table.Cell], styled: (String, Style?) -> String = { text, _ in text }
  ) -> [String] {
    let first = parts(of: row, lines[0], styled)
    let rest = lines.dropFirst().joined().filter { !row[$0].text.isEmpty }
    guard !rest.isEmpty else { return first.map(\.text) }
    // One column that belongs on a line of its own stands behind the first where it fits.
    let start = lines[0].reduce(0) { $0 + widths[$1] + Self.gap.count }
    if lines.count == 2, lines[1].count == 1, first.count == 1, let limit,
      start + row[rest[0]].text.displayWidth <= limit
    {
      let blanks = String(repeating: " ", count: start - first[0].width)
      return [first[0].text + blanks + styled(row[rest[0]].text, row[rest[0]].style)]
    }
    return first.map(\.text)
      + lines.dropFirst().flatMap { line in
        parts(of: row, line, styled).filter { $0.width > 0 }.map { Self.indent + $0.text }
      }
  }

  /// The cells of some columns side by side, in as many lines as the highest has.
  private func parts(
    of row: [Table.Cell], _ line: [Int], _ styled: (String, Style?) -> String
  ) -> [(text: String, width: Int)] {
    let cells = line.map { i in
      table.columns[i].isElastic
        ? [row[i].text.cutInMiddle(toWidth: widths[i])] : row[i].text.wrapped(toWidth: widths[i])
    }
    return (0..<(cells.map(\.count).max() ?? 0)).map { height in
      var (text, width) = ("", 0)
      for (at, i) in line.enumerated() where height < cells[at].count {
        let part = cells[at][height]
        guard !part.isEmpty else { continue }
        // Where the column begins, or ends.
        var start = line.prefix(at).reduce(0) { $0 + widths[$1] + Self.gap.count }
        if table.columns[i].isRightAligned { start += max(0, widths[i] - part.displayWidth) }
        text += String(repeating: " ", count: max(0, start - width)) + styled(part, row[i].style)
        width = start + part.displayWidth
      }
      return (text, width)
    }
  }
}
