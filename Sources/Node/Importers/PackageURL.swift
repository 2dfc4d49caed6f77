import Inventory
import PlainText

/// A package URL: `pkg:type/namespace/name@version?qualifiers#subpath`.
struct PackageURL: Hashable, Sendable {
  var type: String
  var namespace: String?
  var name: String
  var version: String?
  var qualifiers: [String: String] = [:]

  /// Reads a package URL; nil where it has no type or no name.
  init?(_ text: String) {
    guard text.utf8.count <= ReportLimits.default.attributeValueLengthMax,
      text.prefix(4).lowercased() == "pkg:"
    else { return nil }
    var rest = Substring(text.dropFirst(4)).drop { $0 == "/" }
    if let hash = rest.lastIndex(of: "#") { rest = rest[..<hash] }
    if let mark = rest.lastIndex(of: "?") {
      for pair in rest[rest.index(after: mark)...].split(separator: "&") {
        let sides = pair.split(separator: "=", maxSplits: 1)
        guard sides.count == 2 else { continue }
        qualifiers[sides[0].lowercased()] = Self.decoded(sides[1])
      }
      rest = rest[..<mark]
    }
    guard let slash = rest.firstIndex(of: "/"), slash > rest.startIndex else { return nil }
    type = rest[..<slash].lowercased()
    rest = rest[rest.index(after: slash)...]
    // An @ before the last slash is that of a scope which should have been encoded.
    if let at = rest.lastIndex(of: "@"), !rest[at...].contains("/"), at > rest.startIndex {
      version = Self.decoded(rest[rest.index(after: at)...])
      rest = rest[..<at]
    }
    let parts = rest.split(separator: "/").map(Self.decoded)
    guard let last = parts.last, !last.isEmpty else { return nil }
    name = last
    namespace = parts.count > 1 ? parts.dropLast().joined(separator: "/") : nil
    if version?.isEmpty == true { version = nil }
  }

  /// The type alone, of a text that need not be readable as a whole.
  static func type(of text: String) -> String? {
    guard text.prefix(4).lowercased() == "pkg:" else { return nil }
    let type = text.dropFirst(4).drop { $0 == "/" }.prefix { !"/@?#".contains($0) }
    return type.isEmpty ? nil : type.lowercased()
  }

  /// A text without percent signs; bytes that are no UTF-8 become U+FFFD.
  private static func decoded(_ text: Substring) -> String {
    String(decoding: percentDecodedBytes(text.utf8, plusIsBlank: false), as: UTF8.self)
  }
}
