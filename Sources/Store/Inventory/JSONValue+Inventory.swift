package import JSONTape

extension JSONValue {
  /// RFC 3339 in UTC, or null.
  package static func time(_ value: Instant?) -> JSONValue {
    value.map { .string($0.description) } ?? .null
  }

  /// An item's attributes, or null.
  package static func item(_ value: Item?) -> JSONValue {
    guard let value else { return .null }
    return .object(value.attributes.map { Member($0.name, .string($0.value)) })
  }
}
