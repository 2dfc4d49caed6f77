import Digests
import Inventory
import PackedBytes

/// The writer's table of all contents of a scope: from an item's bytes to its number.
///
/// Open addressing over the keyed hash; a hit is decided by comparing the bytes, so that no node can
/// plant its content under another's hash. Memory: the bytes and 27 more per content. A lookup
/// costs two cache misses and a comparison.
struct ContentDictionary {
  /// Content bytes lie in chunks, so that growing never copies them.
  private var chunks: [[UInt8]] = []
  private static let chunkByteCount = 1 << 20

  private struct Entry {
    var chunk: UInt32
    var offset: UInt32
    var byteCount: UInt32
    var type: TypeNumber
    var hash: UInt64
  }

  /// By content number; number 0 is nobody's.
  private var entries: [Entry] = [
    Entry(chunk: 0, offset: 0, byteCount: 0, type: 0, hash: 0)
  ]
  /// The identity of each content; 0 where not looked up yet.
  var identities: [IdentityNumber] = [0]
  private var slots: [ContentID] = [ContentID](repeating: 0, count: 1 << 10)

  init() {}

  /// The number that the next content gets.
  var next: ContentID { ContentID(entries.count) }

  /// The content's bytes; empty for one that was erased.
  @_lifetime(borrow self)
  func bytes(of content: ContentID) -> RawSpan {
    let entry = entries[Int(content)]
    guard entry.byteCount > 0 else { return RawSpan() }
    let span = chunks[Int(entry.chunk)].span.bytes.extracting(
      Int(entry.offset)..<Int(entry.offset + entry.byteCount))
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Folds the type into a hash: two types never share a number.
  static func hash(_ hash: UInt64, type: TypeNumber) -> UInt64 {
    (hash ^ UInt64(type)) &* 0x9e37_79b9_7f4a_7c15
  }

  /// The number of a content, or nil where it is new.
  func find(_ bytes: RawSpan, hash: UInt64, type: TypeNumber) -> ContentID? {
    let folded = Self.hash(hash, type: type)
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: folded >> 20) & mask
    while slots[slot] != 0 {
      let id = slots[slot]
      let entry = entries[Int(id)]
      if entry.hash == folded, entry.type == type, Int(entry.byteCount) == bytes.byteCount,
        self.bytes(of: id).isEqual(to: bytes)
      {
        return id
      }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Gives a content the next number.
  mutating func append(_ bytes: RawSpan, hash: UInt64, type: TypeNumber) -> ContentID {
    if chunks.isEmpty || chunks[chunks.count - 1].count + bytes.byteCount > Self.chunkByteCount {
      chunks.append([])
      chunks[chunks.count - 1].reserveCapacity(max(Self.chunkByteCount, bytes.byteCount))
    }
    let id = next
    let last = chunks.count - 1
    entries.append(
      Entry(
        chunk: UInt32(last), offset: UInt32(chunks[last].count),
        byteCount: UInt32(bytes.byteCount), type: type, hash: Self.hash(hash, type: type)))
    unsafe bytes.withUnsafeBytes { unsafe chunks[last].append(contentsOf: $0) }
    identities.append(0)
    if bytes.byteCount > 0 { insertSlot(id) }
    return id
  }

  private mutating func insertSlot(_ id: ContentID) {
    if entries.count * 2 > slots.count {
      slots = [ContentID](repeating: 0, count: slots.count * 2)
      for other in 1..<entries.count where entries[other].byteCount > 0 {
        place(ContentID(other))
      }
    } else {
      place(id)
    }
  }

  private mutating func place(_ id: ContentID) {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: entries[Int(id)].hash >> 20) & mask
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = id
  }
}
