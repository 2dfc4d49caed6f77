/// One thing on a node: attributes by name, values as text.
public struct Item: Hashable, Sendable {
  /// One attribute.
  public struct Attribute: Hashable, Sendable, Codable {
    /// Its name.
    public var name: String
    /// Its value.
    public var value: String

    /// Makes an attribute.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The attributes in order of their names' bytes, each name once.
  public private(set) var attributes: [Attribute]

  /// Takes attributes in any order; of a name given twice the last value counts.
  public init(_ values: some Sequence<(key: String, value: String)>) {
    var table: [String: String] = [:]
    for (name, value) in values { table[name] = value }
    attributes = table.map { Attribute(name: $0.key, value: $0.value) }
    attributes.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  package init(sorted attributes: [Attribute]) { self.attributes = attributes }

  /// The value of an attribute, or nil where the item has none of that name.
  public subscript(name: String) -> String? {
    get { attributes.first { $0.name == name }?.value }
    set {
      var table: [String: String] = [:]
      for attribute in attributes { table[attribute.name] = attribute.value }
      table[name] = newValue
      self = Item(table)
    }
  }
}

extension Item: ExpressibleByDictionaryLiteral {
  /// Makes an item from `["Name": "bash", …]`.
  public init(dictionaryLiteral elements: (String, String)...) {
    self.init(elements.map { (key: $0.0, value: $0.1) })
  }
}

/// What a node sends at once: for some types an observation, for some that nothing changed.
public struct Report: Sendable, Hashable {
  /// Where a report comes from.
  public enum Origin: Sendable, Hashable {
    /// The node said it.
    case reported
    /// It was worked out from old traces, such as a package manager's log.
    case imported(Source)
  }

  /// What an imported report was worked out from.
  public struct Source: Sendable, Hashable, Codable {
    /// Its name, such as `dpkg-log`: 1 to 64 small letters, digits and hyphens.
    public let name: String
    /// Whether it tells of every change between its first and its last observation, as a log does.
    ///
    /// Then an observation holds for it until its next one, and whoever says something else in between
    /// contradicts it. A copy of a state tells of its own moment alone.
    public let tellsEveryChange: Bool

    /// Characters of a name at most.
    public static let nameLengthMax = 64

    /// Makes a source; the name is the caller's own and has to be valid.
    public init(_ name: String, tellsEveryChange: Bool) {
      precondition(Self.isName(name), "\(name) is no name of a source")
      self.name = name
      self.tellsEveryChange = tellsEveryChange
    }

    /// Whether a text can be the name of a source.
    package static func isName(_ text: String) -> Bool {
      (1...nameLengthMax).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
          (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d
        }
    }
  }

  /// What a report says of one inventory type.
  public struct Entry: Sendable, Hashable {
    /// The type.
    public var type: TypeName
    /// The version of the type's schema, such as `1.0`.
    public var schemaVersion: String
    /// The valid time, in whole seconds.
    public var captureTime: Instant
    /// The node's own opaque tag for the content.
    public var contentHash: String?
    /// The whole content, in any order; nil says "unchanged since ``contentHash``".
    public var content: [Item]?

    /// An observation of all that a node has of one type; an empty content says it has none.
    public init(
      type: TypeName, schemaVersion: String = "1.0", captureTime: Instant,
      contentHash: String? = nil, content: [Item]
    ) {
      self.type = type
      self.schemaVersion = schemaVersion
      self.captureTime = captureTime
      self.contentHash = contentHash
      self.content = content
    }

    /// An unchanged statement: the content is still that of the hash accepted last.
    public init(
      type: TypeName, schemaVersion: String = "1.0", captureTime: Instant,
      unchangedSince contentHash: String
    ) {
      self.type = type
      self.schemaVersion = schemaVersion
      self.captureTime = captureTime
      self.contentHash = contentHash
      content = nil
    }
  }

  /// The node.
  public var node: NodeID
  /// One entry for each type, at least one.
  public var entries: [Entry]
  /// Where the report comes from.
  public var origin: Origin

  /// Makes a report.
  public init(node: NodeID, entries: [Entry], origin: Origin = .reported) {
    self.node = node
    self.entries = entries
    self.origin = origin
  }
}
