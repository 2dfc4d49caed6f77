import Inventory

/// A report on its way into the store.
struct Submission: Sendable {
  /// What is to be stored.
  enum Content: Sendable {
    /// The body says what the node's last one said.
    case repetition(RepeatedBodies.Repetition)
    /// A report; with the fingerprint of its body, if it has one.
    case report(CanonicalReport, BodyFingerprint?)
    case refused(ReportError)
  }

  /// The JSON it was read from; nil where it came as values.
  let body: [UInt8]?
  let scope: Scope
  /// When it was looked at: the clock for capture times that lie ahead.
  let now: Instant
  var content: Content
  /// The contents of the items that were read rather than known, once it is accepted.
  var readContents: [ContentID] = []

  /// Whether more of its items were read than known.
  var isMostlyNew: Bool {
    guard case .report(let report, _) = content else { return false }
    var (read, all) = (0, 0)
    for entry in report.entries {
      read += entry.content?.readItems.count ?? 0
      all += entry.content?.elements.count ?? 0
    }
    return 2 * read > all
  }
}
