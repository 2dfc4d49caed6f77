/// Hands over a text in UTF-8.
///
/// UTF-16 behind its byte order mark, which the shells of Windows write, is turned into it, and the mark
/// of UTF-8 is passed over. Everything else passes as it is.
final class TextSource: ByteSource {
  private enum Form { case unknown, bytes, bigEndian, littleEndian }

  private static let pieceByteCount = 1 << 16
  private let source: any ByteSource
  private var form = Form.unknown
  /// Text that was read and not handed over.
  private var text: [UInt8] = []
  /// Bytes of UTF-16 that are no whole character yet.
  private var rest: [UInt8] = []

  init(_ source: any ByteSource) { self.source = source }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard buffer.count > 0 else { return 0 }
    if form == .unknown { try begin() }
    if text.isEmpty {
      if form == .bytes { return try unsafe source.read(into: buffer) }
      try decode()
    }
    let count = min(text.count, buffer.count)
    unsafe buffer.copyBytes(from: text[..<count])
    text.removeFirst(count)
    return count
  }

  private func piece() throws -> [UInt8] {
    var piece = [UInt8](repeating: 0, count: Self.pieceByteCount)
    let count = try unsafe piece.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
    return Array(piece[..<count])
  }

  private func begin() throws {
    var bytes: [UInt8] = []
    while bytes.count < 3 {
      let more = try piece()
      if more.isEmpty { break }
      bytes += more
    }
    if bytes.starts(with: [0xfe, 0xff]) || bytes.starts(with: [0xff, 0xfe]) {
      form = bytes[0] == 0xfe ? .bigEndian : .littleEndian
      rest = Array(bytes.dropFirst(2))
    } else {
      form = .bytes
      text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
    }
  }

  /// Makes more text; none at the end.
  private func decode() throws {
    while text.isEmpty {
      let more = try piece()
      rest += more
      var units: [UInt16] = []
      for index in stride(from: 0, to: rest.count - 1, by: 2) {
        let (first, second) = (UInt16(rest[index]), UInt16(rest[index + 1]))
        units.append(form == .bigEndian ? first << 8 | second : second << 8 | first)
      }
      // The first half of a pair waits for the other.
      if !more.isEmpty, let last = units.last, (0xd800...0xdbff).contains(last) {
        units.removeLast()
      }
      rest.removeFirst(units.count * 2)
      text = Array(String(decoding: units, as: UTF16.self).utf8)
      if more.isEmpty { return }
    }
  }
}
