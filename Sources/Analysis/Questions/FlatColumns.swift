import Inventory
package import JSONTape
import Times

/// The columns of a list as CSV: each a plain value, and all of them known before the first row.
///
/// A member that is an item has a column for each attribute, `old.Version`: those that were ever seen of the
/// types that the question is about, so that rows can be written as they come. What comes up later, while a
/// list is being followed, is JSON in the last column, ``moreName``.
package struct FlatColumns: Sendable {
  private struct Group: Sendable {
    var name: String
    /// The members that have columns of their own; nil for a plain value.
    var members: [String]?
  }

  private let groups: [Group]

  /// The column for what has none of its own; there where a member is an item.
  package static let moreName = "more"

  /// Plain values.
  package init(_ names: [String]) { groups = names.map { Group(name: $0) } }

  init(_ columns: [ColumnDescription], names: (ColumnDescription) -> [String]?) {
    groups = columns.map { Group(name: $0.name, members: names($0)) }
  }

  /// The names of the columns, in order.
  package var names: [String] {
    groups.flatMap { group in group.members?.map { "\(group.name).\($0)" } ?? [group.name] }
      + (hasMore ? [Self.moreName] : [])
  }

  private var hasMore: Bool { groups.contains { $0.members != nil } }

  /// The fields of a row, which is an object.
  package func fields(_ row: JSONValue) -> [String] {
    var values: [String: JSONValue] = [:]
    for member in row.members { values[member.name] = member.value }
    var fields: [String] = []
    var more: [JSONValue.Member] = []
    for group in groups {
      guard let names = group.members else {
        fields.append(CSV.field(values[group.name]))
        continue
      }
      var left: [String: JSONValue] = [:]
      for member in values[group.name]?.members ?? [] { left[member.name] = member.value }
      fields += names.map { CSV.field(left.removeValue(forKey: $0)) }
      more += left.sorted { $0.key < $1.key }.map { .init("\(group.name).\($0.key)", $0.value) }
    }
    if hasMore { fields.append(more.isEmpty ? "" : JSONValue.object(more).compact) }
    return fields
  }

  /// Appends the record of the names.
  package func appendNames(to out: inout [UInt8]) { CSV.append(names, to: &out) }

  /// Appends the record of a row.
  package func append(_ row: JSONValue, to out: inout [UInt8]) {
    CSV.append(fields(row), to: &out)
  }
}

extension Question {
  /// Whether the columns of CSV are known only when all rows are.
  package var needsRowsForColumns: Bool {
    columns.contains { if case .map = $0.kind { true } else { false } }
  }
}

extension QuestionSource {
  /// The columns of a question's answer as CSV.
  ///
  /// Costs the list of types, where members are items.
  ///
  /// - Parameter rows: the answer, where ``Question/needsRowsForColumns``.
  package func flatColumns(
    of question: Question, _ arguments: Arguments, rows: [JSONValue] = []
  ) throws -> FlatColumns {
    let hasItems = question.columns.contains { $0.items != nil }
    let types = hasItems ? try types(arguments) : []
    return FlatColumns(question.columns) { column in
      switch column.kind {
      case .item(let attributes):
        types.reduce(into: []) { names, row in
          for name in attributes.names(of: row) where !names.contains(name) { names.append(name) }
        }
      case .map:
        rows.reduce(into: []) { names, row in
          for member in row[column.name]?.members ?? [] where !names.contains(member.name) {
            names.append(member.name)
          }
        }
      default: nil
      }
    }
  }

  /// The rows of the types that a question is about.
  private func types(_ arguments: Arguments) throws -> [JSONValue] {
    let reading = Arguments.Reading(times: TimeParser(zone: .utc, now: arguments.now))
    let all = try ask(.types, try Arguments(.types, [:] as [String: String], reading)).rows
    guard let type = arguments.type else { return all }
    return all.filter { $0["type"]?.text == type.text }
  }
}

extension ColumnDescription {
  /// Of an item which attributes it has; nil for what is none.
  fileprivate var items: Attributes? {
    if case .item(let attributes) = kind { attributes } else { nil }
  }
}

extension ColumnDescription.Attributes {
  /// The attributes that items have, by a row of the list of types.
  fileprivate func names(of row: JSONValue) -> [String] {
    let type = TypeName(stored: row["type"]?.text ?? "")
    let definition = TypeDefinition.of(type)
    let all = StateAnswer.ordered(row["attributes"]?.texts ?? [], of: type)
    switch self {
    case .all: return all
    case .shared: return all.filter { !definition.occurrenceAttributes.contains($0) }
    case .identifying:
      let identity = row["identity"]?.texts ?? []
      return !identity.isEmpty ? identity : definition.identity == .singleton ? [] : all
    }
  }
}
