import CSimdJSON

/// JSON that does not parse.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  /// simdjson's own error code.
  public let code: Int32

  /// simdjson's own text, without the name of its constant that it begins with.
  public var description: String {
    let text = unsafe String(cString: csimdjson_error_text(code))
    let parts = text.split(separator: ": ", maxSplits: 1)
    let isNamed =
      parts.count == 2 && parts[0].utf8.allSatisfy { (65...90).contains($0) || $0 == 95 }
    return isNamed ? String(parts[1]) : text
  }
}

/// Parses JSON with simdjson and lends out the tape: the whole document as a flat list of words.
///
/// The text is checked in full: UTF-8, structure, escapes, numbers, depth. Not checked: members of
/// one name twice, which JSON allows. A parser keeps its buffers, so use one for many documents;
/// memory stays at about 11 bytes per byte of the largest document.
@safe public final class TapeParser {
  private let parser: OpaquePointer

  /// Makes a parser for documents nested at most `maxDepth` levels deep.
  public init(maxDepth: Int) {
    guard let parser = unsafe csimdjson_parser_new(maxDepth) else {
      preconditionFailure("no memory for a JSON parser")
    }
    unsafe self.parser = parser
  }

  deinit { unsafe csimdjson_parser_free(parser) }

  /// The mark with which some programs of Windows begin a text in UTF-8.
  private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

  /// Parses one document; the tape of the document before is gone.
  ///
  /// A byte order mark before it is passed over, which RFC 8259 allows in section 8.1.
  public func parse(_ text: RawSpan) throws(JSONError) {
    let code = unsafe text.withUnsafeBytes { bytes in
      var bytes = unsafe bytes
      if unsafe bytes.starts(with: Self.byteOrderMark) {
        unsafe bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(Self.byteOrderMark.count))
      }
      guard let start = bytes.baseAddress else {
        // simdjson's EMPTY, which it answers for zero bytes.
        return unsafe csimdjson_parse(parser, [0x20], 1)
      }
      return unsafe csimdjson_parse(
        parser, start.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
    if code != 0 { throw JSONError(code: code) }
  }

  /// The tape of the document parsed last.
  public var tape: Tape {
    @_lifetime(borrow self) get {
      var wordCount = 0
      var byteCount = 0
      guard let words = unsafe csimdjson_tape(parser, &wordCount),
        let strings = unsafe csimdjson_strings(parser, &byteCount)
      else { preconditionFailure("there is no tape before the first parse") }
      let tape = unsafe Tape(
        words: Span(_unsafeStart: words, count: wordCount + 1),
        strings: RawSpan(_unsafeStart: UnsafeRawPointer(strings), byteCount: byteCount))
      return unsafe _overrideLifetime(tape, borrowing: self)
    }
  }
}
