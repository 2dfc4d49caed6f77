import Digests
import Inventory
import PackedBytes

/// The writer's table of all contents of a scope: from an item's bytes to its number.
///
/// Open addressing over the keyed hash; a hit is decided by comparing the bytes, so that no node can
/// plant its content under another's hash. Memory: the bytes and 27 more per content. A lookup
/// costs two cache misses and a comparison.
final class ContentDictionary {
  private let arena = ByteArena()

  private struct Entry {
    var place: ByteArena.Place
    var type: TypeNumber
    var isFull: Bool
    var hash: UInt64
  }

  /// By content number; number 0 is nobody's.
  // Exclusivity is unchecked: no method calls out while it reads or writes these.
  @exclusivity(unchecked) private var entries: [Entry] = [
    Entry(place: .none, type: 0, isFull: false, hash: 0)
  ]
  /// The identity of each content; 0 where not looked up yet.
  @exclusivity(unchecked) var identities: [IdentityNumber] = [0]
  @exclusivity(unchecked) private var slots: [ContentID] = [ContentID](repeating: 0, count: 1 << 10)

  init() {}

  /// The number that the next content gets.
  var next: ContentID { unsafe ContentID(entries.count) }

  /// The content's bytes; empty for one that was erased.
  @_lifetime(borrow self)
  func bytes(of content: ContentID) -> RawSpan {
    let arena = arena
    let span = unsafe arena.span(at: entries[Int(content)].place)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Whether the content was defined by all its values, so that others can differ from it.
  func isFull(_ content: ContentID) -> Bool { unsafe entries[Int(content)].isFull }

  /// Folds the type into a hash: two types never share a number.
  static func hash(_ hash: UInt64, type: TypeNumber) -> UInt64 {
    (hash ^ UInt64(type)) &* 0x9e37_79b9_7f4a_7c15
  }

  /// The number of a content, or nil where it is new.
  func find(_ bytes: RawSpan, hash: UInt64, type: TypeNumber) -> ContentID? {
    let folded = Self.hash(hash, type: type)
    let mask = unsafe slots.count - 1
    var slot = Int(truncatingIfNeeded: folded >> 20) & mask
    while unsafe slots[slot] != 0 {
      let id = unsafe slots[slot]
      let entry = unsafe entries[Int(id)]
      if entry.hash == folded, entry.type == type, Int(entry.place.byteCount) == bytes.byteCount,
        self.bytes(of: id).isEqual(to: bytes)
      {
        return id
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Gives a content the next number.
  func append(
    _ bytes: RawSpan, hash: UInt64, type: TypeNumber, isFull: Bool
  ) -> ContentID {
    let id = next
    unsafe entries.append(
      Entry(
        place: arena.append(bytes), type: type, isFull: isFull,
        hash: Self.hash(hash, type: type)))
    unsafe identities.append(0)
    if type != 0 { insertSlot(id) }
    return id
  }

  private func insertSlot(_ id: ContentID) {
    if unsafe entries.count * 2 > slots.count {
      unsafe slots = [ContentID](repeating: 0, count: slots.count * 2)
      for other in unsafe 1..<entries.count where unsafe entries[other].type != 0 {
        place(ContentID(other))
      }
    } else {
      place(id)
    }
  }

  private func place(_ id: ContentID) {
    let mask = unsafe slots.count - 1
    var slot = unsafe Int(truncatingIfNeeded: entries[Int(id)].hash >> 20) & mask
    while unsafe slots[slot] != 0 { slot = (slot + 1) & mask }
    unsafe slots[slot] = id
  }
}
