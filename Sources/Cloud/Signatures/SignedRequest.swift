import Crypto

/// What Signature Version 4 looks at in a request.
package struct SignedRequest: Sendable {
  /// The method, in capitals.
  package var method: String
  /// The path as it was sent, still encoded.
  package var path: String
  /// What stands behind the `?`, as it was sent; empty for none.
  package var query: String
  /// The header fields as they were sent, in order; names in small letters.
  package var headers: [(name: String, value: String)]
  /// The SHA-256 of the body.
  package var bodyDigest: [UInt8]

  package init(
    method: String, path: String, query: String, headers: [(name: String, value: String)],
    bodyDigest: [UInt8]
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers.map { (name: Self.small($0.name), value: $0.value) }
    self.bodyDigest = bodyDigest
  }

  /// The first value of a header field; nil where it is absent.
  package func header(_ name: String) -> String? {
    headers.first { $0.name == name }?.value
  }

  /// A name in small letters; most are already.
  private static func small(_ name: String) -> String {
    name.utf8.contains { (0x41...0x5a).contains($0) || $0 >= 0x80 } ? name.lowercased() : name
  }

  /// The canonical request over some header fields, which are in order and in small letters.
  ///
  /// Source: AWS, "Signing AWS API requests: create a canonical request".
  func canonical(signing names: [String]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(1024)
    for part in [method, Self.canonical(path: path), Self.canonical(query: query)] {
      text += part.utf8
      text.append(0x0a)
    }
    for name in names {
      text += name.utf8
      text.append(UInt8(ascii: ":"))
      var isFirst = true
      for header in headers where header.name == name {
        if !isFirst { text.append(UInt8(ascii: ",")) }
        text += Self.collapsed(header.value).utf8
        isFirst = false
      }
      text.append(0x0a)
    }
    text.append(0x0a)
    for (index, name) in names.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ";")) }
      text += name.utf8
    }
    text.append(0x0a)
    text += Hex.digits(bodyDigest)
    return text
  }

  /// The path without `.`, `..` and empty segments, each segment encoded once more, as all services
  /// but S3 have it.
  static func canonical(path: String) -> String {
    if path == "/" { return path }
    var segments: [Substring] = []
    for segment in path.split(separator: "/") {
      switch segment {
      case ".": break
      case "..": _ = segments.popLast()
      default: segments.append(segment)
      }
    }
    guard !segments.isEmpty else { return "/" }
    let joined = "/" + segments.map { encoded($0.utf8) }.joined(separator: "/")
    return path.hasSuffix("/") ? joined + "/" : joined
  }

  /// The parameters, decoded and encoded anew, in order of names and then values.
  static func canonical(query: String) -> String {
    guard !query.isEmpty else { return "" }
    let pairs = query.split(separator: "&", omittingEmptySubsequences: true).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (
        name: encoded(decoded(parts[0])),
        value: parts.count > 1 ? encoded(decoded(parts[1])) : ""
      )
    }
    return pairs.sorted { ($0.name, $0.value) < ($1.name, $1.value) }
      .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
  }

  /// Without blanks at the ends; runs of blanks within as one.
  static func collapsed(_ value: String) -> String {
    if isCollapsed(value.utf8) { return value }
    return value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
  }

  /// Whether there is nothing to trim: no blank at an end or beside another, and no other white space.
  private static func isCollapsed(_ bytes: String.UTF8View) -> Bool {
    var last: UInt8 = 0x20
    for byte in bytes {
      if byte == 0x20 ? last == 0x20 : byte < 0x20 || byte >= 0x80 { return false }
      last = byte
    }
    return last != 0x20
  }

  private static func encoded(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "%" + Hex.text([byte]).uppercased()
      }
    }
    return text
  }

  private static func decoded(_ text: Substring) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = Hex.bytes(rest.prefix(2)), value.count == 1 {
        bytes.append(value[0])
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return bytes
  }
}

/// Bytes as hexadecimal digits.
enum Hex {
  private static let alphabet = Array("0123456789abcdef".utf8)

  static func text(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: digits(bytes), as: UTF8.self)
  }

  static func digits(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.underestimatedCount)
    for byte in bytes {
      text.append(alphabet[Int(byte >> 4)])
      text.append(alphabet[Int(byte & 15)])
    }
    return text
  }

  /// Nil where the text is not an even number of digits.
  static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in text {
      guard let value = value(digit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil ? bytes : nil
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
