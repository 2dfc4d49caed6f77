import Digests
import Inventory

/// What reads bodies, and the items whose text it knows, by scope.
struct BodyReader {
  let reader: ReportReader
  private let hash: KeyedHash
  private var known: [Scope: KnownItems] = [:]

  /// Scopes whose items are remembered; beyond it all are forgotten together.
  private static let scopesMax = 64

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
}
