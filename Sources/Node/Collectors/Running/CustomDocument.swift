import Inventory
import JSONTape

/// One custom type in the agent's form: `{"TypeName", "SchemaVersion", "Content": {…} or [{…}, …]}`.
struct CustomDocument {
  let type: TypeName
  let schemaVersion: String
  let items: [Item]

  /// Reads a document; throws what is wrong with it.
  ///
  /// Values are texts; numbers and truth values are taken as they are written in JSON.
  init(parsing bytes: [UInt8]) throws {
    let document: JSONValue
    do { document = try JSONValue(parsing: bytes) } catch {
      throw CollectorError("it is not JSON: \(error)")
    }
    guard !document.members.isEmpty else {
      throw CollectorError("it is no JSON object with TypeName, SchemaVersion and Content")
    }
    guard let name = document["TypeName"]?.text, name.hasPrefix("Custom:") else {
      throw CollectorError("TypeName is a text that begins with Custom:")
    }
    do throws(ReportError) { type = try TypeName(name) } catch {
      throw CollectorError(error.message)
    }
    guard let version = document["SchemaVersion"]?.text else {
      throw CollectorError("SchemaVersion is a text like 1.0")
    }
    schemaVersion = version
    guard let content = document["Content"] else { throw CollectorError("Content is missing") }
    let rows = if case .array(let values) = content { values } else { [content] }
    items = try rows.enumerated().map { try Self.item($0.element, at: $0.offset) }
  }

  private static func item(_ row: JSONValue, at index: Int) throws -> Item {
    guard case .object(let members) = row else {
      throw CollectorError("item \(index) of Content is no object")
    }
    return Item(
      try members.map { member in
        switch member.value {
        case .string(let text): (key: member.name, value: text)
        case .integer, .number, .bool: (key: member.name, value: member.value.compact)
        default:
          throw CollectorError("item \(index), attribute \"\(member.name)\": a value is a text")
        }
      })
  }
}
