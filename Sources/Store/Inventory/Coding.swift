// The forms that values have in JSON and whatever else has a coder: names and times as text, items as objects.

extension Instant: Codable {
  /// Reads a text by RFC 3339.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let instant = Instant(rfc3339: text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(text.printable)\" is no time of RFC 3339")
    }
    self = instant
  }

  /// Writes ``rfc3339``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rfc3339)
  }
}

extension NodeID: Codable {
  /// Reads a text that can be a node's id.
  public init(from decoder: any Decoder) throws {
    self = try checked(decoder) { text throws(ReportError) in try NodeID(text) }
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws { try write(text, to: encoder) }
}

extension TypeName: Codable {
  /// Reads a text that can be the name of a type.
  public init(from decoder: any Decoder) throws {
    self = try checked(decoder) { text throws(ReportError) in try TypeName(text) }
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws { try write(text, to: encoder) }
}

extension Scope: Codable {
  /// Reads `account/region`.
  public init(from decoder: any Decoder) throws {
    self = try checked(decoder) { text throws(ReportError) in
      let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
      return try Scope(account: parts.first ?? "", region: parts.count > 1 ? parts[1] : "")
    }
  }

  /// Writes `account/region`.
  public func encode(to encoder: any Encoder) throws { try write(description, to: encoder) }
}

extension Item: Codable {
  /// Reads an object whose values are texts.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.singleValueContainer().decode([String: String].self)
    self.init(values.map { (key: $0.key, value: $0.value) })
  }

  /// Writes an object of texts.
  public func encode(to encoder: any Encoder) throws {
    var values: [String: String] = [:]
    for attribute in attributes { values[attribute.name] = attribute.value }
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }
}

private func checked<Value>(
  _ decoder: any Decoder, _ read: (String) throws(ReportError) -> Value
) throws -> Value {
  let container = try decoder.singleValueContainer()
  let text = try container.decode(String.self)
  do throws(ReportError) { return try read(text) } catch {
    throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
  }
}

private func write(_ text: String, to encoder: any Encoder) throws {
  var container = encoder.singleValueContainer()
  try container.encode(text)
}
