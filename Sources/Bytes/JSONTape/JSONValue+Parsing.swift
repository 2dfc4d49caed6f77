extension JSONValue {
  /// Reads a document that simdjson has parsed.
  ///
  /// Of members of one name the last counts, as it does in the SDKs of AWS. A tree of objects: for
  /// small documents, not for reports.
  package init(_ tape: borrowing Tape) {
    self.init(tape, at: 1)
  }

  /// Parses a document; it may be nested 32 levels deep.
  package init(parsing text: RawSpan) throws(JSONError) {
    let parser = TapeParser(maxDepth: Self.depthMax)
    try parser.parse(text)
    self.init(parser.tape)
  }

  /// The same, of an array's bytes.
  package init(parsing text: [UInt8]) throws(JSONError) {
    // Unsafe for elements with gaps between their fields, which a byte has not.
    try self.init(parsing: unsafe text.span.bytes)
  }

  /// The same, of a part of an array.
  package init(parsing text: ArraySlice<UInt8>) throws(JSONError) {
    try self.init(parsing: unsafe text.span.bytes)
  }

  /// How many levels deep a document may be nested.
  package static let depthMax = 32

  private init(_ tape: borrowing Tape, at position: Int) {
    switch tape.kind(position) {
    case .object: self = .object(Self.members(tape, from: position))
    case .array: self = .array(Self.elements(tape, from: position))
    case .string: self = .string(tape.text(position))
    case .signed: self = .integer(Int64(bitPattern: tape.number(position)))
    case .unsigned: self = .number(Double(tape.number(position)))
    case .double: self = .number(Double(bitPattern: tape.number(position)))
    case .true: self = .bool(true)
    case .false: self = .bool(false)
    case .null, .objectEnd, .arrayEnd, .root: self = .null
    }
  }

  private static func members(_ tape: borrowing Tape, from start: Int) -> [Member] {
    var members: [Member] = []
    let end = tape.after(start) - 1
    var position = start + 1
    while position < end {
      members.append(Member(tape.text(position), JSONValue(tape, at: position + 1)))
      position = tape.after(position + 1)
    }
    return members
  }

  private static func elements(_ tape: borrowing Tape, from start: Int) -> [JSONValue] {
    var values: [JSONValue] = []
    let end = tape.after(start) - 1
    var position = start + 1
    while position < end {
      values.append(JSONValue(tape, at: position))
      position = tape.after(position)
    }
    return values
  }

  /// The value of a member; nil where there is none, or where it is null.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    guard let value = members.last(where: { $0.name == name })?.value, value != .null else {
      return nil
    }
    return value
  }
}

extension Tape {
  /// The string at a position.
  fileprivate func text(_ position: Int) -> String {
    let bytes = string(position)
    return unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The bits of the number at a position.
  fileprivate func number(_ position: Int) -> UInt64 { words[position + 1] }
}
