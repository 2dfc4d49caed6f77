import Packages

/// Which versions are meant: one, or those before or behind one in Debian's order.
struct VersionCondition {
  private enum Relation: String, CaseIterable {
    case atMost = "<="
    case atLeast = ">="
    case below = "<"
    case above = ">"
    case same = "="
  }

  private let relation: Relation
  private let version: String

  /// Reads `3.0.2`, or `<3.0.11-1`, `<=`, `>`, `>=`, `=`.
  init(_ text: String) {
    let found = Relation.allCases.first { text.hasPrefix($0.rawValue) }
    relation = found ?? .same
    version = String(text.dropFirst(found?.rawValue.count ?? 0).drop { $0 == " " })
  }

  /// The only version that is meant; nil for a range.
  var only: String? { relation == .same ? version : nil }

  /// Whether a version is meant; an item without one never is.
  func matches(_ other: String?) -> Bool {
    guard let other else { return false }
    switch relation {
    case .same: return other == version
    case .below: return isOrderedAsVersions(other, version)
    case .above: return isOrderedAsVersions(version, other)
    case .atMost: return !isOrderedAsVersions(version, other)
    case .atLeast: return !isOrderedAsVersions(other, version)
    }
  }
}
