import Inventory
import LMDB
import PackedBytes

// Who held what as it was known earlier. The table of holders is kept as all is known now; what later
// records are about is therefore read from timelines, which keep what was known when.

extension Snapshot {
  /// Every posting of the items of a name among some nodes, as known through a log record, in order.
  ///
  /// Costs the postings, the log records behind `known`, and the timelines of the nodes that these are about.
  func postings(
    named names: ItemNames, _ row: TypeRow, _ scope: ScopeCatalog, known: UInt64,
    _ chosen: ChosenNodes
  ) throws(StoreError) -> [Posting] {
    let changed =
      known < meta.nextSequence - 1
      ? try changed(in: scope, since: known)[row.number] ?? [] : []
    var postings: [Posting] = []
    for identity in try identities(named: names, row, scope) {
      try forEachPosting(of: identity.number, row, scope) { posting in
        if chosen[posting.node], !changed.contains(posting.node) { postings.append(posting) }
      }
    }
    try gatherPostings(
      of: changed.filter { chosen[$0] }, named: names, row, scope, known: known, into: &postings)
    // Those of one moment and node stay in order: items may trade their contents there.
    let order = postings.indices.sorted { a, b in
      (postings[a].moment, a) < (postings[b].moment, b)
    }
    return order.map { postings[$0] }
  }

  /// Makes postings of what nodes' timelines tell.
  private func gatherPostings(
    of nodes: Set<NodeNumber>, named names: ItemNames, _ row: TypeRow, _ scope: ScopeCatalog,
    known: UInt64, into postings: inout [Posting]
  ) throws(StoreError) {
    guard !nodes.isEmpty else { return }
    var gathering = ChangeGathering()
    var cursor = try view.storeCursor(in: tables.timeline)
    var named = NamedContents(names, row, pages: try contents([], scope))
    for node in nodes.sorted() {
      let series = Series(scope: scope.number, node: node, type: row.number)
      try forEachStep(of: series, to: .max, known: known, &cursor, &gathering) {
        valid, lost, gained throws(StoreError) in
        for item in lost where try named.contains(item, self, scope) {
          postings.append(Posting(valid: valid, node: node, form: .removed, a: item.content))
        }
        for item in gained where try named.contains(item, self, scope) {
          postings.append(Posting(valid: valid, node: node, form: .added, a: item.content))
        }
      }
    }
  }
}

/// Which contents are items with a name that is meant, each looked at once.
private struct NamedContents {
  private let names: ItemNames
  private let row: TypeRow
  private var pages: ContentPages
  private var known: [ContentID: Bool] = [:]

  init(_ names: ItemNames, _ row: TypeRow, pages: ContentPages) {
    self.names = names
    self.row = row
    self.pages = pages
  }

  mutating func contains(
    _ stored: StoredItem, _ snapshot: borrowing Snapshot, _ scope: ScopeCatalog
  ) throws(StoreError) -> Bool {
    if let known = known[stored.content] { return known }
    let shared = StoredItem(content: stored.content, occurrence: .none)
    try snapshot.extend(&pages, with: [shared], scope)
    let item = pages.item(shared, occurrenceAttribute: nil)
    let isNamed = names.contains(item, row.rule)
    known[stored.content] = isNamed
    return isNamed
  }
}
