/// A JSON value whose members keep their order.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  /// JSON text that is known to be sound, written as it is.
  case raw([UInt8])
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A name and its value.
  package struct Member: Equatable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// A text, or null.
  package static func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }

  /// A count, or null.
  package static func count(_ value: Int?) -> JSONValue {
    value.map { .integer(Int64($0)) } ?? .null
  }

  /// Writes the value as JSON; `indent` nil for one line, else the depth of this value.
  package func write(to out: inout [UInt8], indent: Int? = nil) {
    write(to: &out, Layout(indent: indent, isSpaced: indent != nil))
  }

  /// How much air there is between the parts.
  private struct Layout {
    /// The depth, where each part has its own line.
    var indent: Int?
    /// Whether blanks follow colons and commas.
    var isSpaced: Bool

    var inner: Layout { Layout(indent: indent.map { $0 + 1 }, isSpaced: isSpaced) }
  }

  private func write(to out: inout [UInt8], _ layout: Layout) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .integer(let value): out += String(value).utf8
    case .number(let value): out += Self.text(of: value).utf8
    case .string(let value): Self.write(value, to: &out)
    case .raw(let text): out += text
    case .array(let values):
      Self.writeGroup("[", "]", count: values.count, to: &out, layout) { i, out, inner in
        values[i].write(to: &out, inner)
      }
    case .object(let members):
      // Flat objects stay on one line: an item is easier to read as a row.
      let isFlat = members.allSatisfy { $0.value.isScalar }
      var layout = layout
      if isFlat, (layout.indent ?? 0) > 0 { layout.indent = nil }
      Self.writeGroup("{", "}", count: members.count, to: &out, layout) { i, out, inner in
        Self.write(members[i].name, to: &out)
        out += (layout.isSpaced ? ": " : ":").utf8
        members[i].value.write(to: &out, inner)
      }
    }
  }

  /// A number as JSON writes it; one that JSON cannot write becomes null.
  private static func text(of number: Double) -> String {
    if let whole = Int64(exactly: number) { return String(whole) }
    return number.isFinite ? "\(number)" : "null"
  }

  /// The value on one line.
  package var compact: String {
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
    _ open: String, _ close: String, count: Int, to out: inout [UInt8], _ layout: Layout,
    _ body: (Int, inout [UInt8], Layout) -> Void
  ) {
    func newLine(_ depth: Int, _ out: inout [UInt8]) {
      out.append(UInt8(ascii: "\n"))
      out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
    out += open.utf8
    for i in 0..<count {
      if i > 0 { out += (layout.isSpaced && layout.indent == nil ? ", " : ",").utf8 }
      if let indent = layout.indent { newLine(indent + 1, &out) }
      body(i, &out, layout.inner)
    }
    if let indent = layout.indent, count > 0 { newLine(indent, &out) }
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
