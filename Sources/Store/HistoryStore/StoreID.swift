import PackedBytes
import PlainText

/// What tells a store from every other: 16 random bytes, made with it and kept as long as it is.
///
/// A sequence number counts in one log. Who follows a log keeps the store's id beside the number, and begins
/// anew where another store stands in its place. Copies and backups have the id of the store that they were made
/// of.
public struct StoreID: Hashable, Sendable, CustomStringConvertible {
  let high: UInt64
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// One that no store has.
  package static func random() -> StoreID {
    StoreID(high: .random(in: 1 ... .max), low: .random(in: .min ... .max))
  }

  /// 32 small hexadecimal digits.
  public var description: String {
    var writer = ByteWriter(capacity: 16)
    writer.append(bigEndian: high)
    writer.append(bigEndian: low)
    return Hex.text(writer.bytes)
  }
}
