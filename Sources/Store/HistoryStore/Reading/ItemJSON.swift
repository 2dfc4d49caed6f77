public import Inventory
import PackedBytes

extension PackedTexts {
  /// The contents of a page as JSON objects, with room for the time of an occurrence.
  ///
  /// The room stands where the attribute belongs in canonical order, and already has the form
  /// `"InstalledTime":"YYYY-MM-DDTHH:MM:SSZ"` with the comma that it needs; its place and length are
  /// the number beside the text. So an item with a time is one copy and twenty bytes, and one
  /// without is two copies.
  convenience init(rendering page: ContentPage, occurrenceAttribute: String?) {
    let wanted = occurrenceAttribute.map { Array($0.utf8) }
    var texts = Builder(count: page.count)
    var text: [UInt8] = []
    for index in 0..<page.count {
      text.removeAll(keepingCapacity: true)
      text.append(UInt8(ascii: "{"))
      var room = JSONRoom()
      page.withContent(index) { bytes in
        var reader = ByteReader(bytes)
        while let name = try? reader.lengthPrefixedBytes(),
          let value = try? reader.lengthPrefixedSpan()
        {
          if let wanted, room.count == 0, wanted.lexicographicallyPrecedes(name) {
            room.append(wanted, to: &text, isFollowed: true)
          }
          if text.count > 1, text.last != UInt8(ascii: ",") { text.append(UInt8(ascii: ",")) }
          appendJSONString(name.rawSpan, to: &text)
          text.append(UInt8(ascii: ":"))
          appendJSONString(value, to: &text)
        }
      }
      if let wanted, room.count == 0 { room.append(wanted, to: &text, isFollowed: false) }
      text.append(UInt8(ascii: "}"))
      texts.append(text, number: room.packed)
    }
    self.init(texts)
  }
}

/// Where a content's JSON has room for the time of an occurrence.
struct JSONRoom {
  /// Where it begins, and how much goes where there is no time.
  private(set) var start = 0
  private(set) var count = 0
  /// Where the time's twenty bytes stand.
  private(set) var time = 0

  init() {}

  init(packed: UInt64) {
    start = Int(packed & 0xffff_ffff)
    count = Int(packed >> 32 & 0xffff)
    time = Int(packed >> 48) + start
  }

  var packed: UInt64 {
    UInt64(start) | UInt64(count) << 32 | UInt64(time - start) << 48
  }

  fileprivate mutating func append(
    _ name: [UInt8], to text: inout [UInt8], isFollowed: Bool
  ) {
    start = text.count
    if text.count > 1 { text.append(UInt8(ascii: ",")) }
    appendJSONString(name.rawSpan, to: &text)
    text += Array(":\"".utf8)
    time = text.count
    text += Array("0000-00-00T00:00:00Z\"".utf8)
    // Where nothing stands before it, the comma is the one behind it.
    if isFollowed, start == 1 { text.append(UInt8(ascii: ",")) }
    count = text.count - start
  }
}

/// Appends text as a JSON string: RFC 8259, section 7, with nothing escaped that need not be.
func appendJSONString(_ text: RawSpan, to out: inout [UInt8]) {
  out.append(UInt8(ascii: "\""))
  for index in 0..<text.byteCount {
    let byte = unsafe text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    switch byte {
    case UInt8(ascii: "\""): out += Array("\\\"".utf8)
    case UInt8(ascii: "\\"): out += Array("\\\\".utf8)
    case 0x0a: out += Array("\\n".utf8)
    case 0x0d: out += Array("\\r".utf8)
    case 0x09: out += Array("\\t".utf8)
    case 0..<0x20, 0x7f:
      let digits = Array("0123456789abcdef".utf8)
      out += Array("\\u00".utf8)
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    default: out.append(byte)
    }
  }
  out.append(UInt8(ascii: "\""))
}

/// Writes times one after another; the text of a day is kept for the next time on it.
struct TimeText {
  private struct Day {
    var day: Int64 = .min
    /// `YYYY-MM-` and `DDT`, as they lie in memory.
    var yearAndMonth: UInt64 = 0
    var dayOfMonth: UInt32 = 0
  }

  /// Days by their lowest bits.
  private var days = [Day](repeating: Day(), count: 256)

  /// Writes `YYYY-MM-DDTHH:MM:SSZ`.
  @inline(__always)
  mutating func write(_ seconds: Int64, to out: UnsafeMutableRawPointer) {
    var newDay = seconds / 86400
    var rest = Int(seconds - newDay * 86400)
    if rest < 0 {
      rest += 86400
      newDay -= 1
    }
    let slot = Int(truncatingIfNeeded: newDay) & 255
    if days[slot].day != newDay { days[slot] = Self.text(of: newDay) }
    unsafe out.storeBytes(of: days[slot].yearAndMonth, as: UInt64.self)
    unsafe out.storeBytes(of: days[slot].dayOfMonth, toByteOffset: 8, as: UInt32.self)
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
    unsafe out.storeBytes(of: Self.digits(hour).littleEndian, toByteOffset: 11, as: UInt16.self)
    unsafe out.storeBytes(of: UInt8(ascii: ":"), toByteOffset: 13, as: UInt8.self)
    unsafe out.storeBytes(of: Self.digits(minute).littleEndian, toByteOffset: 14, as: UInt16.self)
    unsafe out.storeBytes(of: UInt8(ascii: ":"), toByteOffset: 16, as: UInt8.self)
    unsafe out.storeBytes(of: Self.digits(second).littleEndian, toByteOffset: 17, as: UInt16.self)
    unsafe out.storeBytes(of: UInt8(ascii: "Z"), toByteOffset: 19, as: UInt8.self)
  }

  /// Two digits, the first in the low byte.
  @inline(__always)
  private static func digits(_ value: Int) -> UInt16 {
    let tens = UInt16(truncatingIfNeeded: value / 10)
    let ones = UInt16(truncatingIfNeeded: value % 10)
    return (0x30 + tens) | (0x30 + ones) << 8
  }

  @inline(never)
  private static func text(of day: Int64) -> Day {
    let civil = CivilTime(Instant(seconds: day * 86400))
    let hyphen = UInt64(UInt8(ascii: "-"))
    let yearAndMonth =
      UInt64(digits(civil.year / 100)) | UInt64(digits(civil.year % 100)) << 16 | hyphen << 32
      | UInt64(digits(civil.month)) << 40 | hyphen << 56
    let dayOfMonth = UInt32(digits(civil.day)) | UInt32(UInt8(ascii: "T")) << 16
    return Day(
      day: day, yearAndMonth: yearAndMonth.littleEndian, dayOfMonth: dayOfMonth.littleEndian)
  }
}

extension ItemList {
  /// Appends all items as a JSON array of objects, as in the `Content` of a report.
  ///
  /// Attributes stand in order of their names' bytes, without blanks; items in the order of the
  /// list. Copies text that is kept with the store's shared contents: about 50 ns an item.
  ///
  /// - Complexity: O(bytes appended).
  public func appendJSON(to bytes: inout [UInt8]) {
    var texts = ContentTexts(contents) { [occurrenceAttribute] page in
      page.rendering(occurrenceAttribute: occurrenceAttribute)
    }
    let others = otherTexts()
    var length = 2 + items.count
    for item in items { length += texts.withText(item.content) { text, _ in text.byteCount } }
    for (_, text) in others { length += text.count }
    if bytes.count + length > bytes.capacity {
      bytes.reserveCapacity(Swift.max(bytes.count + length, 2 * bytes.capacity))
    }
    bytes.append(addingCapacity: length) { span in
      unsafe span.withUnsafeMutableBufferPointer { buffer, initialized in
        guard let start = buffer.baseAddress else { return }
        var writer = unsafe ItemWriter(UnsafeMutableRawPointer(start + initialized))
        unsafe writer.write(items, &texts, others)
        initialized += unsafe writer.count
      }
    }
  }

  /// All items as a JSON array; see ``appendJSON(to:)``, which can use its memory again.
  public var json: [UInt8] {
    var bytes: [UInt8] = []
    appendJSON(to: &bytes)
    return bytes
  }

  /// The items whose occurrence is more than a time, by their place, written out.
  private func otherTexts() -> [(place: Int, text: [UInt8])] {
    var others: [(place: Int, text: [UInt8])] = []
    for (place, item) in items.enumerated() where item.complexID != nil {
      var text: [UInt8] = []
      contents.item(item, occurrenceAttribute: occurrenceAttribute).appendJSON(to: &text)
      others.append((place, text))
    }
    return others
  }
}

/// Writes items into memory that whoever makes it knows to be large enough: nothing here checks it.
@unsafe private struct ItemWriter {
  private let start: UnsafeMutableRawPointer
  private(set) var count = 0
  private var time = TimeText()

  init(_ start: UnsafeMutableRawPointer) { unsafe self.start = start }

  mutating func write(
    _ items: [StoredItem], _ texts: inout ContentTexts, _ others: [(place: Int, text: [UInt8])]
  ) {
    unsafe put(UInt8(ascii: "["))
    var nextOther = 0
    for place in items.indices {
      if place > 0 { unsafe put(UInt8(ascii: ",")) }
      if nextOther < others.count, others[nextOther].place == place {
        let text = others[nextOther].text
        unsafe append(text.rawSpan)
        nextOther += 1
        continue
      }
      let item = items[place]
      texts.withText(item.content) { text, number in
        let room = JSONRoom(packed: number)
        if let seconds = item.seconds, room.count > 0 {
          let place = unsafe start + (count + room.time)
          unsafe append(text)
          unsafe time.write(seconds, to: place)
        } else {
          unsafe append(text.extracting(0..<room.start))
          unsafe append(text.extracting((room.start + room.count)..<text.byteCount))
        }
      }
    }
    unsafe put(UInt8(ascii: "]"))
  }

  @inline(__always)
  private mutating func put(_ byte: UInt8) {
    unsafe start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    unsafe count += 1
  }

  @inline(__always)
  private mutating func append(_ text: RawSpan) {
    unsafe text.withUnsafeBytes { bytes in
      guard let from = bytes.baseAddress else { return }
      unsafe (start + count).copyMemory(from: from, byteCount: bytes.count)
    }
    unsafe count += text.byteCount
  }
}

extension Item {
  /// Appends the item as a JSON object: attributes in order of their names' bytes, without blanks.
  public func appendJSON(to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "{"))
    for (index, attribute) in attributes.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      let (name, value) = (Array(attribute.name.utf8), Array(attribute.value.utf8))
      appendJSONString(name.rawSpan, to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      appendJSONString(value.rawSpan, to: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }
}
