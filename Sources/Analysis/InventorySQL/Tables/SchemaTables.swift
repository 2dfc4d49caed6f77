import HistoryStore
import Inventory
import JSONTape
import SQLite

/// `types`: the inventory types, and the tables they are.
final class TypeTable: InventoryTable {
  let session: QuerySession
  let name = "types"
  let columns =
    ["type", "table_name", "versions", "attributes", "identity"].map { VirtualColumn($0) }
    + [VirtualColumn("nodes", .integer), VirtualColumn("deleted")]
  let indexed: [String: Set<Comparison>] = [:]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan { Plan(cost: 50, rows: 50, words: "the catalogue") }

  func walk(_ bounds: NamedBounds) -> any RowSource {
    func list(_ texts: [String]) -> SQLValue {
      .text(JSONValue.array(texts.map { .string($0) }).compact)
    }
    return MadeRows(
      session.types.map { type in
        [
          .text(type.type.text), .text(StateTable.tableName(type.type)), list(type.versions),
          list(type.attributes), list(type.identity), .integer(Int64(type.nodeCount)),
          SQLValue(type.deleted),
        ]
      })
  }
}

/// `information_schema.tables` and `.columns`, as programs ask for them.
final class SchemaTable: InventoryTable {
  let session: QuerySession
  let name: String
  let columns: [VirtualColumn]
  let indexed: [String: Set<Comparison>] = [:]
  private let made: [[SQLValue]]

  private init(_ session: QuerySession, _ name: String, _ columns: [String], _ made: [[SQLValue]]) {
    self.session = session
    self.name = name
    self.columns = columns.map {
      VirtualColumn($0, $0 == "ordinal_position" ? .integer : .text)
    }
    self.made = made
  }

  /// Both, for some tables.
  static func all(_ session: QuerySession, _ tables: [any InventoryTable]) -> [SchemaTable] {
    let catalog = SQLValue.text("awsdatacatalog")
    let schema = SQLValue.text("ssminventory")
    let sorted = tables.sorted { $0.name < $1.name }
    return [
      SchemaTable(
        session, "tables", ["table_catalog", "table_schema", "table_name", "table_type"],
        sorted.map { [catalog, schema, .text($0.name), .text("BASE TABLE")] }),
      SchemaTable(
        session, "columns",
        [
          "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position",
          "data_type",
        ],
        sorted.flatMap { table in
          table.columns.enumerated().map { index, column in
            [
              catalog, schema, .text(table.name), .text(column.name), .integer(Int64(index + 1)),
              .text(column.affinity == .integer ? "bigint" : "varchar"),
            ]
          }
        }),
      SchemaTable(
        session, "schemata", ["catalog_name", "schema_name"], [[catalog, schema]]),
    ]
  }

  func cost(_ found: Set<String>) -> Plan { Plan(cost: 100, rows: 500, words: "the catalogue") }

  func walk(_ bounds: NamedBounds) -> any RowSource { MadeRows(made) }
}
