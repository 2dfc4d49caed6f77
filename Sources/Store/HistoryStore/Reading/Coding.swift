// The forms that answers have in JSON and whatever else has a coder. Lists are written item by item as they are
// decoded; they are read back as arrays of their elements.

extension SequenceNumber: Codable {
  /// Reads a number.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(UInt64.self))
  }

  /// Writes a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}

extension NodeEventKind: Codable {
  /// Reads the word for it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let word = try container.decode(String.self)
    guard let kind = Self.allCases.first(where: { $0.description == word }) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(word)\" is no event of a node")
    }
    self = kind
  }

  /// Writes the word for it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension ItemList: Encodable {
  /// Writes an array of items.
  public func encode(to encoder: any Encoder) throws { try encodeElements(self, encoder) }
}

extension ChangeList: Encodable {
  /// Writes an array of changes.
  public func encode(to encoder: any Encoder) throws { try encodeElements(self, encoder) }
}

extension DifferenceList: Encodable {
  /// Writes an array of differences.
  public func encode(to encoder: any Encoder) throws { try encodeElements(self, encoder) }
}

private func encodeElements(
  _ list: some Sequence<some Encodable>, _ encoder: any Encoder
) throws {
  var container = encoder.unkeyedContainer()
  for element in list { try container.encode(element) }
}
