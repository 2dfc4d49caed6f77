import Inventory
import PackedBytes

/// An item as the store keeps it: the number of its shared content, and its occurrence beside.
struct StoredItem: Hashable, Comparable {
  /// 0 where a slot is free.
  var content: ContentID
  var occurrence: Occurrence

  static let free = StoredItem(content: 0, occurrence: .none)

  static func < (a: Self, b: Self) -> Bool {
    (a.content, a.occurrence.rawValue) < (b.content, b.occurrence.rawValue)
  }

  // `Occurrence` says the same; calls across modules would cost more than what they do.

  /// The seconds of the occurrence, for a time.
  var seconds: Int64? {
    let bits = occurrence.rawValue
    guard bits & 3 == 1 else { return nil }
    return Int64(bitPattern: bits >> 3) ^ -Int64(bitPattern: bits >> 2 & 1)
  }

  /// The id of the occurrence's bytes, for one that is more than a time.
  var complexID: ContentID? {
    let bits = occurrence.rawValue
    return bits & 3 == 2 ? ContentID(truncatingIfNeeded: bits >> 2) : nil
  }

  static func == (a: Self, b: Self) -> Bool {
    a.content == b.content && a.occurrence.rawValue == b.occurrence.rawValue
  }
}

/// The items of one observation, each in a slot that it keeps while it is there.
///
/// Slots make a change cheap to write (one small number instead of an id) and to apply (one array
/// store), so that a state is rebuilt at about 3 ns per event. Their order means nothing to a user.
struct Layout: Equatable {
  /// The slots, free ones among them; never ends with a free one.
  private(set) var slots: [StoredItem] = []

  init() {}

  init(slots: [StoredItem]) {
    self.slots = slots
    trim()
  }

  /// The number of items.
  var itemCount: Int { slots.reduce(0) { $0 + ($1.content == 0 ? 0 : 1) } }

  /// The items in slot order.
  var items: [StoredItem] { slots.filter { $0.content != 0 } }

  /// Puts items into their slots.
  mutating func apply(_ operations: [SlotChange]) {
    for operation in operations {
      let slot = Int(operation.slot)
      while slot >= slots.count { slots.append(.free) }
      slots[slot] = operation.item
    }
    trim()
  }

  private mutating func trim() {
    while let last = slots.last, last.content == 0 { slots.removeLast() }
  }

  /// What makes `self` into `other`, slot by slot.
  func changes(to other: Layout) -> [SlotChange] {
    var changes: [SlotChange] = []
    for slot in 0..<max(slots.count, other.slots.count) {
      let old = slot < slots.count ? slots[slot] : .free
      let new = slot < other.slots.count ? other.slots[slot] : .free
      if old != new { changes.append(SlotChange(slot: UInt32(slot), item: new)) }
    }
    return changes
  }
}

/// A new occupant of a slot; a free item clears it.
struct SlotChange: Equatable {
  var slot: UInt32
  var item: StoredItem
}

/// The packed form of slot changes, the heart of the log, of the timeline and of keyframes.
///
/// `count`, then for each change, in order of slots: varint `gap << 1 | clears`, and unless it
/// clears: zigzag difference of the content id to the one before, and the occurrence: varint
/// `0` none, `1 + 2 * zigzag(seconds - seconds before)` time, `2 + 2 * id` complex. The first time is
/// relative to the valid time of what the changes make, which lies near it as a rule.
/// Neighbouring slots, ids given in a row and equal times all cost one byte each.
enum SlotChangeCodec {
  /// Slots of one observation at most, and so changes.
  ///
  /// No report has more items (``HistoryStore`` holds `ReportLimits.itemsMax` to it), and items take
  /// the lowest slots that are free, so no layout has more slots than the largest has items.
  static let slotsMax = 1 << 20

  /// Bytes of changes at most: their number, then for each slot a head of a slot's number and one
  /// bit, a step between content numbers, and an occurrence of up to 64 bits.
  static let byteCountMax = 3 + slotsMax * (4 + 5 + 10)

  static func encode(
    _ changes: [SlotChange], at valid: UInt32, into writer: inout ByteWriter
  ) {
    precondition(changes.count <= slotsMax, "more slots than an observation has")
    writer.append(varint: changes.count)
    var nextSlot: UInt32 = 0
    var content: Int64 = 0
    var seconds = Int64(valid)
    for change in changes {
      let gap = UInt64(change.slot &- nextSlot)
      nextSlot = change.slot &+ 1
      guard change.item.content != 0 else {
        writer.append(varint: gap << 1 | 1)
        continue
      }
      writer.append(varint: gap << 1)
      writer.append(zigzag: Int64(change.item.content) - content)
      content = Int64(change.item.content)
      if let time = change.item.occurrence.seconds {
        let difference = time - seconds
        let zigzag = UInt64(bitPattern: (difference << 1) ^ (difference >> 63))
        writer.append(varint: zigzag << 1 | 1)
        seconds = time
      } else if let id = change.item.occurrence.complexID {
        writer.append(varint: (UInt64(id) << 1) + 2)
      } else {
        writer.append(varint: 0 as UInt64)
      }
    }
  }

  /// Reads one change after another and hands it over.
  ///
  /// The hottest loop of every question: it keeps its place in a register and checks each byte
  /// against the end once.
  @inline(__always) @_lifetime(reader: copy reader)
  static func decode(
    _ reader: inout ByteReader, at valid: UInt32, _ body: (SlotChange) -> Void
  ) throws(PackedBytesError) {
    let count = try reader.count(limit: slotsMax)
    let bytes = reader.bytes
    var at = reader.position
    var nextSlot: UInt64 = 0
    var content: Int64 = 0
    var seconds = Int64(valid)
    let free = StoredItem.free
    // Up to here sixteen bytes can be loaded unseen.
    let plainEnd = bytes.byteCount - 16
    for _ in 0..<count {
      var head: UInt64
      var step: UInt64 = 0
      var tag: UInt64 = 0
      if at <= plainEnd, let plain = PlainChange(bytes, at) {
        (head, step, tag) = (plain.head, plain.step, plain.tag)
        at = plain.end
      } else {
        head = try varint(bytes, &at)
        if head & 1 == 0 {
          step = try varint(bytes, &at)
          tag = try varint(bytes, &at)
        }
      }
      let slot = nextSlot &+ (head >> 1)
      guard slot < UInt64(slotsMax) else {
        throw PackedBytesError(offset: at, expected: "a slot within its limit")
      }
      nextSlot = slot &+ 1
      if head & 1 == 1 {
        body(SlotChange(slot: UInt32(truncatingIfNeeded: slot), item: free))
        continue
      }
      content &+= Int64(bitPattern: step >> 1) ^ -Int64(bitPattern: step & 1)
      guard content > 0, content <= Int64(UInt32.max) else {
        throw PackedBytesError(offset: at, expected: "a content id")
      }
      var item = free
      item.content = ContentID(truncatingIfNeeded: content)
      if tag & 1 == 1 {
        let zigzag = tag >> 1
        seconds &+= Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
        item.occurrence.rawValue = UInt64(bitPattern: (seconds << 1) ^ (seconds >> 63)) << 2 | 1
      } else if tag != 0 {
        item.occurrence.rawValue = ((tag &- 2) >> 1 & 0xffff_ffff) << 2 | 2
      }
      body(SlotChange(slot: UInt32(truncatingIfNeeded: slot), item: item))
    }
    _ = try reader.span(count: at - reader.position)
  }

  /// A varint at a place, which moves behind it; one and two bytes are read in line.
  @inline(__always)
  private static func varint(_ bytes: RawSpan, _ at: inout Int) throws(PackedBytesError) -> UInt64 {
    let end = bytes.byteCount
    guard at < end else { throw PackedBytesError(offset: at, expected: "a varint") }
    let first = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
    if first < 0x80 {
      at &+= 1
      return UInt64(first)
    }
    if at &+ 1 < end {
      let second = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at &+ 1, as: UInt8.self)
      if second < 0x80 {
        at &+= 2
        return UInt64(first & 0x7f) | UInt64(second) << 7
      }
    }
    let long = try longVarint(bytes, at)
    at = long.end
    return long.value
  }

  /// A varint of any length.
  @inline(never)
  private static func longVarint(
    _ bytes: RawSpan, _ at: Int
  ) throws(PackedBytesError) -> (value: UInt64, end: Int) {
    var reader = ByteReader(bytes)
    _ = try reader.span(count: at)
    return (try reader.varint(), reader.position)
  }

}

/// A change of the usual form: one byte for the slot, up to three for the content, up to eight for
/// the occurrence.
///
/// How many bytes a number has is no better known than the toss of a coin, so nothing branches on it
/// but the length of an occurrence, which most often is one.
private struct PlainChange {
  let head: UInt64
  let step: UInt64
  let tag: UInt64
  let end: Int

  /// Reads a change at a place with sixteen bytes to come; nil for one of another form.
  @inline(__always)
  init?(_ bytes: RawSpan, _ at: Int) {
    var word = UInt64(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
    guard word & 0x81 == 0 else { return nil }
    head = word & 0xff
    word >>= 8
    let ends = ~word & 0x80_8080
    guard ends != 0 else { return nil }
    let bits = UInt64(ends.trailingZeroBitCount) &+ 1
    let content = word & ((1 &<< bits) &- 1)
    step = content & 0x7f | content >> 1 & 0x3f80 | content >> 2 & 0x1f_c000
    word = word &>> bits
    let next = at &+ 1 &+ Int(truncatingIfNeeded: bits >> 3)
    if word & 0x80 == 0 {
      tag = word & 0xff
      end = next &+ 1
      return
    }
    word = UInt64(
      littleEndian: unsafe bytes.unsafeLoadUnaligned(
        fromUncheckedByteOffset: next, as: UInt64.self))
    let tagEnds = ~word & 0x8080_8080_8080_8080
    guard tagEnds != 0 else { return nil }
    // The bits up to the first byte without a mark, then the gaps of the marks closed.
    var value = word & (tagEnds ^ (tagEnds &- 1)) & 0x7f7f_7f7f_7f7f_7f7f
    value = value & 0x007f_007f_007f_007f | (value & 0x7f00_7f00_7f00_7f00) >> 1
    value = value & 0x0000_3fff_0000_3fff | (value & 0x3fff_0000_3fff_0000) >> 2
    tag = value & 0x0000_0000_0fff_ffff | (value & 0x0fff_ffff_0000_0000) >> 4
    end = next &+ tagEnds.trailingZeroBitCount / 8 &+ 1
  }
}
