/// A table whose rows are made as they are asked for.
///
/// SQLite calls it from the thread that runs the statement, and from no other.
package protocol VirtualTable: AnyObject {
  /// What the table is called.
  var name: String { get }
  /// Its columns, in order.
  var columns: [VirtualColumn] { get }
  /// How the table would answer under some conditions; nil where it cannot, so that the planner tries another
  /// order of its tables.
  func plan(_ request: PlanRequest) -> Plan?
  /// Begins a walk over the rows that fulfil the conditions of a plan.
  func rows(_ bounds: Bounds) throws -> any RowSource
}

/// A column of a virtual table.
package struct VirtualColumn: Sendable {
  /// How values are compared: as text, byte by byte, or as numbers.
  package enum Affinity: String, Sendable {
    case text = "TEXT"
    case integer = "INTEGER"
  }

  package let name: String
  package let affinity: Affinity
  /// Whether it is an argument of the table, `t('2026-03-03')`, and no part of `*`.
  package let isHidden: Bool

  package init(_ name: String, _ affinity: Affinity = .text, isHidden: Bool = false) {
    self.name = name
    self.affinity = affinity
    self.isHidden = isHidden
  }
}

/// How a condition compares a column with a value.
package enum Comparison: Character, Sendable {
  case equal = "="
  case greater = ">"
  case atLeast = "g"
  case less = "<"
  case atMost = "l"
  case like = "~"
  case glob = "*"
}

/// The conditions under which the planner would read a table.
package struct PlanRequest: Sendable {
  /// A condition on one column.
  package struct Condition: Sendable {
    package let column: Int
    package let comparison: Comparison
    /// Whether its value is there before the table is read.
    package let isUsable: Bool
    /// Whether it is a list of values, `x IN (…)`, that can be taken at once.
    package let isList: Bool
    /// The value, where the statement has it.
    package let constant: SQLValue?
  }

  /// Some of them; conditions of other kinds are left to SQLite.
  package let conditions: [Condition]
  /// The columns by which rows are to be in order.
  package let ordering: [(column: Int, isDescending: Bool)]
  /// One bit for each column that is looked at; the highest for all from the 63rd on.
  package let usedColumns: UInt64
}

/// How a table answers.
package struct Plan: Sendable {
  /// A condition that the table uses.
  package struct Use: Sendable {
    /// Its place in ``PlanRequest/conditions``.
    package let condition: Int
    /// Whether SQLite need not look again whether rows fulfil it.
    package let isExact: Bool
    /// Whether the table takes all values of a list at once; else it is asked once for each.
    package let takesList: Bool

    package init(_ condition: Int, isExact: Bool, takesList: Bool) {
      self.condition = condition
      self.isExact = isExact
      self.takesList = takesList
    }
  }

  package var uses: [Use] = []
  /// What it costs to find the rows, in rows of a scan.
  package var cost: Double
  /// How many rows that finds.
  package var rows: Int64
  /// Whether rows come in the order that is asked for.
  package var isOrdered = false
  /// What is read, in a few words for people.
  package var words: String

  package init(cost: Double, rows: Int64, words: String) {
    self.cost = cost
    self.rows = rows
    self.words = words
  }
}

/// The conditions of a plan with their values.
package struct Bounds: Sendable {
  /// A condition: one value, or those of a list.
  package struct Bound: Sendable {
    package let column: Int
    package let comparison: Comparison
    package let values: [SQLValue]
  }

  package let bounds: [Bound]
  /// See ``PlanRequest/usedColumns``.
  package let usedColumns: UInt64

  /// The values of which a column has to have one; nil where there is no such condition.
  package func values(of column: Int) -> [SQLValue]? {
    bounds.first { $0.column == column && $0.comparison == .equal }?.values
  }

  /// The value of an argument; nil where it is not given or NULL.
  package func argument(_ column: Int) -> SQLValue? {
    guard let value = values(of: column)?.first, value != .null else { return nil }
    return value
  }

  /// The value that a column is compared with.
  package func value(of column: Int, _ comparison: Comparison) -> SQLValue? {
    bounds.first { $0.column == column && $0.comparison == comparison }?.values.first
  }

  /// Whether a column is looked at.
  package func uses(_ column: Int) -> Bool { usedColumns & (1 << UInt64(min(column, 63))) != 0 }
}

/// A walk over rows; begins before the first.
package protocol RowSource: AnyObject {
  /// Goes to the next row; false where there is none.
  func next() throws -> Bool
  /// Hands over the value of a column of the row.
  func column(_ index: Int, to result: borrowing SQLResult) throws
}

/// Rows that are made beforehand: of small tables.
package final class MadeRows: RowSource {
  private let rows: [[SQLValue]]
  private var place = -1

  /// Takes the rows, each with a value for each column from the first on.
  package init(_ rows: [[SQLValue]]) { self.rows = rows }

  /// The next one.
  package func next() -> Bool {
    place += 1
    return place < rows.count
  }

  /// Its value; NULL where the row ends before the column.
  package func column(_ index: Int, to result: borrowing SQLResult) {
    let row = rows[place]
    index < row.count ? result.set(row[index]) : result.setNull()
  }
}
