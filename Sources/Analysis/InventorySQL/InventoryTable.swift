import HistoryStore
import Inventory
import SQLite

/// A table of inventories: its columns by name, and which conditions on them it can use.
///
/// Columns that are arguments, such as `at`, take one value. A condition on one that the planner has no value for yet
/// makes the plan impossible, so that it tries another order of the tables: else the argument would be
/// passed over in silence.
protocol InventoryTable: VirtualTable {
  var session: QuerySession { get }
  /// The columns by which rows are found, and the comparisons that help there.
  var indexed: [String: Set<Comparison>] { get }
  /// What it costs to find the rows under conditions on some columns.
  func cost(_ found: Set<String>) -> Plan
  /// Begins a walk.
  func walk(_ bounds: NamedBounds) throws -> any RowSource
}

extension InventoryTable {
  func plan(_ request: PlanRequest) -> Plan? {
    var uses: [Plan.Use] = []
    var found: Set<String> = []
    var taken: Set<String> = []
    for (index, condition) in request.conditions.enumerated() {
      let column = columns[condition.column]
      let isEqual = condition.comparison == .equal
      if column.isHidden {
        guard isEqual else { continue }
        guard condition.isUsable else { return nil }
      } else {
        guard condition.isUsable, indexed[column.name]?.contains(condition.comparison) == true
        else { continue }
      }
      guard taken.insert(column.name + String(condition.comparison.rawValue)).inserted else {
        continue
      }
      found.insert(column.name)
      uses.append(
        Plan.Use(index, isExact: column.isHidden, takesList: isEqual && !column.isHidden))
    }
    var plan = cost(found)
    plan.uses = uses
    return plan
  }

  func rows(_ bounds: Bounds) throws -> any RowSource {
    // A condition that nothing fulfils: x = NULL.
    if bounds.bounds.contains(where: { bound in
      !columns[bound.column].isHidden && bound.values.allSatisfy { $0 == .null }
    }) {
      return MadeRows([])
    }
    let named = NamedBounds(bounds, columns)
    return ArgumentRows(try walk(named), bounds, columns)
  }

  func place(of column: String) -> Int { columns.firstIndex { $0.name == column } ?? 0 }
}

/// The conditions of a walk by the names of their columns.
struct NamedBounds {
  private let bounds: Bounds
  private let places: [String: Int]

  init(_ bounds: Bounds, _ columns: [VirtualColumn]) {
    self.bounds = bounds
    places = Dictionary(
      columns.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { a, _ in a })
  }

  /// The values of which a column has to have one, each once; nil where there is no such condition.
  func values(_ column: String) -> [SQLValue]? {
    guard let place = places[column], let values = bounds.values(of: place) else { return nil }
    var seen: Set<SQLValue> = []
    return values.filter { $0 != .null && seen.insert($0).inserted }
  }

  /// ``values(_:)`` as texts.
  func texts(_ column: String) -> [String]? { values(column)?.compactMap(\.asText) }

  /// The value of an argument; nil where it is not given.
  func argument(_ column: String) -> SQLValue? {
    places[column].flatMap { bounds.argument($0) }
  }

  /// The value that a column is compared with.
  func value(_ column: String, _ comparison: Comparison) -> SQLValue? {
    places[column].flatMap { bounds.value(of: $0, comparison) }
  }

  /// Whether a column is looked at.
  func uses(_ column: String) -> Bool { places[column].map { bounds.uses($0) } ?? false }
}

/// Rows whose arguments are told as they were given: SQLite compares them with what it asked for.
private final class ArgumentRows: RowSource {
  private let rows: any RowSource
  private var arguments: [Int: SQLValue] = [:]
  private let firstArgument: Int

  init(_ rows: any RowSource, _ bounds: Bounds, _ columns: [VirtualColumn]) {
    self.rows = rows
    firstArgument = columns.firstIndex(where: \.isHidden) ?? columns.count
    for bound in bounds.bounds where columns[bound.column].isHidden {
      arguments[bound.column] = bound.values.first
    }
  }

  func next() throws -> Bool { try rows.next() }

  func column(_ index: Int, to result: borrowing SQLResult) throws {
    guard index >= firstArgument else { return try rows.column(index, to: result) }
    result.set(arguments[index] ?? .null)
  }
}

extension [VirtualColumn] {
  /// The arguments that all tables of states have.
  static let moments = [
    VirtualColumn("at", isHidden: true), VirtualColumn("known_at", isHidden: true),
  ]
}

extension SQLValue {
  /// A time as all tables have it: ISO 8601 in UTC, which sorts as text.
  init(_ instant: Instant?) { self.init(instant?.description) }
}
