import Glibc

/// Cuts a source into lines, and never holds more of a line than its limit.
///
/// Safe because the memory is its own, and nothing reaches beyond what was read into it.
@safe final class LineReader {
  /// One line, without its end.
  enum Line: Equatable {
    case bytes([UInt8])
    /// Longer than the limit; what it held is gone.
    case tooLong(byteCount: Int)
  }

  /// The number of the line read last, from 1.
  private(set) var lineNumber = 0
  private let source: any ByteSource
  private let lineByteCountMax: Int
  private let chunkByteCount: Int
  private var buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  /// Where to look for the next line end: everything before has none.
  private var scanned = 0
  private var isAtEnd = false

  /// Reads lines of at most `lineByteCountMax` bytes, asking for `chunkByteCount` at a time.
  init(_ source: any ByteSource, lineByteCountMax: Int, chunkByteCount: Int = 1 << 20) {
    self.source = source
    self.lineByteCountMax = lineByteCountMax
    self.chunkByteCount = chunkByteCount
    unsafe buffer = .allocate(byteCount: chunkByteCount * 2, alignment: 16)
  }

  deinit { unsafe buffer.deallocate() }

  /// The next line, or nil at the end; a last line without a line end counts.
  func next() throws -> Line? {
    var dropped = 0
    while true {
      if let newline = findNewline() {
        defer {
          start = newline + 1
          scanned = start
        }
        return line(from: start, to: newline, dropped: dropped)
      }
      // One more, which may turn out to be the first half of a line end of two bytes.
      if end - start > lineByteCountMax + 1 || dropped > 0 {
        dropped += end - start
        (start, end, scanned) = (0, 0, 0)
      }
      if try !fill() {
        guard end > start || dropped > 0 else { return nil }
        defer { (start, end, scanned) = (0, 0, 0) }
        return line(from: start, to: end, dropped: dropped)
      }
    }
  }

  private func line(from: Int, to: Int, dropped: Int) -> Line {
    lineNumber += 1
    var count = to - from
    if dropped == 0, count > 0, unsafe buffer[to - 1] == 0x0d { count -= 1 }
    guard dropped == 0, count <= lineByteCountMax else {
      return .tooLong(byteCount: dropped + to - from)
    }
    return .bytes(unsafe [UInt8](buffer[from..<(from + count)]))
  }

  private func findNewline() -> Int? {
    guard scanned < end, let base = unsafe buffer.baseAddress else { return nil }
    let from = unsafe base + scanned
    guard let hit = unsafe memchr(from, 0x0a, end - scanned) else {
      scanned = end
      return nil
    }
    return unsafe UnsafeRawPointer(hit) - UnsafeRawPointer(base)
  }

  /// Reads more after what is there; false at the end.
  private func fill() throws -> Bool {
    guard !isAtEnd else { return false }
    if unsafe buffer.count - end < chunkByteCount, start > 0 {
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
      (scanned, end, start) = (scanned - start, end - start, 0)
    }
    if unsafe buffer.count - end < chunkByteCount {
      let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
        byteCount: buffer.count * 2, alignment: 16)
      unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<end]))
      unsafe buffer.deallocate()
      unsafe buffer = larger
    }
    let room = unsafe UnsafeMutableRawBufferPointer(
      rebasing: buffer[end..<(end + chunkByteCount)])
    let count = try unsafe source.read(into: room)
    end += count
    isAtEnd = count == 0
    return count > 0
  }
}
