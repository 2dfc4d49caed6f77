/// Appends packed values to a growing array of bytes.
///
/// Integers are unsigned LEB128 ("varint": 7 bits a byte, low group first) or big-endian of a fixed
/// width; the latter keep numeric order when compared as bytes, so keys use them.
/// Appending is amortised O(1) per byte.
public struct ByteWriter {
  /// What has been written so far.
  public var bytes: [UInt8]

  /// Starts empty, with room for `capacity` bytes.
  @inlinable public init(capacity: Int = 0) {
    bytes = []
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// The number of bytes written.
  @inlinable public var count: Int { bytes.count }

  /// Forgets what was written and keeps the memory.
  @inlinable public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Appends one byte.
  @inlinable public mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// Appends bytes as they are.
  @inlinable public mutating func append(_ other: [UInt8]) { bytes.append(contentsOf: other) }

  /// Appends borrowed bytes as they are.
  @inlinable public mutating func append(_ span: RawSpan) {
    unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends `value` as a varint of 1 to 10 bytes.
  @inlinable public mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends a count or a length, which must not be negative, as a varint.
  @inlinable public mutating func append(varint value: Int) {
    append(varint: UInt64(value))
  }

  /// Appends a signed number as the varint of its zigzag form (0, -1, 1, -2, … become 0, 1, 2, 3, …).
  @inlinable public mutating func append(zigzag value: Int64) {
    append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// Appends an integer of fixed width, most significant byte first.
  @inlinable @inline(__always)
  public mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
    unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends the length as a varint, then the UTF-8 bytes.
  @inlinable public mutating func append(string: String) {
    var string = string
    string.withUTF8 { buffer in
      append(varint: buffer.count)
      unsafe bytes.append(contentsOf: buffer)
    }
  }

  /// Appends the length as a varint, then the bytes.
  @inlinable public mutating func append(lengthPrefixed other: [UInt8]) {
    append(varint: other.count)
    bytes.append(contentsOf: other)
  }
}
