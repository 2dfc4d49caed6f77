package import Inventory

/// The same change on some nodes: of one scope and type, from one content to another.
package struct GroupedChange: Sendable, Equatable {
  /// The scope.
  package var scope: Scope
  /// The type.
  package var type: TypeName
  /// What changed, without what belongs to the occurrence on a node; nil where first observations of the
  /// type were taken together.
  package var change: Difference?
  /// Nodes that it happened on.
  package var nodes: Int
  /// How often it happened.
  package var count: Int
  /// Items that first observations added.
  package var items: Int
  /// The valid time at which it happened first.
  package var first: Instant
  /// The valid time at which it happened last.
  package var last: Instant
  /// Some of the nodes, in the order in which the store first heard of them.
  package var some: [NodeID]
}

/// Changes of a range with those that are the same taken together, the most widespread first; decoded one
/// at a time as they are asked for.
///
/// Holds the store's shared contents by reference. Takes some 100 bytes a group.
package struct GroupedChanges: RandomAccessCollection, Sendable {
  /// Different changes that are looked at: what keeps a question's memory below 50 MB.
  package static let differentMax = 250_000
  /// Nodes that are named of each group.
  package static let someMax = 5

  /// Whose changes they are.
  struct Origin: Sendable {
    let scope: Scope
    let items: ItemDecoder
    let ids: [NodeID?]
  }

  struct Group: Sendable {
    var origin: Int
    /// Free on both sides where first observations were taken together.
    var pair: SharedPair
    var nodes = 0
    var count = 0
    var items = 0
    var first = UInt32.max
    var last: UInt32 = 0
    var some: [NodeNumber] = []
  }

  var origins: [Origin] = []
  var groups: [Group] = []

  /// 0.
  package var startIndex: Int { 0 }

  /// The number of groups.
  package var endIndex: Int { groups.count }

  /// Decodes one group; costs its attributes.
  package subscript(position: Int) -> GroupedChange {
    let group = groups[position]
    let origin = origins[group.origin]
    return GroupedChange(
      scope: origin.scope, type: origin.items.type,
      change: group.pair == .none ? nil : origin.items.difference(group.pair.items),
      nodes: group.nodes, count: group.count, items: group.items,
      first: Instant(seconds: Int64(group.first)), last: Instant(seconds: Int64(group.last)),
      some: group.some.compactMap { origin.ids[Int($0)] })
  }

  /// Puts the most widespread first, of those that are as widespread the earliest.
  mutating func sort() {
    let order = groups.indices.sorted { a, b in
      let (x, y) = (groups[a], groups[b])
      return (y.nodes, x.first, x.origin, a) < (x.nodes, y.first, y.origin, b)
    }
    groups = order.map { groups[$0] }
  }
}

/// What went and came, whatever belongs to the occurrence on a node.
struct SharedPair: Hashable {
  var old: ContentID
  var new: ContentID

  static let none = SharedPair(old: 0, new: 0)

  var items: ItemPair {
    ItemPair(
      old: StoredItem(content: old, occurrence: .none),
      new: StoredItem(content: new, occurrence: .none))
  }
}

/// Takes together the changes of one type while series go by, one node's after the other's.
struct ChangeGrouping {
  /// What a question chooses changes by.
  typealias Choice = (TypeName, Difference) -> Bool

  let origin: Int
  /// Whether first observations are taken together.
  let foldsFirst: Bool
  let isWanted: Choice
  private(set) var groups: [GroupedChanges.Group] = []
  /// Different changes that may still be looked at.
  private(set) var left: Int
  /// What was said of each pair of contents, which is asked once.
  private var verdicts: [SharedPair: Bool] = [:]
  private var places: [SharedPair: Int] = [:]
  /// For each group the node that was counted last.
  private var nodes: [NodeNumber] = []

  init(origin: Int, foldsFirst: Bool, left: Int, isWanted: @escaping Choice) {
    self.origin = origin
    self.foldsFirst = foldsFirst
    self.left = left
    self.isWanted = isWanted
  }

  /// Takes what one node changed at one valid time; `isFirst` where nothing was known before it.
  mutating func take(
    _ pairs: [ItemPair], of node: NodeNumber, at valid: UInt32, isFirst: Bool, _ items: ItemDecoder
  ) throws(StoreError) {
    var added = 0
    for pair in pairs {
      let shared = SharedPair(old: pair.old.content, new: pair.new.content)
      guard try isWanted(shared, items) else { continue }
      if isFirst { added += 1 } else { count(shared, node, valid) }
    }
    if added > 0 { count(.none, node, valid, items: added) }
  }

  private mutating func isWanted(
    _ pair: SharedPair, _ items: ItemDecoder
  ) throws(StoreError) -> Bool {
    if let known = verdicts[pair] { return known }
    guard left > 0 else {
      throw StoreError(
        .invalidQuestion,
        "there are more than \(GroupedChanges.differentMax) different changes in that range: choose a "
          + "shorter one, or a type")
    }
    left -= 1
    let verdict = isWanted(items.type, items.difference(pair.items))
    verdicts[pair] = verdict
    return verdict
  }

  private mutating func count(
    _ pair: SharedPair, _ node: NodeNumber, _ valid: UInt32, items: Int = 0
  ) {
    let place = places[pair] ?? groups.count
    if place == groups.count {
      places[pair] = place
      groups.append(GroupedChanges.Group(origin: origin, pair: pair))
      nodes.append(0)
    }
    groups[place].count += 1
    groups[place].items += items
    groups[place].first = min(groups[place].first, valid)
    groups[place].last = max(groups[place].last, valid)
    // Numbers of nodes begin with 1, and a node's changes come one after the other.
    guard nodes[place] != node else { return }
    nodes[place] = node
    groups[place].nodes += 1
    if groups[place].some.count < GroupedChanges.someMax { groups[place].some.append(node) }
  }
}
