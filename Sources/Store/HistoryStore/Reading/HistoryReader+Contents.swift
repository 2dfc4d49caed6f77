package import Inventory
import LMDB

extension HistoryReader {
  /// Every item of a name that a node had at whatever valid time, each once, in the first scope.
  ///
  /// Costs the postings of the name: a few bytes for each node that had it.
  package func items(
    named name: String, type: TypeName, nodes choose: NodeChoice? = nil
  ) throws(StoreError) -> [Item] {
    guard let scope = scopes.first, let number = scope.typeNumbers[type] else { return [] }
    let row = try scope.type(number)
    var seen: Set<ContentID> = []
    let chosen = try snapshot.nodes(of: scope, where: choose)
    for posting in try snapshot.postings(named: ItemNames(name), row, scope, known: known, chosen) {
      switch posting.event.form {
      case .added: seen.insert(posting.event.a)
      case .changed: seen.insert(posting.event.b)
      case .removed, .counts: break
      }
    }
    let stored = seen.sorted().map { StoredItem(content: $0, occurrence: .none) }
    let pages = try snapshot.contents(stored, scope)
    return stored.map { pages.item($0, occurrenceAttribute: nil) }
  }
}
