package import JSONTape

/// A column of an answer: what a member of each row's JSON object is called, is, and means.
package struct ColumnDescription: Sendable {
  /// What a value is.
  package enum Kind: Sendable {
    case text, time, integer, flag
    /// An item, or those of its attributes.
    case item(Attributes)
    /// Names and their values: tags, counts by version.
    case map
    /// A list of texts.
    case texts
    /// A list of objects of a form that OpenAPI's document has under this name.
    case list(String)
  }

  /// Which attributes of an item there are.
  package enum Attributes: Sendable {
    case all, identifying
    /// Without what differs from node to node.
    case shared
  }

  /// The name of the member, and of the column of CSV, or what those of its members begin with.
  package let name: String
  package let kind: Kind
  /// One sentence.
  package let meaning: String
  /// What it means that there is no value; nil where there always is one.
  package let null: String?

  package init(name: String, kind: Kind, meaning: String, null: String?) {
    self.name = name
    self.kind = kind
    self.meaning = meaning
    self.null = null
  }
}

/// A column with the value that it takes from a row as the store has it.
package struct Column<Row>: Sendable {
  let description: ColumnDescription
  let value: @Sendable (Row) -> JSONValue

  init(
    _ name: String, _ kind: ColumnDescription.Kind, _ meaning: String, null: String? = nil,
    _ value: @escaping @Sendable (Row) -> JSONValue
  ) {
    description = ColumnDescription(name: name, kind: kind, meaning: meaning, null: null)
    self.value = value
  }
}

extension [ColumnDescription] {
  /// The names, in order.
  package var names: [String] { map(\.name) }
}

/// The columns of one kind of row.
package struct Columns<Row>: Sendable {
  private let columns: [Column<Row>]

  init(_ columns: [Column<Row>]) { self.columns = columns }

  /// What the columns are called and mean, in order.
  package var descriptions: [ColumnDescription] { columns.map(\.description) }

  /// A row as the members of its JSON object, in order.
  package func members(_ row: Row) -> [JSONValue.Member] {
    columns.map { JSONValue.Member($0.description.name, $0.value(row)) }
  }

  /// A row as its JSON object.
  package func object(_ row: Row) -> JSONValue { .object(members(row)) }
}
