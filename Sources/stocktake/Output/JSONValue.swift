import Inventory

/// A JSON value whose members keep their order.
enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A name and its value.
  struct Member: Equatable, Sendable {
    var name: String
    var value: JSONValue

    init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// A text, or null.
  static func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

  /// RFC 3339 in UTC, or null.
  static func time(_ value: Instant?) -> JSONValue {
    value.map { .string($0.description) } ?? .null
  }

  /// A count.
  static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

  /// An item's attributes, or null.
  static func item(_ value: Item?) -> JSONValue {
    guard let value else { return .null }
    return .object(value.attributes.map { Member($0.name, .string($0.value)) })
  }

  /// Writes the value as JSON; `indent` nil for one line, else the depth of this value.
  func write(to out: inout [UInt8], indent: Int? = nil) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .integer(let value): out += String(value).utf8
    case .string(let value): Self.write(value, to: &out)
    case .array(let values):
      Self.writeGroup("[", "]", count: values.count, to: &out, indent: indent) { i, out, inner in
        values[i].write(to: &out, indent: inner)
      }
    case .object(let members):
      // Flat objects stay on one line: an item is easier to read as a row.
      let isFlat = members.allSatisfy { $0.value.isScalar }
      let depth = isFlat && (indent ?? 0) > 0 ? nil : indent
      Self.writeGroup("{", "}", count: members.count, to: &out, indent: depth) { i, out, inner in
        Self.write(members[i].name, to: &out)
        out += (indent == nil ? ":" : ": ").utf8
        members[i].value.write(to: &out, indent: inner)
      }
    }
  }

  /// The value on one line.
  var compact: String {
    var out: [UInt8] = []
    write(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func writeGroup(
    _ open: String, _ close: String, count: Int, to out: inout [UInt8], indent: Int?,
    _ body: (Int, inout [UInt8], Int?) -> Void
  ) {
    func newLine(_ depth: Int, _ out: inout [UInt8]) {
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
    out += open.utf8
    for i in 0..<count {
      if i > 0 { out.append(UInt8(ascii: ",")) }
      if let indent { newLine(indent + 1, &out) }
      body(i, &out, indent.map { $0 + 1 })
    }
    if let indent, count > 0 { newLine(indent, &out) }
    out += close.utf8
  }

  private static func write(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out += #"\""#.utf8
      case UInt8(ascii: "\\"): out += #"\\"#.utf8
      case 0x0a: out += #"\n"#.utf8
      case 0x0d: out += #"\r"#.utf8
      case 0x09: out += #"\t"#.utf8
      case 0..<0x20, 0x7f:
        let digits = Array("0123456789abcdef".utf8)
        out += #"\u00"#.utf8
        out.append(digits[Int(byte >> 4)])
        out.append(digits[Int(byte & 15)])
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
