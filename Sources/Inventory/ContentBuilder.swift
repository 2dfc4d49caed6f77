import Digests
import PackedBytes

/// Writes items one after another into a ``CanonicalContent``: the one place where an item is
/// checked and gets its canonical form.
struct ContentBuilder {
  private let definition: TypeDefinition
  private let occurrenceNames: [[UInt8]]
  private let limits: ReportLimits
  private let hash: KeyedHash
  private(set) var content = CanonicalContent()
  private var scratch = ByteWriter()

  init(definition: TypeDefinition, limits: ReportLimits, hash: KeyedHash, byteEstimate: Int) {
    self.definition = definition
    self.limits = limits
    self.hash = hash
    occurrenceNames = definition.occurrenceAttributes.map { Array($0.utf8) }
    content.bytes = ByteWriter(capacity: byteEstimate)
  }

  /// Checks names against the limits and works out their order.
  func shape(names: [[UInt8]]) throws(ReportError) -> ItemShape {
    guard names.count <= limits.attributesMax else {
      throw ReportError(
        .invalidItemContent,
        "an item has at most \(limits.attributesMax) attributes, this one \(names.count)")
    }
    return try ItemShape(names: names, occurrenceNames: occurrenceNames, limits: limits)
  }

  /// Appends one item whose values are those that `value` gives for the positions as sent.
  mutating func append(
    _ shape: ItemShape, checksForNUL: Bool, values: borrowing some ItemValues & ~Escapable
  ) throws(ReportError) {
    let start = content.bytes.count
    var occurrence = Occurrence.none
    scratch.removeAll()
    var hasComplex = false
    for index in shape.slots.indices {
      let value = values.value(at: shape.slots[index].source)
      if value.byteCount > limits.attributeValueLengthMax {
        try checkLength(of: value, attribute: shape.name(ofSlot: index))
      }
      if checksForNUL { try checkForNUL(in: value, attribute: shape.name(ofSlot: index)) }
      let place = shape.slots[index].occurrence
      // An empty value does not differ from node to node: it stays with the content.
      if place >= 0 && value.byteCount > 0 {
        if place == 0, let time = Instant(captureTime: value) {
          occurrence = .time(time.seconds)
        } else {
          hasComplex = true
        }
        scratch.append(shape.slots[index].prefix)
        scratch.append(varint: value.byteCount)
        scratch.append(value)
        continue
      }
      content.bytes.append(shape.slots[index].prefix)
      content.bytes.append(varint: value.byteCount)
      content.bytes.append(value)
    }
    let piece = piece(from: start)
    if hasComplex {
      let occurrenceStart = content.bytes.count
      content.bytes.append(scratch.bytes)
      content.complexOccurrences.append(self.piece(from: occurrenceStart))
      occurrence = .complex(UInt32(content.complexOccurrences.count - 1))
    }
    content.elements.append(CanonicalContent.Element(piece: piece, occurrence: occurrence))
  }

  private func piece(from start: Int) -> CanonicalContent.Piece {
    let count = content.bytes.count - start
    let span = content.bytes.bytes.span.bytes.extracting(start..<(start + count))
    return CanonicalContent.Piece(offset: start, byteCount: count, hash: hash.hash64(span))
  }

  private func checkLength(of value: RawSpan, attribute: String) throws(ReportError) {
    var count = 0
    for index in 0..<value.byteCount
    where unsafe value.unsafeLoad(fromByteOffset: index, as: UInt8.self) & 0xc0 != 0x80 {
      count += 1
    }
    guard count <= limits.attributeValueLengthMax else {
      throw ReportError(
        .invalidItemContent,
        "a value has at most \(limits.attributeValueLengthMax) characters, this one \(count)",
        attribute: attribute)
    }
  }

  private func checkForNUL(in value: RawSpan, attribute: String) throws(ReportError) {
    for index in 0..<value.byteCount
    where unsafe value.unsafeLoad(fromByteOffset: index, as: UInt8.self) == 0 {
      throw ReportError(
        .invalidItemContent, "the value holds a NUL byte (\\u0000)", attribute: attribute)
    }
  }
}

/// The values of one item by the positions in which they were sent.
protocol ItemValues: ~Escapable {
  /// The unescaped bytes of the value at a position.
  @_lifetime(copy self)
  func value(at position: Int) -> RawSpan
}
