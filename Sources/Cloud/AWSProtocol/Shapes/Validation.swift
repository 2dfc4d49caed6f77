package import JSONTape

/// Holds a request to its shape: wrong kinds are a SerializationException, broken constraints a
/// ValidationException that names all of them, in the words of AWS.
package struct Validation {
  private var violations: [String] = []
  /// Violations that are told; a request can break as many as it has members.
  private static let violationsMax = 10
  /// Characters of a value that a message repeats.
  private static let valueLengthMax = 200

  /// Checks a whole request.
  package static func check(_ input: JSONValue, _ shape: Shape) throws(AWSError) {
    var validation = Validation()
    try validation.check(input, shape, at: "")
    guard !validation.violations.isEmpty else { return }
    let count = validation.violations.count
    throw .validation(
      "\(count) validation error\(count == 1 ? "" : "s") detected: "
        + validation.violations.joined(separator: "; "))
  }

  private mutating func check(
    _ value: JSONValue, _ shape: Shape, at path: String
  ) throws(AWSError) {
    switch shape {
    case .string(let rule): check(try text(value, path), rule, path)
    case .integer(let min, let max):
      let number = try integer(value, path)
      if let min, number < min {
        violate(String(number), path, "have value greater than or equal to \(min)")
      }
      if let max, number > max {
        violate(String(number), path, "have value less than or equal to \(max)")
      }
    case .boolean:
      guard case .bool = value else { throw wrongKind("a boolean", path) }
    case .timestamp:
      guard Timestamp(value) != nil else { throw wrongKind("a timestamp", path) }
    case .list(let element, let min, let max):
      guard case .array(let values) = value else { throw wrongKind("a list", path) }
      check(count: values.count, min, max, path)
      for (index, value) in values.enumerated() where violations.count < Self.violationsMax {
        try check(value, element, at: "\(path).\(index + 1).member")
      }
    case .map(let key, let element, let min, let max):
      guard case .object(let members) = value else { throw wrongKind("a map", path) }
      check(count: members.count, min, max, path)
      for member in members where violations.count < Self.violationsMax {
        try check(.string(member.name), key, at: "\(path).key")
        try check(member.value, element, at: "\(path).\(member.name).member")
      }
    case .structure(let fields):
      guard case .object = value else { throw wrongKind("an object", path) }
      for field in fields {
        let inner =
          path.isEmpty ? Self.lowerFirst(field.name) : "\(path).\(Self.lowerFirst(field.name))"
        if let member = value[field.name] {
          try check(member, field.shape, at: inner)
        } else if field.isRequired {
          violate("null", inner, "not be null", isQuoted: false)
        }
      }
    case .recursive(let shape): try check(value, shape(), at: path)
    }
  }

  private mutating func check(_ text: String, _ rule: StringRule, _ path: String) {
    let length = text.unicodeScalars.count
    if length < rule.min {
      violate(text, path, "have length greater than or equal to \(rule.min)")
    }
    if let max = rule.max, length > max {
      violate(text, path, "have length less than or equal to \(max)")
    }
    if !rule.words.isEmpty, !rule.words.contains(text) {
      violate(text, path, "satisfy enum value set: [\(rule.words.joined(separator: ", "))]")
    }
    if let form = rule.form, !form.matches(text) {
      violate(text, path, "satisfy regular expression pattern: \(form.pattern)")
    }
  }

  private mutating func check(count: Int, _ min: Int, _ max: Int?, _ path: String) {
    if count < min {
      violate("\(count) members", path, "have length greater than or equal to \(min)")
    }
    if let max, count > max {
      violate("\(count) members", path, "have length less than or equal to \(max)")
    }
  }

  private mutating func violate(
    _ value: String, _ path: String, _ constraint: String, isQuoted: Bool = true
  ) {
    guard violations.count < Self.violationsMax else { return }
    let shown = value.count > Self.valueLengthMax ? value.prefix(Self.valueLengthMax) + "…" : value
    violations.append(
      "Value \(isQuoted ? "'\(shown)'" : shown) at '\(path)' failed to satisfy constraint: "
        + "Member must \(constraint)")
  }

  private func text(_ value: JSONValue, _ path: String) throws(AWSError) -> String {
    guard case .string(let text) = value else { throw wrongKind("a string", path) }
    return text
  }

  private func integer(_ value: JSONValue, _ path: String) throws(AWSError) -> Int64 {
    switch value {
    case .integer(let number): return number
    case .number(let number):
      guard let whole = Int64(exactly: number) else { throw wrongKind("an integer", path) }
      return whole
    default: throw wrongKind("an integer", path)
    }
  }

  private func wrongKind(_ kind: String, _ path: String) -> AWSError {
    .serialization(
      path.isEmpty ? "The request must be \(kind)." : "The member '\(path)' must be \(kind).")
  }

  private static func lowerFirst(_ name: String) -> String {
    name.prefix(1).lowercased() + name.dropFirst()
  }
}
