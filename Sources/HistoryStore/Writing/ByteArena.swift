/// Bytes that stay where they are: appended to chunks that are never moved, freed all together.
///
/// Safe because a place is only ever given out for bytes already written, which nothing changes.
@safe final class ByteArena {
  /// Where some bytes lie.
  struct Place {
    var chunk: UInt32
    var offset: UInt32
    var byteCount: UInt32

    static let none = Place(chunk: 0, offset: 0, byteCount: 0)
  }

  private static let chunkByteCount = 1 << 20
  @exclusivity(unchecked) private var chunks: [UnsafeMutableRawPointer] = []
  private var used = 0
  private var capacity = 0

  deinit {
    for index in unsafe chunks.indices { unsafe chunks[index].deallocate() }
  }

  /// Copies bytes to the end.
  func append(_ bytes: RawSpan) -> Place {
    if unsafe chunks.isEmpty || used + bytes.byteCount > capacity {
      capacity = max(Self.chunkByteCount, bytes.byteCount)
      unsafe chunks.append(.allocate(byteCount: capacity, alignment: 1))
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

  /// The bytes at a place; valid for as long as the arena is.
  @unsafe func bytes(at place: Place) -> UnsafeRawBufferPointer {
    guard place.byteCount > 0 else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeRawBufferPointer(
      start: chunks[Int(place.chunk)].advanced(by: Int(place.offset)),
      count: Int(place.byteCount))
  }
}
