/// Bytes that stay where they are: appended to chunks that are never moved, freed all together.
///
/// Safe because a place is only ever given out for bytes already written, which nothing changes.
@safe public final class ByteArena {
  /// Where some bytes lie.
  public struct Place: Sendable {
    @usableFromInline var chunk: UInt32
    @usableFromInline var offset: UInt32
    /// How many there are.
    public var byteCount: UInt32

    @inlinable init(chunk: UInt32, offset: UInt32, byteCount: UInt32) {
      self.chunk = chunk
      self.offset = offset
      self.byteCount = byteCount
    }

    /// No bytes.
    public static let none = Place(chunk: 0, offset: 0, byteCount: 0)
  }

  private static let chunkByteCount = 1 << 20
  @exclusivity(unchecked) @usableFromInline var chunks: [UnsafeMutableRawPointer] = unsafe []
  private var used = 0
  private var capacity = 0
  /// Bytes of all chunks.
  public private(set) var allocatedByteCount = 0

  /// Starts empty.
  public init() {}

  deinit {
    for index in unsafe chunks.indices { unsafe chunks[index].deallocate() }
  }

  /// Copies bytes to the end.
  public func append(_ bytes: RawSpan) -> Place {
    if unsafe chunks.isEmpty || used + bytes.byteCount > capacity {
      capacity = max(Self.chunkByteCount, bytes.byteCount)
      unsafe chunks.append(.allocate(byteCount: capacity, alignment: 1))
      allocatedByteCount += capacity
      used = 0
    }
    let place = unsafe Place(
      chunk: UInt32(chunks.count - 1), offset: UInt32(used), byteCount: UInt32(bytes.byteCount))
    unsafe bytes.withUnsafeBytes { source in
      if let start = source.baseAddress {
        unsafe chunks[chunks.count - 1].advanced(by: used).copyMemory(
          from: start, byteCount: source.count)
      }
    }
    used += bytes.byteCount
    return place
  }

  /// The bytes at a place of this arena.
  @inlinable @_lifetime(borrow self)
  public func span(at place: Place) -> RawSpan {
    guard place.byteCount > 0 else { return RawSpan() }
    let span = unsafe RawSpan(
      _unsafeStart: UnsafeRawPointer(
        chunks[Int(place.chunk)].advanced(by: Int(place.offset))),
      byteCount: Int(place.byteCount))
    return unsafe _overrideLifetime(span, borrowing: self)
  }
}
