import HistoryStore
import Inventory

extension Report {
  /// The report with what its source cannot know of its items from what another source said.
  ///
  /// Only what is absent or empty is filled, from what is known of the same things on the node at that
  /// time; where nothing was known of a type by then, from the observation that came next, but for what
  /// belongs to an occurrence, such as InstalledTime.
  func completed(from store: HistoryStore, in scope: Scope) throws -> Report {
    var report = self
    for index in entries.indices where KnownOccurrences.areOf(entries[index].type) {
      let entry = entries[index]
      // Of a node that never reported nothing is known.
      let items = try listOrNone { try knownItems(of: entry, in: store, scope) }
      guard let known = KnownOccurrences(items, of: entry.type), !items.isEmpty else { continue }
      report.entries[index].content = entry.content?.map { known.completed($0) }
    }
    return report
  }

  private func knownItems(
    of entry: Entry, in store: HistoryStore, _ scope: Scope
  ) throws -> [Item] {
    let state = try store.state(of: node, type: entry.type, at: entry.captureTime, in: scope)
    guard state.observedAt == nil, KnownOccurrences.arePackages(entry.type),
      let next = state.nextObserved
    else {
      return state.items.sorted()
    }
    let later = try store.state(of: node, type: entry.type, at: next, in: scope)
    let occurrence = Set(TypeDefinition.of(entry.type).occurrenceAttributes)
    return later.items.sorted().map { item in
      Item(
        item.attributes.filter { !occurrence.contains($0.name) }
          .map { (key: $0.name, value: $0.value) })
    }
  }
}
