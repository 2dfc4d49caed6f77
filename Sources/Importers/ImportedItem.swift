import Collectors
import Inventory

/// Makes items that a report can carry out of whatever a source has.
enum ImportedItem {
  private static let limits = ReportLimits.default

  /// An item of the values that are not nil, cut to what a report can carry.
  ///
  /// Names have at most 64 characters; values have 4,096 bytes at most and are never cut inside a
  /// character; of more than 50 attributes those whose names come first stay.
  static func item(_ values: [String: String?]) -> Item {
    var kept: [(key: String, value: String)] = []
    for (name, value) in values.sorted(by: { $0.key < $1.key }) where !name.isEmpty {
      guard let value, kept.count < limits.attributesMax else { continue }
      let scalars = name.unicodeScalars.prefix(limits.attributeNameLengthMax)
      kept.append((String(scalars), cut(value)))
    }
    return Item(kept)
  }

  /// The beginning of a text that a value can hold, whole characters only.
  static func cut(_ text: String, to count: Int = limits.attributeValueLengthMax) -> String {
    guard text.utf8.count > count else { return text }
    var room = count
    let scalars = text.unicodeScalars.prefix {
      room -= UTF8.width($0)
      return room >= 0
    }
    return String(scalars)
  }

  /// Nil instead of an empty text, so that its attribute is left out.
  static func present(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }

  /// A field cut as the agent cuts it; nil where it is empty.
  static func agentField(_ text: String?) -> String? {
    guard let line = text?.split(whereSeparator: \.isNewline).first else { return nil }
    return present(AgentForm.field(String(line)))
  }
}
