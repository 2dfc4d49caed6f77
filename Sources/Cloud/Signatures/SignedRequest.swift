import Crypto
import PlainText

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

  /// The forms of the query that a signature may be over: the canonical one, and the one that was sent.
  ///
  /// curl 7.88, which Debian 12 has, signs a query as it is given, in whatever order and spelling. That is what
  /// we read, so its signature is good for nothing else: a form that is not canonical stands for itself alone.
  var queriesSigned: [String] {
    let canonical = Self.canonical(query: query)
    return canonical == query ? [canonical] : [canonical, query]
  }

  /// The canonical request over some header fields, which are in order and in small letters.
  ///
  /// Source: AWS, "Signing AWS API requests: create a canonical request".
  func canonical(query: String, signing names: [String]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(1024)
    for part in [method, Self.canonical(path: path), query] {
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
    let joined = "/" + segments.map { percentEncoded($0.utf8) }.joined(separator: "/")
    return path.hasSuffix("/") ? joined + "/" : joined
  }

  /// The parameters, decoded and encoded anew, in order of names and then values.
  static func canonical(query: String) -> String {
    guard !query.isEmpty else { return "" }
    let pairs = query.split(separator: "&", omittingEmptySubsequences: true).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (
        name: percentEncoded(percentDecodedBytes(parts[0].utf8, plusIsBlank: false)),
        value: parts.count > 1
          ? percentEncoded(percentDecodedBytes(parts[1].utf8, plusIsBlank: false)) : ""
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
}
