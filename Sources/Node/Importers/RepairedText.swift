/// A text in which characters that its form does not have were replaced.
///
/// Agents and tools copy names of devices and descriptions of packages as they are, and some of them
/// have a NUL, another control character or bytes of another encoding. The form then is broken
/// although nothing of it is missing.
struct RepairedText {
  /// What a text is written in.
  enum Form { case json, xml }

  /// The text, in UTF-8 where it was so, too.
  private(set) var bytes: [UInt8] = []
  /// The lines in which characters were replaced.
  private(set) var lines = Tally()
  private let form: Form
  private var line: Int
  /// The last line that was counted.
  private var lastLine = 0
  private var isInString = false

  private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

  /// Repairs a text; in an encoding other than UTF-8 only what every encoding shares with ASCII.
  init(_ text: ArraySlice<UInt8>, _ form: Form, isUTF8: Bool = true, firstLine: Int = 1) {
    self.form = form
    line = firstLine
    bytes.reserveCapacity(text.count)
    var rest = text
    while let byte = rest.first {
      let plain = rest.prefix(while: Self.isPlain)
      if !plain.isEmpty {
        pass(plain.count, &rest)
        continue
      }
      switch byte {
      case 0x0a:
        line += 1
        take(control: byte, &rest)
      case ..<0x20: take(control: byte, &rest)
      case 0x26 where form == .xml: takeReference(&rest)
      case 0x3c where form == .xml && rest.starts(with: Self.literal): takeLiteral(&rest)
      case 0x22 where form == .json:
        isInString.toggle()
        pass(1, &rest)
      case 0x5c where form == .json && isInString: pass(min(2, rest.count), &rest)
      case 0x80... where isUTF8:
        let count = UTF8Sequence.count(rest)
        if count.isGood { pass(count.bytes, &rest) } else { replace(count.bytes, &rest) }
      default: pass(1, &rest)
      }
    }
  }

  /// Whether a byte stands for itself in every form and place.
  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x20..<0x80).contains(byte) && byte != 0x22 && byte != 0x26 && byte != 0x3c && byte != 0x5c
  }

  private mutating func pass(_ count: Int, _ rest: inout ArraySlice<UInt8>) {
    bytes += rest.prefix(count)
    rest = rest.dropFirst(count)
  }

  private mutating func replace(
    _ count: Int, _ rest: inout ArraySlice<UInt8>, by text: [UInt8] = replacement
  ) {
    if line != lastLine { lines.add("line \(line)") }
    lastLine = line
    bytes += text
    rest = rest.dropFirst(count)
  }

  private mutating func take(control byte: UInt8, _ rest: inout ArraySlice<UInt8>) {
    switch byte {
    case 0x0a where isInString: replace(1, &rest, by: Array("\\n".utf8))
    case 0x0d where isInString: replace(1, &rest, by: Array("\\r".utf8))
    case 0x09 where isInString: replace(1, &rest, by: Array("\\t".utf8))
    case 0x09, 0x0a, 0x0d: pass(1, &rest)
    default: replace(1, &rest)
    }
  }

  // MARK: XML

  private static let literal = Array("<![CDATA[".utf8)
  private static let literalEnd = Array("]]>".utf8)
  /// Digits and signs of a reference to a character at most.
  private static let referenceBytesMax = 16

  /// `&#0;`, which refers to a character that XML does not have, is replaced; others pass.
  private mutating func takeReference(_ rest: inout ArraySlice<UInt8>) {
    let text = rest.prefix(Self.referenceBytesMax)
    guard text.dropFirst().first == 0x23, let end = text.firstIndex(of: 0x3b) else {
      return pass(1, &rest)
    }
    var digits = text[..<end].dropFirst(2)
    let isHexadecimal = digits.first == 0x78
    if isHexadecimal { digits = digits.dropFirst() }
    let value = UInt32(String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10)
    let count = end - text.startIndex + 1
    if let value, !Self.isCharacter(value) { replace(count, &rest) } else { pass(count, &rest) }
  }

  /// Source: Extensible Markup Language 1.0, 2.2.
  private static func isCharacter(_ value: UInt32) -> Bool {
    switch value {
    case 0x09, 0x0a, 0x0d, 0x20...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff: true
    default: false
    }
  }

  /// What looks like a reference between these marks is none.
  private mutating func takeLiteral(_ rest: inout ArraySlice<UInt8>) {
    pass(Self.literal.count, &rest)
    while !rest.isEmpty, !rest.starts(with: Self.literalEnd) {
      let byte = rest.first ?? 0
      if byte == 0x0a { line += 1 }
      if byte < 0x20 {
        take(control: byte, &rest)
      } else {
        let count = UTF8Sequence.count(rest)
        if count.isGood { pass(count.bytes, &rest) } else { replace(count.bytes, &rest) }
      }
    }
  }
}

/// Bytes that are one character of UTF-8, or should be.
enum UTF8Sequence {
  /// How many bytes from the beginning belong together, and whether they are a character that texts
  /// can have: not half a pair of surrogates, and not one of the two that mark the order of bytes.
  static func count(_ bytes: ArraySlice<UInt8>) -> (bytes: Int, isGood: Bool) {
    guard let first = bytes.first else { return (0, false) }
    let (length, second): (Int, ClosedRange<UInt8>)
    switch first {
    case ..<0x80: return (1, true)
    case 0xc2...0xdf: (length, second) = (2, 0x80...0xbf)
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: (length, second) = (3, 0x80...0xbf)
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: (length, second) = (4, 0x80...0xbf)
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: return (1, false)
    }
    var count = 1
    for byte in bytes.dropFirst().prefix(length - 1) {
      guard (count == 1 ? second : 0x80...0xbf).contains(byte) else { return (count, false) }
      count += 1
    }
    guard count == length else { return (count, false) }
    let isMark =
      first == 0xef && bytes.dropFirst().first == 0xbf && (bytes.dropFirst(2).first ?? 0) >= 0xbe
    return (length, !isMark)
  }
}

/// Texts that begin with a mark of their encoding.
enum ByteOrderMark {
  /// The text behind the mark of UTF-8, or turned into UTF-8 behind one of UTF-16, which the shells
  /// of Windows write; without a mark as it is.
  static func removed(from bytes: [UInt8]) -> [UInt8] {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return Array(bytes.dropFirst(3)) }
    let isBig = bytes.starts(with: [0xfe, 0xff])
    guard isBig || bytes.starts(with: [0xff, 0xfe]) else { return bytes }
    var units: [UInt16] = []
    units.reserveCapacity(bytes.count / 2)
    for index in stride(from: 2, to: bytes.count - 1, by: 2) {
      let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
      units.append(isBig ? first << 8 | second : second << 8 | first)
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }

  /// Whether a text is in UTF-16.
  static func isUTF16(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0xfe, 0xff]) || bytes.starts(with: [0xff, 0xfe])
  }
}
