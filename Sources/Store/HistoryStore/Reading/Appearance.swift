package import Inventory

/// When a version of an item was first in the fleet, and where.
package struct Appearance: Sendable, Equatable {
  /// The scope.
  package var scope: Scope
  /// The item's name, by which it was found.
  package var name: String
  /// The `Version`; nil for items without one.
  package var version: String?
  /// The valid time of the first observation with it.
  package var first: Instant
  /// The node of that observation; of several the first by id.
  package var node: NodeID
  /// Whether nothing was known of the node's type before: then it can have been there earlier.
  package var isFromStart: Bool
  /// When the last node lost it; nil while a node has it.
  package var last: Instant?
  /// Nodes that ever had it.
  package var nodes: Int
  /// Nodes that have it still.
  package var still: Int
}

/// Takes holdings together by name and version.
struct AppearanceGathering {
  private struct Key: Hashable {
    var name: String
    var version: String?
  }

  private struct Entry {
    var appearance: Appearance
    var first: StoredHolding
    var nodes: Set<NodeNumber> = []
    var still: Set<NodeNumber> = []
    var last: UInt32 = 0
  }

  private var places: [Key: Int] = [:]
  /// The place of each content's name and version.
  private var known: [ContentID: Int] = [:]
  private var entries: [Entry] = []

  /// What was found, with the first holding's node and valid time.
  var found: [(Appearance, NodeNumber, UInt32)] {
    entries.map { entry in
      var appearance = entry.appearance
      appearance.first = Instant(seconds: Int64(entry.first.from))
      appearance.nodes = entry.nodes.count
      appearance.still = entry.still.count
      appearance.last =
        entry.still.isEmpty ? Instant(seconds: Int64(entry.last)) : nil
      return (appearance, entry.first.node, entry.first.from)
    }
  }

  mutating func take(
    _ holding: StoredHolding, _ node: NodeID, _ names: ItemNames, _ rule: TypeRow.Rule,
    _ pages: ContentPages
  ) {
    let place = known[holding.content] ?? self.place(holding, node, names, rule, pages)
    known[holding.content] = place
    let first = entries[place].first
    if holding.from < first.from
      || holding.from == first.from && node < entries[place].appearance.node
    {
      entries[place].first = holding
      entries[place].appearance.node = node
    }
    entries[place].nodes.insert(holding.node)
    if let to = holding.to {
      entries[place].last = max(entries[place].last, to)
    } else {
      entries[place].still.insert(holding.node)
    }
  }

  private mutating func place(
    _ holding: StoredHolding, _ node: NodeID, _ names: ItemNames, _ rule: TypeRow.Rule,
    _ pages: ContentPages
  ) -> Int {
    let item = pages.item(
      StoredItem(content: holding.content, occurrence: .none), occurrenceAttribute: nil)
    let key = Key(name: names.name(of: item, rule), version: item["Version"])
    if let place = places[key] { return place }
    places[key] = entries.count
    let start = Instant(seconds: 0)
    entries.append(
      Entry(
        appearance: Appearance(
          scope: .local, name: key.name, version: key.version, first: start, node: node,
          isFromStart: false, last: nil, nodes: 0, still: 0),
        first: holding))
    return entries.count - 1
  }
}
