/// What an operator says of a node, as names and values: its observation of AWS:Tag.
///
/// The command line, Systems Manager's operations and activations mean the same tags and hold them to the same
/// rules. Names and values are compared by their bytes: case tells them apart, and so do two spellings of one
/// character.
public struct Tags: Hashable, Sendable {
  /// The inventory type that tags are kept as.
  public static let type = TypeName(stored: "AWS:Tag")
  /// Tags that can be set on a node; those of ``reservedPrefix`` do not count.
  ///
  /// Source: Systems Manager refuses the 51st with TooManyTagsError.
  public static let countMax = 50
  /// Characters of a name at most, at least 1; source: TagKey.
  public static let nameLengthMax = 128
  /// Characters of a value at most; source: TagValue.
  public static let valueLengthMax = 256
  /// How names of the service's own tags begin, in letters of any case: nobody else sets them.
  public static let reservedPrefix = "aws:"

  /// The tags in order of their names' bytes, each name once.
  public private(set) var list: [Item.Attribute] = []

  /// None.
  public init() {}

  /// Takes tags as they are kept, whatever their number and form; of a name given twice the last counts.
  package init(stored tags: some Sequence<Item.Attribute>) {
    for tag in tags { put(tag.name, tag.value) }
  }

  /// Takes the items of an observation of AWS:Tag.
  package init(items: some Sequence<Item>) {
    self.init(stored: items.map { Item.Attribute(name: $0["Key"] ?? "", value: $0["Value"] ?? "") })
  }

  /// The items of an observation of AWS:Tag.
  package var items: [Item] { list.map { ["Key": $0.name, "Value": $0.value] } }

  /// The value of a tag; nil where there is none of that name.
  public subscript(name: String) -> String? {
    let (index, isThere) = place(of: name)
    return isThere ? list[index].value : nil
  }

  /// Sets a tag, in place of one of the same name.
  ///
  /// Throws ``TagError`` where name or value break a rule, or where it is one more than there can be; nothing
  /// is changed then.
  public mutating func set(_ name: String, to value: String) throws(TagError) {
    if let fault = Self.fault(of: name, value) { throw .invalid(fault) }
    guard self[name] != nil || list.count(where: { !Self.isReserved($0.name) }) < Self.countMax
    else { throw .tooMany }
    put(name, value)
  }

  /// Takes a tag away, if it is there.
  public mutating func remove(_ name: String) {
    let (index, isThere) = place(of: name)
    if isThere { list.remove(at: index) }
  }

  /// Puts other tags over these.
  package mutating func merge(_ others: Tags) {
    for tag in others.list { put(tag.name, tag.value) }
  }

  private mutating func put(_ name: String, _ value: String) {
    let (index, isThere) = place(of: name)
    if isThere {
      list[index].value = value
    } else {
      list.insert(Item.Attribute(name: name, value: value), at: index)
    }
  }

  /// Where a name stands, or belongs.
  private func place(of name: String) -> (Int, isThere: Bool) {
    for (index, tag) in list.enumerated() {
      if tag.name.utf8.elementsEqual(name.utf8) { return (index, true) }
      if name.utf8.lexicographicallyPrecedes(tag.name.utf8) { return (index, false) }
    }
    return (list.count, false)
  }

  /// What is wrong with a tag, in a sentence; nil where nothing is.
  private static func fault(of name: String, _ value: String) -> String? {
    let lengths = (name: name.unicodeScalars.count, value: value.unicodeScalars.count)
    if !(1...nameLengthMax).contains(lengths.name) {
      return "a tag's name has 1 to \(nameLengthMax) characters, \"\(name.printable)\" has "
        + "\(lengths.name)"
    }
    if lengths.value > valueLengthMax {
      return "the value of tag \"\(name.printable)\" has \(lengths.value) characters; "
        + "\(valueLengthMax) are the most"
    }
    if isReserved(name) {
      return "tag \"\(name.printable)\": names that begin with \(reservedPrefix) are the service's"
    }
    guard isTagText(name), isTagText(value) else {
      return "tag \"\(name.printable)\": names and values have letters, digits, blanks and _.:/=+-@"
    }
    return nil
  }

  private static func isReserved(_ name: String) -> Bool {
    name.prefix(reservedPrefix.count).lowercased() == reservedPrefix
  }

  /// Whether a text has letters, blanks and digits of any script, and some signs, as TagKey and TagValue ask.
  package static func isTagText(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
        .spaceSeparator, .lineSeparator, .paragraphSeparator, .decimalNumber, .letterNumber,
        .otherNumber:
        true
      default: "_.:/=+-@".unicodeScalars.contains(scalar)
      }
    }
  }

  /// Compares names and values by their bytes.
  public static func == (a: Self, b: Self) -> Bool {
    a.list.count == b.list.count
      && zip(a.list, b.list).allSatisfy {
        $0.name.utf8.elementsEqual($1.name.utf8) && $0.value.utf8.elementsEqual($1.value.utf8)
      }
  }
}

extension Tags: ExpressibleByDictionaryLiteral {
  /// Takes tags as the program has them: no rule is looked at.
  public init(dictionaryLiteral elements: (String, String)...) {
    self.init(stored: elements.map { Item.Attribute(name: $0.0, value: $0.1) })
  }
}

/// Why a tag is not set.
public enum TagError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The node has as many as it can: ``Tags/countMax``.
  case tooMany
  /// The name or the value breaks a rule, said in a sentence.
  case invalid(String)

  /// One sentence.
  public var description: String {
    switch self {
    case .tooMany: "a node can have \(Tags.countMax) tags"
    case .invalid(let fault): fault
    }
  }
}
