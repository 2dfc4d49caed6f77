/// A parsed JSON document: words with the kind in their upper 8 bits, strings in a buffer beside.
///
/// The format is simdjson's own (its doc/tape.md). Positions are indexes of words; position 1 is the
/// document's value.
public struct Tape: ~Escapable {
  /// What a word is; the raw value is simdjson's.
  public enum Kind: UInt8, Sendable {
    /// `{`; its end is told by ``Tape/after(_:)``.
    case object = 0x7b
    /// `}`.
    case objectEnd = 0x7d
    /// `[`.
    case array = 0x5b
    /// `]`.
    case arrayEnd = 0x5d
    /// A string or a member's name.
    case string = 0x22
    /// A signed number, in the next word.
    case signed = 0x6c
    /// An unsigned number above the signed range, in the next word.
    case unsigned = 0x75
    /// A floating number, in the next word.
    case double = 0x64
    /// `true`.
    case `true` = 0x74
    /// `false`.
    case `false` = 0x66
    /// `null`.
    case null = 0x6e
    /// The first and the last word.
    case root = 0x72
  }

  @usableFromInline let words: Span<UInt64>
  @usableFromInline let strings: RawSpan

  @_lifetime(copy words, copy strings)
  init(words: Span<UInt64>, strings: RawSpan) {
    self.words = words
    self.strings = strings
  }

  /// The number of words.
  public var count: Int { words.count }

  /// The kind of the word at a position.
  public func kind(_ position: Int) -> Kind {
    Kind(rawValue: UInt8(truncatingIfNeeded: words[position] >> 56)) ?? .root
  }

  /// Whether the word at a position is a string.
  @inlinable
  public func isString(_ position: Int) -> Bool { words[position] >> 56 == 0x22 }

  /// The position behind the value that starts at `position`.
  public func after(_ position: Int) -> Int {
    switch kind(position) {
    case .object, .array: return Int(words[position] & 0xffff_ffff)
    case .signed, .unsigned, .double: return position + 2
    default: return position + 1
    }
  }

  /// The unescaped bytes of the string at a position.
  @inlinable @_lifetime(copy self)
  public func string(_ position: Int) -> RawSpan {
    let offset = Int(words[position] & 0x00ff_ffff_ffff_ffff)
    let length = Int(unsafe strings.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    return strings.extracting((offset + 4)..<(offset + 4 + length))
  }
}
