package import HistoryStore
package import Inventory
package import SQLite

/// A query in SQL over the inventories of a scope, at any time.
///
/// All that it reads is of one snapshot. It may sort, group and join, and never writes.
package struct InventoryQuery: Sendable {
  /// The statement: one SELECT.
  package var sql: String
  /// Values of `:name`, `@name` and `$name`.
  package var named: [String: SQLValue] = [:]
  /// Values of `?`, in order.
  package var positional: [SQLValue] = []
  /// The valid time that tables answer for unless they are told another; nil for now.
  package var at: Instant?
  /// Only what was recorded by this time counts, unless a table is told another; nil for all.
  package var knownAt: Instant?
  /// Rows that are enough; nil for all.
  package var rowsMax: Int?
  package var limits = SQLLimits()

  package init(_ sql: String) { self.sql = sql }

  /// What is known of an answer beside its rows.
  package struct End: Sendable {
    package var rowCount = 0
    /// Whether there were more rows than are enough.
    package var isTruncated = false
    /// The log record that everything was known through.
    package var sequence: SequenceNumber
  }

  /// Asks a store about a scope; hands over the names of the columns, then each row.
  ///
  /// Runs on the calling thread until the last row, within ``SQLLimits/timeMax``. Throws ``SQLError``, the store's
  /// own errors, and what the closures throw.
  ///
  /// - Parameters:
  ///   - isStopped: asked now and then whether it is to stop.
  ///   - row: whether there is room for the row; else the answer ends before it.
  @available(*, noasync)
  package func run(
    on store: HistoryStore, _ scope: Scope, now: Instant = .now,
    isStopped: @escaping @Sendable () -> Bool = { false }, columns: ([String]) throws -> Void,
    row: ([SQLValue]) throws -> Bool
  ) throws -> End {
    let session = try QuerySession(store, scope, at: at, knownAt: knownAt, now: now)
    let engine = try SQLEngine(limits: limits, isStopped: isStopped)
    for table in Self.tables(session) { engine.add(table) }
    for function in Functions.scalar(now: now) { engine.add(function) }
    for aggregate in Functions.aggregates { engine.add(aggregate) }
    let statement = try SQLStatement(sql, on: engine)
    try bind(statement)
    // What fails before its first row answers nothing, not even the names of columns.
    var isRow = try statement.step()
    try columns(Self.unique(statement.columns))
    var end = End(sequence: session.sequence)
    while isRow {
      if let rowsMax, end.rowCount >= rowsMax {
        end.isTruncated = true
        break
      }
      guard try row(statement.row) else {
        end.isTruncated = true
        break
      }
      end.rowCount += 1
      isRow = try statement.step()
    }
    return end
  }

  /// Names that are there twice get a number, so that a row can be an object.
  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.map { name in
      var unique = name
      var number = 2
      while !seen.insert(unique).inserted {
        unique = "\(name)_\(number)"
        number += 1
      }
      return unique
    }
  }

  private func bind(_ statement: SQLStatement) throws(SQLError) {
    var rest = positional[...]
    var unused = Set(named.keys)
    for (index, parameter) in statement.parameters.enumerated() {
      let name = parameter.map { String($0.dropFirst()) }
      let value: SQLValue?
      if let name, Int(name) == nil {
        value = named[name]
        unused.remove(name)
        guard value != nil else {
          throw SQLError(.parameter, "the parameter \(name) has no value")
        }
      } else {
        value = rest.popFirst()
        guard value != nil else {
          throw SQLError(
            .parameter,
            "the statement has more question marks than the \(positional.count) values given")
        }
      }
      statement.bind(value ?? .null, to: index + 1)
    }
    if let name = unused.sorted().first {
      throw SQLError(.parameter, "the statement has no parameter :\(name)")
    }
    guard rest.isEmpty else {
      throw SQLError(
        .parameter,
        "there are \(positional.count) values, more than the statement has question marks")
    }
  }

  /// All tables; a type whose name would be that of another table goes without one of its own.
  static func tables(_ session: QuerySession) -> [any InventoryTable] {
    var tables: [any InventoryTable] = [
      ItemTable(session), NodeTable(session), TagTable(session), CoverageTable(session),
      ChangeTable(session, .timelines), ChangeTable(session, .log), HolderTable(session),
      RollupTable(session), RolloutTable(session),
      DiffTable(session, .times), DiffTable(session, .nodes), DateTable(session),
      TypeTable(session),
    ]
    var names = Set(tables.map(\.name))
    func add(_ type: TypeName, _ attributes: [String], _ identity: [String]) {
      let name = StateTable.tableName(type)
      guard names.insert(name).inserted else { return }
      tables.append(
        StateTable(session, type, name: name, attributes: attributes, identity: identity))
    }
    for type in session.types { add(type.type, type.attributes, type.identity) }
    // What AWS documents is there before anything is reported of it.
    let reported = Set(session.types.map(\.type))
    for type in TypeDefinition.builtIn.values where !reported.contains(type.name) {
      var identity: [String] = []
      if case .attributes(let names) = type.identity { identity = names }
      add(type.name, [], identity)
    }
    return tables + SchemaTable.all(session, tables)
  }
}
