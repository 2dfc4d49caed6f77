package import JSONTape

/// Comma-separated values as RFC 4180 has them: CRLF, quotes where needed, quotes doubled.
package enum CSV {
  /// Appends one record.
  package static func append(_ fields: some Sequence<String>, to out: inout [UInt8]) {
    var isFirst = true
    for field in fields {
      if !isFirst { out.append(UInt8(ascii: ",")) }
      isFirst = false
      if field.utf8.contains(where: { $0 == 0x22 || $0 == 0x2c || $0 == 0x0a || $0 == 0x0d }) {
        out.append(0x22)
        for byte in field.utf8 {
          if byte == 0x22 { out.append(0x22) }
          out.append(byte)
        }
        out.append(0x22)
      } else {
        out += field.utf8
      }
    }
    out += "\r\n".utf8
  }

  /// A value as a field: texts as they are, lists of them with semicolons, null as nothing, and what is
  /// nested deeper as JSON.
  package static func field(_ value: JSONValue?) -> String {
    switch value {
    case nil, .null: return ""
    case .string(let text): return text
    case .some(let other):
      let texts = other.texts
      if case .array(let elements) = other, texts.count == elements.count {
        return texts.joined(separator: ";")
      }
      return other.compact
    }
  }
}
