/// Why a report is refused; nothing of a refused report is stored.
public struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of refusal.
  public enum Code: String, Sendable, Hashable {
    /// The text is not JSON, or not UTF-8.
    case malformedJSON
    /// A member is missing or has the wrong kind of value.
    case invalidRequest
    /// An account or Region is not one.
    case invalidScope
    /// The node's id is not one.
    case invalidNodeID
    /// The type's name is not one.
    case invalidTypeName
    /// The schema version is not one, or not one of this type.
    case unsupportedSchemaVersion
    /// The capture time is not a date, or lies too far ahead.
    case invalidCaptureTime
    /// An item breaks a rule: kinds, names, lengths, counts.
    case invalidItemContent
    /// The type takes no Context.
    case unsupportedContext
    /// The report is larger than its limit.
    case tooLarge
    /// The scope, or the type, has as many types or schema versions as it can.
    case tooManyTypes
    /// The scope has as many sources of imported reports as it can.
    case tooManySources
    /// "Unchanged since hash H", and H is not the hash that was accepted last.
    case contentMismatch
    /// What the store has of the node and type cannot be read, so that nothing can be compared with it.
    case historyDamaged
  }

  /// The kind of refusal.
  public var code: Code
  /// What is wrong and how to mend it, in one sentence.
  public var message: String
  /// The node, where it was read already.
  public var node: String?
  /// The inventory type, where the fault lies in one.
  public var type: String?
  /// The position of the item in its content, from 0.
  public var itemIndex: Int?
  /// The attribute.
  public var attribute: String?

  /// Makes an error of a kind with its sentence.
  public init(
    _ code: Code, _ message: String, type: String? = nil, itemIndex: Int? = nil,
    attribute: String? = nil
  ) {
    self.code = code
    self.message = message
    self.type = type
    self.itemIndex = itemIndex
    self.attribute = attribute
  }

  /// `node N, type T, item I, attribute A: message`.
  public var description: String {
    var place: [String] = []
    if let node { place.append("node \(node.printable)") }
    if let type { place.append("type \(type.printable)") }
    if let itemIndex { place.append("item \(itemIndex)") }
    if let attribute { place.append("attribute \(attribute.printable)") }
    return place.isEmpty ? message : place.joined(separator: ", ") + ": " + message
  }
}
