import Digests
import Inventory

/// What reads bodies, and the items whose text it knows, by scope.
struct BodyReader {
  let reader: ReportReader
  private let hash: KeyedHash
  private var known: [Scope: KnownItems] = [:]

  /// Scopes whose items are remembered; beyond it all are forgotten together.
  private static let scopesMax = 64

  /// Bytes that are kept of all texts together; beyond it all are forgotten.
  static let knownByteCountMax = 256 << 20

  init(limits: ReportLimits, hash: KeyedHash) {
    reader = ReportReader(limits: limits, hash: hash)
    self.hash = hash
  }

  /// The known items of a scope.
  mutating func known(in scope: Scope) -> KnownItems {
    if let items = known[scope] { return items }
    if known.count >= Self.scopesMax { known.removeAll() }
    let items = KnownItems(hash: hash)
    known[scope] = items
    return items
  }

  /// Learns the texts of a report's items that were read, and that are stored as these contents now.
  mutating func learn(
    _ body: RawSpan, _ report: CanonicalReport, _ contents: [ContentID], in scope: Scope
  ) {
    guard !contents.isEmpty else { return }
    if known.values.reduce(0, { $0 + $1.byteCount }) > Self.knownByteCountMax {
      for items in known.values { items.removeAll() }
    }
    let items = known(in: scope)
    var next = contents.makeIterator()
    for entry in report.entries {
      guard let content = entry.content else { continue }
      for item in content.readItems {
        guard let id = next.next() else { return }
        items.learn(
          body.extracting(item.text), type: entry.type, content: id,
          occurrence: content.elements[item.element].occurrence)
      }
    }
  }
}
