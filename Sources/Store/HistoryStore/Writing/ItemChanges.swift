/// The items that differ between two contents, matched by identity as multisets: equal ones first,
/// then those of one identity in the order given, the rest added or removed.
struct ItemChanges {
  /// Items replaced by another of the same identity.
  var changed: [(old: StoredItem, new: StoredItem)] = []
  var added: [StoredItem] = []
  var removed: [StoredItem] = []

  var count: Int { changed.count + added.count + removed.count }

  /// Matches what went with what came.
  init<Identity: Hashable>(
    removed: [StoredItem], added: [StoredItem],
    identity: (StoredItem) throws(StoreError) -> Identity
  ) throws(StoreError) {
    if removed.isEmpty || added.isEmpty {
      self.removed = removed
      self.added = added
      return
    }
    var isEqual: [StoredItem: Int] = [:]
    for item in removed { isEqual[item, default: 0] += 1 }
    var came: [StoredItem] = []
    var cancelled: [StoredItem: Int] = [:]
    for item in added {
      if let left = isEqual[item], left > 0 {
        isEqual[item] = left - 1
        cancelled[item, default: 0] += 1
      } else {
        came.append(item)
      }
    }
    var byIdentity: [Identity: [StoredItem]] = [:]
    var order: [Identity] = []
    for item in removed {
      if let left = cancelled[item], left > 0 {
        cancelled[item] = left - 1
        continue
      }
      let key = try identity(item)
      if byIdentity[key] == nil { order.append(key) }
      byIdentity[key, default: []].append(item)
    }
    var taken: [Identity: Int] = [:]
    for item in came {
      let key = try identity(item)
      let index = taken[key, default: 0]
      if let candidates = byIdentity[key], index < candidates.count {
        changed.append((candidates[index], item))
        taken[key] = index + 1
      } else {
        self.added.append(item)
      }
    }
    for key in order {
      guard let candidates = byIdentity[key] else { continue }
      self.removed += candidates[min(taken[key, default: 0], candidates.count)...]
    }
  }
}

extension Layout {
  /// The items that slot changes remove and add, slot by slot.
  func difference(
    _ changes: [SlotChange]
  ) -> (removed: [StoredItem], added: [StoredItem]) {
    var removed: [StoredItem] = []
    var added: [StoredItem] = []
    for change in changes {
      let slot = Int(change.slot)
      if slot < slots.count && slots[slot].content != 0 { removed.append(slots[slot]) }
      if change.item.content != 0 { added.append(change.item) }
    }
    return (removed, added)
  }
}
