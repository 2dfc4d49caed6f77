/// Bytes that only grow, for the hottest loops: appending costs a bounds check and a copy, without
/// the bookkeeping of an array.
///
/// Safe because the memory is only ever reached through borrowed spans of what was written.
/// Unchecked sendable because whoever fills it is done before it is shared: nothing appends to a
/// buffer that is part of a finished report.
@safe public final class GrowingBytes: @unchecked Sendable {
  // Exclusivity is unchecked: no method calls out while it reads or writes these.
  @exclusivity(unchecked) @usableFromInline var start: UnsafeMutableRawPointer
  @exclusivity(unchecked) @usableFromInline var capacity: Int
  /// The number of bytes written.
  @inlinable public var count: Int { unsafe filled }
  @exclusivity(unchecked) @usableFromInline var filled = 0

  /// Starts empty with room for `capacity` bytes.
  public init(capacity: Int) {
    unsafe self.capacity = max(64, capacity)
    unsafe start = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { unsafe start.deallocate() }

  /// What was written, from `lower` to `upper`.
  @inlinable @_lifetime(borrow self)
  public func span(_ lower: Int, _ upper: Int) -> RawSpan {
    unsafe precondition(lower >= 0 && lower <= upper && upper <= filled)
    let span = unsafe RawSpan(
      _unsafeStart: UnsafeRawPointer(start.advanced(by: lower)), byteCount: upper - lower)
    return unsafe _overrideLifetime(span, borrowing: self)
  }

  /// Makes room for further bytes.
  @inlinable public func reserve(_ additional: Int) {
    if unsafe filled + additional > capacity { grow(additional) }
  }

  @usableFromInline func grow(_ additional: Int) {
    let larger = unsafe max(capacity * 2, filled + additional)
    let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    unsafe moved.copyMemory(from: start, byteCount: filled)
    unsafe start.deallocate()
    unsafe start = moved
    unsafe capacity = larger
  }

  /// Appends borrowed bytes.
  @inlinable public func append(_ span: RawSpan) {
    let length = span.byteCount
    reserve(length)
    unsafe span.withUnsafeBytes { source in
      if let from = source.baseAddress {
        unsafe start.advanced(by: filled).copyMemory(from: from, byteCount: length)
      }
    }
    unsafe filled += length
  }

  /// Appends a count as a varint.
  @inlinable public func append(varint value: Int) {
    reserve(10)
    var rest = UInt64(value)
    while rest >= 0x80 {
      unsafe start.storeBytes(
        of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: filled, as: UInt8.self)
      unsafe filled += 1
      rest >>= 7
    }
    unsafe start.storeBytes(
      of: UInt8(truncatingIfNeeded: rest), toByteOffset: filled, as: UInt8.self)
    unsafe filled += 1
  }
}
