import Digests
import PackedBytes
import Synchronization

/// The slots that compressed changes make from nothing, for those that were read lately.
///
/// What a timeline begins with, and every keyframe, takes some 10 µs to decode and 0.3 µs to copy; all
/// questions about a node begin with one of them. Found by the bytes themselves, so that whatever is
/// here is never out of date. Memory: 16 bytes a slot, ``slotsMax`` slots.
final class DecodedFrames: Sendable {
  /// Those of all stores of the process.
  static let shared = DecodedFrames()

  /// Slots of all together; beyond it all are forgotten.
  private static let slotsMax = 4 << 20

  private struct Frame: Hashable {
    var bytes: Hash128
    var valid: UInt32
  }

  private struct Decoded {
    var slots: [Frame: [StoredItem]] = [:]
    var slotCount = 0
  }

  private let hash = KeyedHash()
  private let decoded = Mutex(Decoded())

  /// Puts the slots of a frame into an empty buffer: those that are known, or else those that
  /// `decode` puts there.
  func apply(
    _ bytes: RawSpan, at valid: UInt32, to slots: inout SlotBuffer,
    decode: (inout SlotBuffer) throws(PackedBytesError) -> Void
  ) throws(PackedBytesError) {
    let frame = Frame(bytes: hash.hash128(bytes), valid: valid)
    if let known = decoded.withLock({ $0.slots[frame] }) {
      slots.replace(with: known)
      return
    }
    try decode(&slots)
    let copy = slots.slots
    decoded.withLock { decoded in
      // Another reader may have been here first.
      guard decoded.slots[frame] == nil else { return }
      if decoded.slotCount + copy.count > Self.slotsMax { decoded = Decoded() }
      decoded.slotCount += copy.count
      decoded.slots[frame] = copy
    }
  }
}
