import Inventory

/// Finds the fewest slot changes that make a layout hold exactly the given items.
///
/// A node sends its items in much the same order each time, so both are walked side by side; what
/// that leaves over is matched by value, then paired by identity so that a changed item keeps its
/// slot, then put into free slots. About 3 ns per item where nothing changed.
struct SlotMatching {
  /// Slots whose item the new content lacks, ascending.
  private(set) var vacated: [Int] = []
  /// New items that no slot holds.
  private(set) var arrived: [StoredItem] = []
  private let slots: [StoredItem]

  /// How far ahead the walk looks for the item it misses.
  private static let lookahead = 8

  init(_ layout: Layout, _ items: [StoredItem]) {
    slots = layout.slots
    var isMatched = [Bool](repeating: false, count: slots.count)
    var rest: [StoredItem] = []
    var slot = 0
    for index in items.indices {
      while slot < slots.count && slots[slot].content == 0 { slot += 1 }
      if slot < slots.count && slots[slot] == items[index] {
        isMatched[slot] = true
        slot += 1
        continue
      }
      var found = slot + 1
      let end = min(slot + Self.lookahead, slots.count)
      while found < end && slots[found] != items[index] { found += 1 }
      if found < end {
        isMatched[found] = true
        slot = found + 1
        continue
      }
      rest.append(items[index])
      if index + 1 < items.count, slot + 1 < slots.count, slots[slot + 1] == items[index + 1] {
        slot += 1
      }
    }
    for index in slots.indices where !isMatched[index] && slots[index].content != 0 {
      vacated.append(index)
    }
    matchByValue(rest)
  }

  private mutating func matchByValue(_ rest: [StoredItem]) {
    guard !rest.isEmpty, !vacated.isEmpty else {
      arrived = rest
      return
    }
    var places: [StoredItem: [Int]] = [:]
    for slot in vacated.reversed() { places[slots[slot], default: []].append(slot) }
    var isKept: Set<Int> = []
    for item in rest {
      if let slot = places[item]?.popLast() {
        isKept.insert(slot)
      } else {
        arrived.append(item)
      }
    }
    vacated.removeAll { isKept.contains($0) }
  }

  /// The changes in order of slots; an item whose identity is new pairs with none.
  func changes(
    identity: (ContentID) throws(StoreError) -> IdentityNumber?
  ) throws(StoreError) -> [SlotChange] {
    if vacated.isEmpty && arrived.isEmpty { return [] }
    var changes: [SlotChange] = []
    var freed: [Int] = []
    var unplaced: [StoredItem] = []
    if vacated.isEmpty || arrived.isEmpty {
      freed = vacated
      unplaced = arrived
    } else {
      var byIdentity: [IdentityNumber: [Int]] = [:]
      for slot in vacated.reversed() {
        guard let known = try identity(slots[slot].content) else { continue }
        byIdentity[known, default: []].append(slot)
      }
      var isTaken: Set<Int> = []
      for item in arrived {
        if let known = try identity(item.content), let slot = byIdentity[known]?.popLast() {
          changes.append(SlotChange(slot: UInt32(slot), item: item))
          isTaken.insert(slot)
        } else {
          unplaced.append(item)
        }
      }
      freed = vacated.filter { !isTaken.contains($0) }
    }
    place(unplaced, freed: freed, into: &changes)
    changes.sort { $0.slot < $1.slot }
    return changes
  }

  /// Puts items into the lowest free slots, then behind the last, and clears what stays free.
  private func place(_ items: [StoredItem], freed: [Int], into changes: inout [SlotChange]) {
    var free = freed
    if !items.isEmpty {
      for slot in slots.indices where slots[slot].content == 0 { free.append(slot) }
      free.sort()
    }
    var next = 0
    var end = slots.count
    for item in items {
      if next < free.count {
        changes.append(SlotChange(slot: UInt32(free[next]), item: item))
        next += 1
      } else {
        changes.append(SlotChange(slot: UInt32(end), item: item))
        end += 1
      }
    }
    for slot in free[next...] where slots[slot].content != 0 {
      changes.append(SlotChange(slot: UInt32(slot), item: .free))
    }
  }
}
