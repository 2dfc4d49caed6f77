public import Glibc

/// A packed value that does not decode: the bytes end early, or a number does not fit.
public struct PackedBytesError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where in the value, in bytes from its start.
  public let offset: Int
  /// What was expected there.
  public let expected: StaticString

  /// Takes the place and what was expected there.
  @inlinable public init(offset: Int, expected: StaticString) {
    self.offset = offset
    self.expected = expected
  }

  /// A sentence with the place.
  public var description: String { "at byte \(offset), \(expected) was expected" }

  /// Compares by place and text.
  public static func == (a: Self, b: Self) -> Bool {
    a.offset == b.offset && a.expected.description == b.expected.description
  }

  /// Hashes the place.
  public func hash(into hasher: inout Hasher) { hasher.combine(offset) }
}

/// Reads packed values one after another from borrowed bytes; the inverse of ``ByteWriter``.
///
/// Every read checks its bounds, so hostile bytes give an error and never a wild read.
public struct ByteReader: ~Escapable {
  /// All the bytes.
  public let bytes: RawSpan
  /// The next byte to be read.
  public var offset: Int

  /// Starts at the first byte of `bytes`.
  @inlinable @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.bytes = bytes
    offset = 0
  }

  /// Whether nothing is left.
  @inlinable public var isAtEnd: Bool { offset >= bytes.byteCount }

  /// How many bytes are left.
  @inlinable public var remaining: Int { bytes.byteCount - offset }

  /// The place of the next byte.
  @inlinable public var position: Int { offset }

  /// Reads one byte.
  @inlinable @_lifetime(self: copy self)
  public mutating func byte() throws(PackedBytesError) -> UInt8 {
    guard offset < bytes.byteCount else {
      throw PackedBytesError(offset: offset, expected: "a byte")
    }
    let value = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    offset += 1
    return value
  }

  /// Reads a varint.
  @inlinable @_lifetime(self: copy self)
  public mutating func varint() throws(PackedBytesError) -> UInt64 {
    let end = bytes.byteCount
    guard offset < end else { throw PackedBytesError(offset: offset, expected: "a varint") }
    let first = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    if first < 0x80 {
      offset += 1
      return UInt64(first)
    }
    var value: UInt64 = UInt64(first & 0x7f)
    var shift: UInt64 = 7
    var at = offset + 1
    while at < end {
      let next = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
      if shift == 63 && next > 1 { break }
      value |= UInt64(next & 0x7f) << shift
      at += 1
      if next < 0x80 {
        offset = at
        return value
      }
      shift += 7
      if shift > 63 { break }
    }
    throw PackedBytesError(offset: offset, expected: "a varint of at most 64 bits")
  }

  /// Reads a count or a length that must be at most `limit`.
  @inlinable @_lifetime(self: copy self)
  public mutating func count(limit: Int) throws(PackedBytesError) -> Int {
    let at = offset
    let value = try varint()
    guard value <= UInt64(limit) else {
      throw PackedBytesError(offset: at, expected: "a count within its limit")
    }
    return Int(value)
  }

  /// Reads how many values follow, each of which takes a byte at least.
  ///
  /// The bytes that are left are the limit: whatever a writer wrote is within it, and no number is
  /// believed that the bytes cannot hold.
  @inlinable @_lifetime(self: copy self)
  public mutating func followingCount() throws(PackedBytesError) -> Int {
    let at = offset
    let value = try varint()
    guard value <= UInt64(remaining) else {
      throw PackedBytesError(offset: at, expected: "a count of what follows")
    }
    return Int(value)
  }

  /// Reads a varint that must fit 32 bits.
  @inlinable @_lifetime(self: copy self)
  public mutating func varint32() throws(PackedBytesError) -> UInt32 {
    let at = offset
    let value = try varint()
    guard let narrow = UInt32(exactly: value) else {
      throw PackedBytesError(offset: at, expected: "a varint of at most 32 bits")
    }
    return narrow
  }

  /// Reads a zigzag varint.
  @inlinable @_lifetime(self: copy self)
  public mutating func zigzag() throws(PackedBytesError) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// Reads an integer of fixed width, most significant byte first.
  @inlinable @inline(__always) @_lifetime(self: copy self)
  public mutating func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type = T.self
  ) throws(PackedBytesError) -> T {
    guard remaining >= MemoryLayout<T>.size else {
      throw PackedBytesError(offset: offset, expected: "an integer of fixed width")
    }
    let value = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: T.self)
    offset += MemoryLayout<T>.size
    return T(bigEndian: value)
  }

  /// Borrows the next `count` bytes.
  @inlinable @_lifetime(copy self) @_lifetime(self: copy self)
  public mutating func span(count: Int) throws(PackedBytesError) -> RawSpan {
    guard count >= 0, count <= remaining else {
      throw PackedBytesError(offset: offset, expected: "more bytes")
    }
    let part = unsafe bytes.extracting(unchecked: offset..<(offset + count))
    offset += count
    return part
  }

  /// Borrows bytes that follow their length.
  @inlinable @_lifetime(copy self) @_lifetime(self: copy self)
  public mutating func lengthPrefixedSpan() throws(PackedBytesError) -> RawSpan {
    let length = try count(limit: bytes.byteCount)
    return try span(count: length)
  }

  /// Copies bytes that follow their length.
  @inlinable @_lifetime(self: copy self)
  public mutating func lengthPrefixedBytes() throws(PackedBytesError) -> [UInt8] {
    let part = try lengthPrefixedSpan()
    return [UInt8](copying: part)
  }

  /// Reads a string that follows its length; invalid UTF-8 is an error.
  @inlinable @_lifetime(self: copy self)
  public mutating func string() throws(PackedBytesError) -> String {
    let at = offset
    let part = try lengthPrefixedSpan()
    guard let text = String(validating: part) else {
      throw PackedBytesError(offset: at, expected: "valid UTF-8")
    }
    return text
  }
}

extension [UInt8] {
  /// Copies borrowed bytes.
  @inlinable public init(copying span: RawSpan) {
    self = unsafe span.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

extension String {
  /// The string that borrowed UTF-8 spells, or nil where it is not valid UTF-8.
  @inlinable public init?(validating span: RawSpan) {
    guard
      let text = unsafe span.withUnsafeBytes({ unsafe String(validating: $0, as: UTF8.self) })
    else { return nil }
    self = text
  }
}

extension RawSpan {
  /// Whether both hold the same bytes.
  @inlinable public func isEqual(to other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    return unsafe withUnsafeBytes { a in
      unsafe other.withUnsafeBytes { b in
        guard let left = a.baseAddress, let right = b.baseAddress else { return true }
        return unsafe memcmp(left, right, a.count) == 0
      }
    }
  }
}

extension RawSpan {
  /// Whether a byte occurs; scans at memory speed.
  public func contains(byte: UInt8) -> Bool {
    unsafe withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return false }
      return unsafe memchr(start, Int32(byte), bytes.count) != nil
    }
  }
}

extension RawSpan {
  /// Where some bytes first occur at or after `from`; nil where they do not.
  ///
  /// Looks for the last of them with the C library's scan, so choose needles that end rarely.
  public func firstIndex(of needle: RawSpan, from: Int) -> Int? {
    let length = needle.byteCount
    guard length > 0, from >= 0, from + length <= byteCount else { return nil }
    let last = unsafe needle.unsafeLoad(fromByteOffset: length - 1, as: UInt8.self)
    var at = from + length - 1
    while at < byteCount {
      let next = unsafe withUnsafeBytes { bytes -> Int? in
        guard let start = bytes.baseAddress,
          let found = unsafe memchr(start + at, Int32(last), bytes.count - at)
        else { return nil }
        return unsafe UnsafeRawPointer(found) - start
      }
      guard let next else { return nil }
      let start = next - length + 1
      if extracting(start..<(next + 1)).isEqual(to: needle) { return start }
      at = next + 1
    }
    return nil
  }
}
