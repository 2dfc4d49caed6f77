import Digests
import Inventory

/// An item before and after; one of them is free where it came or went.
struct ItemPair {
  var old: StoredItem
  var new: StoredItem

  var kind: Change.Kind {
    if old.content == 0 { return .added }
    return new.content == 0 ? .removed : .changed
  }
}

/// Pairs the items that went with those that came, by identity, one set after another.
///
/// Where an identity is there once on each side, as it nearly always is, a hash table over the
/// contents' identity hashes finds the partner, and the identities' bytes decide. What has an
/// identity that is there twice goes the long way, by ``ItemChanges``.
struct ItemPairing {
  let row: TypeRow
  let hash: KeyedHash
  let occurrenceAttribute: String?
  private(set) var contents: ContentPages
  private var identities: ContentTexts
  /// In each place the round it was written in, and the index of an item that went.
  private var table: [UInt64] = []
  private var round: UInt64 = 0
  /// For each item that went whether it has found its partner.
  private var isTaken: [Bool] = []
  /// For each item that came the index of its partner.
  private var partners: [Int] = []

  /// Hashes of identities that are there twice, or that two identities share.
  private var doubtful: Set<UInt64> = []

  private static let none = -1
  /// The same item went and came: nothing happened.
  private static let same = -2

  init(
    row: TypeRow, contents: ContentPages, occurrenceAttribute: String?, hash: KeyedHash
  ) {
    self.row = row
    self.hash = hash
    self.occurrenceAttribute = occurrenceAttribute
    self.contents = contents
    identities = ContentTexts(contents) { $0.identities(row, hash: hash) }
  }

  /// What turns the items that are paired into attributes.
  var decoder: ItemDecoder {
    ItemDecoder(
      type: row.name, rule: row.rule, contents: contents, occurrenceAttribute: occurrenceAttribute)
  }

  /// Takes pages that were loaded since.
  mutating func update(_ contents: ContentPages) {
    self.contents = contents
    identities.update(contents)
  }

  /// Appends the pairs; the contents of all items must be at hand.
  mutating func pair(
    removed: ArraySlice<StoredItem>, added: ArraySlice<StoredItem>, into pairs: inout [ItemPair]
  ) throws(StoreError) {
    if removed.isEmpty {
      for item in added { pairs.append(ItemPair(old: .free, new: item)) }
    } else if added.isEmpty {
      for item in removed { pairs.append(ItemPair(old: item, new: .free)) }
    } else {
      findPartners(removed, added)
      guard doubtful.isEmpty else { return try separate(removed, added, into: &pairs) }
      append(removed, added, to: &pairs)
    }
  }

  private func append(
    _ removed: ArraySlice<StoredItem>, _ added: ArraySlice<StoredItem>,
    to pairs: inout [ItemPair]
  ) {
    for (index, item) in zip(partners.indices, added) where partners[index] != Self.same {
      let partner = partners[index]
      let old = partner == Self.none ? .free : removed[removed.startIndex + partner]
      pairs.append(ItemPair(old: old, new: item))
    }
    for (index, item) in zip(isTaken.indices, removed) where !isTaken[index] {
      pairs.append(ItemPair(old: item, new: .free))
    }
  }

  /// Pairs apart what has an identity that is there more than once on one side.
  private mutating func separate(
    _ removed: ArraySlice<StoredItem>, _ added: ArraySlice<StoredItem>,
    into pairs: inout [ItemPair]
  ) throws(StoreError) {
    let apart = doubtful
    func isApart(_ item: StoredItem) -> Bool { apart.contains(identities.number(item.content)) }
    try pairAsMultisets(removed.filter(isApart), added.filter(isApart), into: &pairs)
    let restRemoved = removed.filter { !isApart($0) }
    let restAdded = added.filter { !isApart($0) }
    findPartners(restRemoved[...], restAdded[...])
    append(restRemoved[...], restAdded[...], to: &pairs)
  }

  /// Finds each item's only partner, and the hashes of which there is more than one.
  private mutating func findPartners(
    _ removed: ArraySlice<StoredItem>, _ added: ArraySlice<StoredItem>
  ) {
    var size = 16
    while size < 2 * removed.count { size *= 2 }
    round += 1
    if table.count < size || round > UInt64(UInt32.max) {
      table = Array(repeating: 0, count: size)
      round = 1
    }
    let mask = table.count - 1
    isTaken.removeAll(keepingCapacity: true)
    partners.removeAll(keepingCapacity: true)
    doubtful.removeAll(keepingCapacity: true)
    for item in removed {
      let hash = identities.number(item.content)
      let (place, other) = find(hash, removed, mask)
      if other != nil { doubtful.insert(hash) }
      table[place] = round << 32 | UInt64(isTaken.count)
      isTaken.append(false)
    }
    for item in added {
      let hash = identities.number(item.content)
      guard let index = find(hash, removed, mask).index else {
        partners.append(Self.none)
        continue
      }
      let other = removed[removed.startIndex + index]
      if isTaken[index] || !identities.isSame(other.content, item.content) {
        doubtful.insert(hash)
      }
      isTaken[index] = true
      partners.append(other == item ? Self.same : index)
    }
  }

  /// Where a hash stands in the table, or would, and the index of the item that went with it.
  @inline(__always)
  private mutating func find(
    _ hash: UInt64, _ removed: ArraySlice<StoredItem>, _ mask: Int
  ) -> (place: Int, index: Int?) {
    var place = Int(truncatingIfNeeded: hash) & mask
    while table[place] >> 32 == round {
      let index = Int(table[place] & 0xffff_ffff)
      let other = removed[removed.startIndex + index]
      if identities.number(other.content) == hash { return (place, index) }
      place = (place + 1) & mask
    }
    return (place, nil)
  }

  /// Items of one identity are paired in order of their bytes: an order that is the same in every
  /// store.
  private func pairAsMultisets(
    _ removed: [StoredItem], _ added: [StoredItem], into pairs: inout [ItemPair]
  ) throws(StoreError) {
    let changes = try ItemChanges(
      removed: removed.sorted(by: precedes), added: added.sorted(by: precedes)
    ) { item throws(StoreError) in
      contents.withBytes(item.content) { row.identity(of: $0) }
    }
    for (old, new) in changes.changed { pairs.append(ItemPair(old: old, new: new)) }
    for new in changes.added { pairs.append(ItemPair(old: .free, new: new)) }
    for old in changes.removed { pairs.append(ItemPair(old: old, new: .free)) }
  }

  private func precedes(_ a: StoredItem, _ b: StoredItem) -> Bool {
    let x = contents.bytes(a.content)
    let y = contents.bytes(b.content)
    if x != y { return x.lexicographicallyPrecedes(y) }
    let p = contents.item(a, occurrenceAttribute: occurrenceAttribute)
    let q = contents.item(b, occurrenceAttribute: occurrenceAttribute)
    for (m, n) in zip(p.attributes, q.attributes) where m != n {
      return (m.name, m.value) < (n.name, n.value)
    }
    return false
  }
}
