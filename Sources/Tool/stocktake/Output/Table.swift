import PlainText
import Questions

/// Aligned columns for people.
///
/// In a pipe each line says all, however long it is. On a terminal what is the same in all rows is told once
/// above, and where there is no room columns that can be spared are left out, names are cut in the middle,
/// and what carries the answer goes on in the next line: see ``TableLayout``.
struct Table {
  /// One column.
  struct Column {
    var title: String
    var isRightAligned = false
    /// Whether its cells may be cut in the middle where there is no room; else they go on in the next line.
    var isElastic = true
    /// Columns that its cells have at least where there is no room.
    var leastWidth: Int
    /// Whether it is told once, above the table, where all rows say the same.
    var isShared = false
    /// How soon it is left out where there is no room, the lowest first; nil for what has to stay.
    var spare: Int?
    /// The title over cells in their short form; nil for the same.
    var shortTitle: String?
    /// Columns that it has at least in any case, so that pages of one list line up.
    var minimumWidth = 0

    /// - Parameter least: columns of cells that are cut or wrapped at least; nil for 24 where they are cut,
    ///   and for all that they need where they are not.
    init(
      _ title: String, isRightAligned: Bool = false, isElastic: Bool = true, least: Int? = nil
    ) {
      self.title = title
      self.isRightAligned = isRightAligned
      self.isElastic = isElastic
      leastWidth = least ?? (isElastic ? 24 : .max)
    }

    /// The same, told once where all rows say the same.
    var shared: Column {
      var column = self
      column.isShared = true
      return column
    }

    /// The same, left out where there is no room; the lowest rank first.
    func spared(_ rank: Int) -> Column {
      var column = self
      column.spare = rank
      return column
    }
  }

  /// One cell.
  struct Cell: ExpressibleByStringLiteral {
    var text: String
    var style: Style?
    /// A form that says the same in fewer columns; nil where there is none.
    var short: String?

    init(_ text: String, _ style: Style? = nil, short: String? = nil) {
      self.text = text.withoutControls
      self.style = style
      self.short = short?.withoutControls
    }

    init(stringLiteral text: String) { self.init(text) }
  }

  var columns: [Column]
  var rows: [[Cell]] = []
  /// What is told above the rows on a terminal: of what, and what.
  var facts: [(name: String, value: String)] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// The widths that the columns need.
  func naturalWidths() -> [Int] {
    var widths = columns.map { max($0.title.displayWidth, $0.minimumWidth) }
    for row in rows {
      for (i, cell) in row.enumerated() { widths[i] = max(widths[i], cell.text.displayWidth) }
    }
    return widths
  }

  /// Prints the table, with its titles unless told otherwise.
  func print(to printer: Printer, showsTitles: Bool = true) {
    var table = self
    if let width = printer.width {
      table.takeShared()
      table.printFacts(to: printer, width)
    }
    table.layout(for: printer).print(to: printer, showsTitles: showsTitles)
  }

  /// Where everything goes.
  func layout(for printer: Printer) -> TableLayout {
    printer.width.map { TableLayout(self, fitting: $0) } ?? TableLayout(self)
  }

  /// Makes facts of columns in which all rows say the same.
  mutating func takeShared() {
    guard let first = rows.first, rows.count > 1 else { return }
    let start = facts.count
    for i in columns.indices.reversed() where columns[i].isShared && columns.count > 1 {
      guard rows.allSatisfy({ $0[i].text == first[i].text }) else { continue }
      if !first[i].text.isEmpty {
        let title = columns[i].title
        let name = title == title.uppercased() ? title.lowercased() : title
        facts.insert((name, first[i].text), at: start)
      }
      remove(column: i)
    }
  }

  mutating func remove(column: Int) {
    columns.remove(at: column)
    for i in rows.indices { rows[i].remove(at: column) }
  }

  /// Takes the short forms of cells that have one.
  mutating func shorten() {
    for i in columns.indices { columns[i].title = columns[i].shortTitle ?? columns[i].title }
    for i in rows.indices {
      for j in rows[i].indices { rows[i][j].text = rows[i][j].short ?? rows[i][j].text }
    }
  }

  private func printFacts(to printer: Printer, _ width: Int) {
    guard !facts.isEmpty else { return }
    let text = facts.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    for line in text.withoutControls.wrapped(toWidth: width) {
      printer.line(printer.styled(line, .faint))
    }
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
