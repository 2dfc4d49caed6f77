/// Why a document cannot be read, or does not say what it should.
package struct YAMLFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The number of the line, beginning with 1.
  package var line: Int
  /// Where in the document, such as `files.rules.0`; empty for the whole of it.
  package var place: String
  /// A few words.
  package var reason: String

  /// `line 7, files.rules.0: "patterns" is missing`.
  package var description: String {
    "line \(line)" + (place.isEmpty ? "" : ", \(place)") + ": \(reason)"
  }
}

/// A value in a YAML document, and where it stands.
///
/// What a text without quotation marks means (`yes`, `10`, `~`) is decided by what it is read as, so that
/// a name that looks like a number is a name where names are wanted.
package struct YAMLNode: Sendable {
  enum Value: Sendable {
    case text(String, isPlain: Bool)
    case list([YAMLNode])
    case mapping([(key: String, value: YAMLNode)])
  }

  let value: Value
  let line: Int
  let place: String

  /// Whether it is nothing: no text at all, `~` or `null`.
  package var isNull: Bool {
    if case .text(let text, isPlain: true) = value {
      return ["", "~", "null", "Null", "NULL"].contains(text)
    }
    return false
  }

  /// A fault of this value.
  package func fault(_ reason: String) -> YAMLFault {
    YAMLFault(line: line, place: place, reason: reason)
  }

  /// The text, whatever it looks like.
  package func text() throws(YAMLFault) -> String {
    guard case .text(let text, _) = value, !isNull else { throw fault("it is no text") }
    return text
  }

  /// One of the words of YAML 1.1: `true`, `yes` and `on`, `false`, `no` and `off`.
  package func flag() throws(YAMLFault) -> Bool {
    if case .text(let text, isPlain: true) = value {
      if ["true", "yes", "on"].contains(text.lowercased()) { return true }
      if ["false", "no", "off"].contains(text.lowercased()) { return false }
    }
    throw fault("it is neither true nor false")
  }

  /// A number.
  package func number() throws(YAMLFault) -> Double {
    guard case .text(let text, isPlain: true) = value, text.utf8.allSatisfy(Self.isOfNumber),
      let number = Double(text), number.isFinite
    else { throw fault("it is no number") }
    return number
  }

  /// Whether a byte can be in a number: Swift reads `0x1p3` and `nan` too.
  private static func isOfNumber(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || "+-.eE".utf8.contains(byte)
  }

  /// A whole number.
  package func whole() throws(YAMLFault) -> Int {
    guard case .text(let text, isPlain: true) = value, let whole = Int(text) else {
      throw fault("it is no whole number")
    }
    return whole
  }

  /// The values of a list.
  package func list() throws(YAMLFault) -> [YAMLNode] {
    guard case .list(let nodes) = value else { throw fault("it is no list") }
    return nodes
  }

  /// The texts of a list.
  package func texts() throws(YAMLFault) -> [String] {
    var texts: [String] = []
    for node in try list() { texts.append(try node.text()) }
    return texts
  }

  /// A mapping that has no other keys than those named.
  package func mapping(of keys: [String]) throws(YAMLFault) -> YAMLMapping {
    guard case .mapping(let members) = value else {
      throw fault("it is no mapping with keys such as \(keys[0])")
    }
    var values: [String: YAMLNode] = [:]
    for (key, value) in members {
      guard keys.contains(key) else {
        throw YAMLFault(
          line: value.line, place: place,
          reason: "\"\(key)\" is none of \(keys.joined(separator: ", "))")
      }
      guard values.updateValue(value, forKey: key) == nil else {
        throw YAMLFault(line: value.line, place: place, reason: "\"\(key)\" is there twice")
      }
    }
    return YAMLMapping(node: self, values: values)
  }
}

/// The values of a mapping by their keys.
package struct YAMLMapping: Sendable {
  private let node: YAMLNode
  private let values: [String: YAMLNode]

  init(node: YAMLNode, values: [String: YAMLNode]) {
    self.node = node
    self.values = values
  }

  /// The value of a key; nil where it is not there, or nothing.
  package subscript(key: String) -> YAMLNode? {
    values[key].flatMap { $0.isNull ? nil : $0 }
  }

  /// The value of a key that has to be there.
  package func needed(_ key: String) throws(YAMLFault) -> YAMLNode {
    guard let value = self[key] else { throw node.fault("\"\(key)\" is missing") }
    return value
  }
}
