import Digests
import PackedBytes

/// A body with the items that are known taken out, so that only the rest has to be parsed.
///
/// In place of a run of known items stands a string that nobody outside can guess, and before each
/// item that is not known another. Everything else stays as it was: the reduced text is valid JSON
/// if and only if the body is, because a known item is a whole JSON object by itself.
final class BodyReduction {
  /// An item that is known.
  struct Item {
    /// What the owner of the known items calls its content.
    var content: UInt32
    /// Index into ``types``.
    var type: UInt32
    var occurrence: Occurrence
  }

  /// What stands in the reduced text.
  enum Marker {
    /// These of ``items`` stood here.
    case run(Range<Int>)
    /// The element that follows is this part of the body.
    case text(Range<Int>)
  }

  // Exclusivity is unchecked: no method calls out while it writes these.
  @exclusivity(unchecked) private(set) var items: [Item] = []
  /// The types that known items are of.
  private(set) var types: [TypeName] = []
  @exclusivity(unchecked) private(set) var markers: [Marker] = []
  /// The reduced text.
  @exclusivity(unchecked) private(set) var text: [UInt8] = []

  /// What every marker begins with.
  private let nonce: [UInt8]
  private static let digits = Array("0123456789abcdef".utf8)

  private static let landmark = Array("\"C".utf8)
  private static let member = Array("\"Content\"".utf8)

  init() {
    var generator = SystemRandomNumberGenerator()
    nonce = (0..<32).map { _ in Self.digits[Int(UInt8.random(in: 0..<16, using: &generator))] }
  }

  /// The marker that a string of the reduced text is; nil for any other string.
  func marker(_ string: RawSpan) -> Marker? {
    let nonce = nonce
    guard string.byteCount > nonce.count,
      string.extracting(0..<nonce.count).isEqual(to: nonce.rawSpan)
    else { return nil }
    var index = 0
    for offset in nonce.count..<string.byteCount {
      let digit = unsafe string.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      index = index * 10 + Int(digit) - 48
    }
    return unsafe index < markers.count ? markers[index] : nil
  }

  /// Reduces a body; returns the generation of the contents that ``items`` name.
  func reduce(_ body: RawSpan, by known: KnownItems) -> UInt64 {
    known.reading {
      types = known.types
      reduceContents(of: body, by: known)
      return known.generation
    }
  }

  private func reduceContents(of body: RawSpan, by known: KnownItems) {
    unsafe items.removeAll(keepingCapacity: true)
    unsafe markers.removeAll(keepingCapacity: true)
    unsafe text.removeAll(keepingCapacity: true)
    var copied = 0
    var from = 0
    while let array = Self.nextContent(in: body, from: from) {
      var scan = Scan(body: body, position: array)
      copy(body, &copied, upTo: array)
      let isWhole = reduceItems(&scan, &copied, by: known)
      from = scan.position
      if !isWhole { break }
    }
    copy(body, &copied, upTo: body.byteCount)
  }

  /// Reduces the elements of an array; false where something in it is not plainly an object of
  /// strings, and the rest is better left to the parser.
  private func reduceItems(
    _ scan: inout Scan, _ copied: inout Int, by known: KnownItems
  ) -> Bool {
    var last: UInt32 = 0
    var runStart = unsafe items.count
    scan.skipSpace()
    if scan.byte == UInt8(ascii: "]") { return true }
    while true {
      scan.skipSpace()
      let start = scan.position
      if let item = scan.knownItem(known, after: &last) {
        if unsafe items.count == runStart { copy(scan.body, &copied, upTo: start) }
        unsafe items.append(item)
        // What lies between two known items is left out only where it is a comma, as below.
        scan.lastEnd = scan.position
      } else {
        endRun(&runStart, &copied, scan)
        guard scan.byte == UInt8(ascii: "{"), scan.skipObject() else { return false }
        copy(scan.body, &copied, upTo: start)
        write(.text(start..<scan.position))
        unsafe text.append(UInt8(ascii: ","))
        copy(scan.body, &copied, upTo: scan.position)
        last = 0
      }
      scan.skipSpace()
      guard scan.byte == UInt8(ascii: ",") else {
        endRun(&runStart, &copied, scan)
        return scan.byte == UInt8(ascii: "]")
      }
      scan.position += 1
    }
  }

  /// Writes the marker of a run that has ended, in place of its text.
  private func endRun(_ start: inout Int, _ copied: inout Int, _ scan: borrowing Scan) {
    guard unsafe items.count > start else { return }
    unsafe write(.run(start..<items.count))
    copied = scan.lastEnd
    start = unsafe items.count
  }

  private func write(_ marker: Marker) {
    unsafe text.append(UInt8(ascii: "\""))
    unsafe text.append(contentsOf: nonce)
    unsafe text.append(contentsOf: Array(String(markers.count).utf8))
    unsafe text.append(UInt8(ascii: "\""))
    unsafe markers.append(marker)
  }

  private func copy(_ body: RawSpan, _ copied: inout Int, upTo end: Int) {
    unsafe body.extracting(copied..<end).withUnsafeBytes { unsafe text.append(contentsOf: $0) }
    copied = end
  }

  /// Where the first element of the next member `"Content": [` may begin; nil where there is none.
  private static func nextContent(in body: RawSpan, from: Int) -> Int? {
    var from = from
    while let found = body.firstIndex(of: landmark.rawSpan, from: from) {
      from = found + 2
      let end = found + member.count
      guard end < body.byteCount,
        body.extracting(found..<end).isEqual(to: member.rawSpan),
        // An escaped quote would be part of a text.
        found > 0, body.unsafeByte(found - 1) != UInt8(ascii: "\\")
      else { continue }
      var scan = Scan(body: body, position: end)
      scan.skipSpace()
      guard scan.byte == UInt8(ascii: ":") else { continue }
      scan.position += 1
      scan.skipSpace()
      guard scan.byte == UInt8(ascii: "[") else { continue }
      return scan.position + 1
    }
    return nil
  }
}

extension RawSpan {
  /// A byte at a place that the caller knows to be there.
  fileprivate func unsafeByte(_ index: Int) -> UInt8 {
    unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}

/// A place in a body.
private struct Scan: ~Escapable {
  let body: RawSpan
  var position: Int
  /// Where the known item read last ended.
  var lastEnd = 0
  /// Where the time read last stands, and what it is.
  private var timePlace = 0
  private var time: Int64 = 0

  @_lifetime(copy body)
  init(body: RawSpan, position: Int) {
    self.body = body
    self.position = position
  }

  /// The byte here; 0 behind the end.
  var byte: UInt8 { position < body.byteCount ? body.unsafeByte(position) : 0 }

  @_lifetime(self: copy self)
  mutating func skipSpace() {
    while true {
      switch byte {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  /// The known item that begins here, and goes behind it; nil where there is none.
  ///
  /// `last` is the form of the item before, and becomes that of this one.
  @_lifetime(self: copy self)
  mutating func knownItem(
    _ known: KnownItems, after last: inout UInt32
  ) -> BodyReduction.Item? {
    guard byte == UInt8(ascii: "{"), let found = known.find(in: body, at: position, after: last)
    else { return nil }
    var occurrence = Occurrence.none
    if found.timeOffset != 0 {
      guard let seconds = seconds(at: position + found.timeOffset) else { return nil }
      occurrence = .time(seconds)
    }
    position += found.byteCount
    last = found.form
    return BodyReduction.Item(content: found.content, type: found.type, occurrence: occurrence)
  }

  /// The time that stands at a place; nil where it is none.
  @_lifetime(self: copy self)
  private mutating func seconds(at place: Int) -> Int64? {
    let text = body.extracting(place..<(place + KnownItems.timeByteCount))
    // Neighbours often share their time.
    if timePlace != 0,
      text.isEqual(to: body.extracting(timePlace..<(timePlace + KnownItems.timeByteCount)))
    {
      return time
    }
    guard let instant = Instant(captureTime: text) else { return nil }
    timePlace = place
    time = instant.seconds
    return time
  }

  /// Goes behind the object of strings that begins here; false where it is none.
  @_lifetime(self: copy self)
  mutating func skipObject() -> Bool {
    var isInString = false
    position += 1
    while position < body.byteCount {
      let byte = body.unsafeByte(position)
      position += 1
      if isInString {
        if byte == UInt8(ascii: "\"") {
          isInString = false
        } else if byte == UInt8(ascii: "\\") {
          position += 1
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "}"): return true
      case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "]"): return false
      default: break
      }
    }
    return false
  }
}
