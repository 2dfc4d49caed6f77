import PackedBytes

/// Slots while a state is being put together, in memory that is used again for the next one.
///
/// Safe because the memory is reached through checked places only, and belongs to one owner.
@safe struct SlotBuffer: ~Copyable {
  private var start: UnsafeMutablePointer<StoredItem>
  private var capacity: Int
  private let free = StoredItem.free
  /// Slots in use, free ones among them.
  private(set) var count = 0

  init(capacity: Int = 1024) {
    self.capacity = capacity
    unsafe start = .allocate(capacity: capacity)
  }

  deinit { unsafe start.deallocate() }

  /// Forgets all slots and keeps the memory.
  mutating func removeAll() { count = 0 }

  /// What a slot holds; free behind the last.
  @inline(__always)
  subscript(slot: Int) -> StoredItem {
    precondition(slot >= 0)
    return slot < count ? unsafe start[slot] : free
  }

  /// Puts an item into a slot.
  @inline(__always)
  mutating func put(_ item: StoredItem, _ slot: Int) {
    precondition(slot >= 0)
    if slot >= count {
      if slot == count, slot < capacity { count += 1 } else { extend(to: slot + 1) }
    }
    unsafe start[slot] = item
  }

  @inline(never)
  private mutating func reserve(_ end: Int) {
    guard end > capacity else { return }
    let larger = max(end, capacity * 2)
    let moved = UnsafeMutablePointer<StoredItem>.allocate(capacity: larger)
    unsafe moved.initialize(from: start, count: count)
    unsafe start.deallocate()
    unsafe start = moved
    capacity = larger
  }

  @inline(never)
  private mutating func extend(to end: Int) {
    reserve(end)
    unsafe start.advanced(by: count).initialize(repeating: free, count: end - count)
    count = end
  }

  /// Applies packed slot changes, made at a valid time.
  mutating func apply(_ bytes: RawSpan, at valid: UInt32) throws(PackedBytesError) {
    guard count == 0, PackedChanges.isCompressed(bytes) else {
      return try PackedChanges.decode(bytes, at: valid) { put($0.item, Int($0.slot)) }
    }
    try DecodedFrames.shared.apply(bytes, at: valid, to: &self) {
      slots throws(PackedBytesError) in
      try PackedChanges.decode(bytes, at: valid) { slots.put($0.item, Int($0.slot)) }
    }
  }

  /// Makes these the only slots.
  mutating func replace(with slots: [StoredItem]) {
    count = 0
    reserve(slots.count)
    count = slots.count
    unsafe slots.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      unsafe start.initialize(from: base, count: source.count)
    }
  }

  /// A copy of all slots.
  var slots: [StoredItem] {
    let count = count
    return unsafe [StoredItem](unsafeUninitializedCapacity: count) { buffer, initialized in
      for slot in 0..<count { unsafe buffer.initializeElement(at: slot, to: start[slot]) }
      initialized = count
    }
  }

  /// A copy of the items, without the free slots.
  var items: [StoredItem] {
    let count = count
    return unsafe [StoredItem](unsafeUninitializedCapacity: count) { buffer, initialized in
      for slot in 0..<count {
        let item = unsafe start[slot]
        if item.content != 0 {
          unsafe buffer.initializeElement(at: initialized, to: item)
          initialized += 1
        }
      }
    }
  }
}
