import Inventory

/// Reads XML as far as inventories have it: elements, text and CDATA in UTF-8.
///
/// Comments, processing instructions and attributes are skipped. Declarations are refused, so that
/// there are no entities but the five of XML and numbers, and nothing that could grow. (The parser
/// of FoundationXML ends the process on some damaged documents.)
struct XMLScanner {
  enum Event: Hashable {
    case start(String)
    case text(String)
    case end(String)
  }

  /// Why a document cannot be read.
  struct Fault: Error, CustomStringConvertible {
    /// The number of the line, beginning with 1.
    var line: Int
    var reason: String

    var description: String { "line \(line): \(reason)" }
  }

  /// Elements inside each other; inventories have five levels.
  private static let depthMax = 32

  private let bytes: [UInt8]
  private var position = 0
  /// The elements that have begun and not ended.
  private var open: [String] = []
  /// Whether the outermost element has begun.
  private var hasBegun = false
  /// Whether the element that began last has ended already, as in `<BIOS/>`.
  private var isEmptyElement = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// What comes next; nil behind the end of the outermost element.
  mutating func next() throws(Fault) -> Event? {
    if isEmptyElement {
      isEmptyElement = false
      return .end(open.removeLast())
    }
    while position < bytes.count {
      if bytes[position] != 0x3c {
        if let event = try text() { return event }
      } else if has("<?") {
        try skip(behind: "?>")
      } else if has("<!--") {
        try skip(behind: "-->")
      } else if has("<![CDATA["), !open.isEmpty {
        let start = position + 9
        try skip(behind: "]]>")
        return .text(String(decoding: bytes[start..<max(start, position - 3)], as: UTF8.self))
      } else if has("</") {
        return try endTag()
      } else {
        return try startTag()
      }
    }
    guard hasBegun, open.isEmpty else { throw fault("the end is missing") }
    return nil
  }

  private func fault(_ reason: String) -> Fault {
    Fault(line: 1 + bytes[..<min(position, bytes.count)].count { $0 == 0x0a }, reason: reason)
  }

  private func has(_ text: StaticString) -> Bool {
    guard bytes.count - position >= text.utf8CodeUnitCount else { return false }
    return unsafe bytes[position...].starts(
      with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func skip(behind text: StaticString) throws(Fault) {
    while position < bytes.count, !has(text) { position += 1 }
    guard position < bytes.count else { throw fault("the end is missing") }
    position += text.utf8CodeUnitCount
  }

  private mutating func text() throws(Fault) -> Event? {
    let start = position
    while position < bytes.count, bytes[position] != 0x3c { position += 1 }
    let text = bytes[start..<position]
    if open.isEmpty {
      guard text.allSatisfy({ Self.isBlank($0) }) else {
        throw fault("there is text outside of all elements")
      }
      return nil
    }
    guard text.contains(0x26) else { return .text(String(decoding: text, as: UTF8.self)) }
    var out: [UInt8] = []
    var rest = text
    while let mark = rest.firstIndex(of: 0x26) {
      out += rest[..<mark]
      // The longest is a number of seven digits.
      guard let end = rest[mark...].prefix(12).firstIndex(of: 0x3b),
        let scalar = Self.scalar(String(decoding: rest[(mark + 1)..<end], as: UTF8.self))
      else { throw fault("there is an entity that XML does not have") }
      out += Array(String(Character(scalar)).utf8)
      rest = rest[(end + 1)...]
    }
    return .text(String(decoding: out + rest, as: UTF8.self))
  }

  private static func scalar(_ name: String) -> Unicode.Scalar? {
    switch name {
    case "amp": "&"
    case "lt": "<"
    case "gt": ">"
    case "quot": "\""
    case "apos": "'"
    default:
      if name.hasPrefix("#x") {
        UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
      } else if name.hasPrefix("#") {
        UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
      } else {
        nil
      }
    }
  }

  private mutating func startTag() throws(Fault) -> Event {
    position += 1
    let name = try self.name()
    guard !hasBegun || !open.isEmpty else { throw fault("there is a second document") }
    guard open.count < Self.depthMax else {
      throw fault("there are more than \(Self.depthMax) elements inside each other")
    }
    // Attributes: a bracket inside quotes is none.
    var quote: UInt8?
    while position < bytes.count, quote != nil || bytes[position] != 0x3e {
      let byte = bytes[position]
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == 0x22 || byte == 0x27 {
        quote = byte
      } else if byte == 0x3c {
        throw fault("there is an element inside a tag")
      }
      position += 1
    }
    guard position < bytes.count else { throw fault("the end is missing") }
    isEmptyElement = bytes[position - 1] == 0x2f
    position += 1
    hasBegun = true
    open.append(name)
    return .start(name)
  }

  private mutating func endTag() throws(Fault) -> Event {
    position += 2
    let name = try self.name()
    while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    guard position < bytes.count, bytes[position] == 0x3e, open.last == name else {
      throw fault("\(name.printable) ends where it has not begun")
    }
    position += 1
    return .end(open.removeLast())
  }

  /// Letters, digits, `_`, `-`, `.` and `:`.
  private mutating func name() throws(Fault) -> String {
    let start = position
    while position < bytes.count, Self.isNamePart(bytes[position]) { position += 1 }
    guard position > start else { throw fault("there is a tag without a name") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    (0x61...0x7a).contains(byte | 0x20) || (0x30...0x3a).contains(byte) || byte == 0x5f
      || byte == 0x2d || byte == 0x2e
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte)
  }
}
