import HistoryStore
import Inventory
import SQLite

/// The items of one type as all nodes had them at a time: `aws_application`, `custom_rackinfo`.
///
/// Columns as Athena shows them: the attributes in lower case, then those that every row has.
final class StateTable: InventoryTable {
  let session: QuerySession
  let name: String
  let columns: [VirtualColumn]
  private let type: TypeName
  private let attributes: [String]
  /// The column by which items are found without looking at nodes; nil where there is none.
  private let key: String?
  private let numbers: Set<Int>
  private let occurrence: Set<String>

  /// What every row has behind its attributes.
  static let common = [
    "resourceid", "capturetime", "schemaversion", "accountid", "region", "resourcetype",
  ]

  /// - Parameters:
  ///   - attributes: those that were reported, beside those that are documented.
  ///   - identity: the attributes that identify an item, as they were found or declared.
  init(
    _ session: QuerySession, _ type: TypeName, name: String, attributes reported: [String],
    identity: [String]
  ) {
    self.session = session
    self.name = name
    self.type = type
    let definition = TypeDefinition.of(type)
    var seen: Set<String> = []
    var attributes: [String] = []
    var columns: [VirtualColumn] = []
    for attribute in definition.attributes + reported {
      let column = Self.column(attribute)
      guard seen.insert(column).inserted else { continue }
      attributes.append(attribute)
      let isNumber = definition.numbers.contains(attribute)
      columns.append(VirtualColumn(column, isNumber ? .integer : .text))
    }
    self.attributes = attributes
    numbers = Set(columns.indices.filter { columns[$0].affinity == .integer })
    self.columns = columns + Self.common.map { VirtualColumn($0) } + .moments
    occurrence = Set(definition.occurrenceAttributes.map(Self.column))
    // The identity of a custom type may have an attribute that differs only in case from another.
    key = identity.first.flatMap { first in
      attributes.contains(first) ? Self.column(first) : nil
    }
  }

  /// What an attribute is called here.
  static func column(_ attribute: String) -> String {
    let lower = attribute.lowercased()
    return common.contains(lower) || lower == "at" || lower == "known_at" ? "item_" + lower : lower
  }

  /// What a type is called here: its letters and digits in lower case.
  static func tableName(_ type: TypeName) -> String {
    String(type.text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  var indexed: [String: Set<Comparison>] {
    var indexed: [String: Set<Comparison>] = ["resourceid": [.equal]]
    if let key { indexed[key] = [.equal] }
    return indexed
  }

  func cost(_ found: Set<String>) -> Plan {
    let isNamed = key.map(found.contains) ?? false
    switch (found.contains("resourceid"), isNamed) {
    case (true, true):
      return Plan(cost: 3, rows: 1, words: "one node's items of a name, from their holders")
    case (true, false): return Plan(cost: 100, rows: 500, words: "the state of each node named")
    case (false, true): return Plan(cost: 1000, rows: 1000, words: "the holders of each name")
    case (false, false):
      return Plan(cost: 5_000_000, rows: 5_000_000, words: "the states of all nodes, one by one")
    }
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    let needsState =
      bounds.uses("capturetime") || bounds.uses("schemaversion")
      || occurrence.contains(where: bounds.uses)
    let items = try session.items(
      of: type, try session.moment(bounds), nodes: bounds.values("resourceid"),
      names: key.flatMap { bounds.texts($0) }, needsState: needsState)
    return StateRows(items, attributes, numbers, session.scope)
  }
}

/// Items as rows.
private final class StateRows: RowSource {
  private let items: any ItemWalk
  private let attributes: [String]
  private let numbers: Set<Int>
  private let scope: Scope
  private var bytes: [UInt8] = []

  init(_ items: any ItemWalk, _ attributes: [String], _ numbers: Set<Int>, _ scope: Scope) {
    self.items = items
    self.attributes = attributes
    self.numbers = numbers
    self.scope = scope
  }

  func next() throws -> Bool { try items.next() }

  func column(_ index: Int, to result: borrowing SQLResult) {
    guard index < attributes.count else { return common(index - attributes.count, to: result) }
    bytes.removeAll(keepingCapacity: true)
    guard items.appendValue(of: attributes[index], to: &bytes) else { return result.setNull() }
    if numbers.contains(index), let number = Int64(String(decoding: bytes, as: UTF8.self)) {
      return result.set(number)
    }
    result.set(utf8: bytes)
  }

  private func common(_ index: Int, to result: borrowing SQLResult) {
    switch index {
    case 0: result.set(utf8: Array(items.node.text.utf8))
    case 1: result.set(SQLValue(items.state.flatMap { $0.lastConfirmed ?? $0.observedAt }))
    case 2: result.set(SQLValue(items.state?.schemaVersion))
    case 3: result.set(.text(scope.account))
    case 4: result.set(.text(scope.region))
    case 5: result.set(.text("ManagedInstanceInventory"))
    default: result.setNull()
    }
  }
}
