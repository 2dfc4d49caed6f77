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
      kept.append((String(scalars), text(cutTo: limits.attributeValueLengthMax, value)))
    }
    return Item(kept)
  }

  /// Nil instead of an empty text, so that its attribute is left out.
  static func present(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }

  /// A field cut as the agent cuts it; nil where it is empty.
  static func agentField(_ text: String?) -> String? {
    guard let line = text?.split(whereSeparator: \.isNewline).first else { return nil }
    return present(AgentForm.field(String(line)))
  }
}
