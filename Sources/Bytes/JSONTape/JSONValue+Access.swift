// What a value is, for readers that take nothing else.

extension JSONValue {
  /// The string; nil where it is none.
  package var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The whole number; nil where it is none.
  package var whole: Int? {
    switch self {
    case .integer(let number): Int(exactly: number)
    case .number(let number): Int(exactly: number)
    default: nil
    }
  }

  /// The values of an array; none where it is no array.
  package var elements: [JSONValue] {
    guard case .array(let values) = self else { return [] }
    return values
  }

  /// The members of an object; none where it is no object.
  package var members: [Member] {
    guard case .object(let members) = self else { return [] }
    return members
  }

  /// The strings of an array.
  package var texts: [String] { elements.compactMap(\.text) }
}
