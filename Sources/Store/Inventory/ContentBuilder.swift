import Digests
import PackedBytes

/// Writes items one after another into a ``CanonicalContent``: the one place where an item is
/// checked and gets its canonical form.
struct ContentBuilder {
  private let definition: TypeDefinition
  private let occurrenceNames: [[UInt8]]
  private let limits: ReportLimits
  private let hash: KeyedHash
  private(set) var content: CanonicalContent

  init(definition: TypeDefinition, limits: ReportLimits, hash: KeyedHash, byteEstimate: Int) {
    self.definition = definition
    self.limits = limits
    self.hash = hash
    occurrenceNames = definition.occurrenceAttributes.map { Array($0.utf8) }
    content = CanonicalContent(capacity: byteEstimate)
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
    let bytes = content.buffer
    let start = bytes.count
    let text = shape.text.rawSpan
    let slots = shape.slots.span
    let lengthMax = limits.attributeValueLengthMax
    var hasOccurrence = false
    for index in slots.indices {
      let slot = slots[index]
      let value = values.value(at: slot.source)
      if value.byteCount > lengthMax {
        try checkLength(of: value, attribute: shape.name(ofSlot: index))
      }
      if checksForNUL { try checkForNUL(in: value, attribute: shape.name(ofSlot: index)) }
      // An empty value does not differ from node to node: it stays with the content.
      if slot.occurrence >= 0 && value.byteCount > 0 {
        hasOccurrence = true
        continue
      }
      bytes.append(text.extracting(slot.lower..<slot.upper))
      bytes.append(varint: value.byteCount)
      bytes.append(value)
    }
    if shape.hasCaptureTime {
      content.hasCaptureTimeAttribute = true
      // It has to be noticed again each time, so its text is not to be learned.
      if content.readItems.last?.element == content.elements.count {
        content.readItems.removeLast()
      }
    }
    guard bytes.count <= ReportLimits.contentBytesMax else {
      throw ReportError(
        .tooLarge,
        "the items of a type take at most \(ReportLimits.contentBytesMax) bytes, with the Context's "
          + "attributes in each")
    }
    let piece = piece(from: start)
    let occurrence = hasOccurrence ? occurrence(shape, values) : .none
    content.elements.append(CanonicalContent.Element(piece: piece, occurrence: occurrence))
  }

  /// Makes room for the first items.
  mutating func reserve(_ count: Int) {
    if content.elements.isEmpty { content.elements.reserveCapacity(count) }
  }

  /// Appends an item of which only its owner's number is told.
  mutating func append(known content: UInt32, occurrence: Occurrence) {
    self.content.elements.append(
      CanonicalContent.Element(
        piece: CanonicalContent.Piece(offset: 0, byteCount: 0, hash: 0), occurrence: occurrence,
        knownContent: content))
  }

  /// Notes where in the body the text of the next item stands.
  mutating func noteText(_ text: Range<Int>) {
    self.content.readItems.append(
      CanonicalContent.ReadItem(element: self.content.elements.count, text: text))
  }

  /// What belongs to the occurrence: one plain time, or bytes of their own.
  private mutating func occurrence(
    _ shape: ItemShape, _ values: borrowing some ItemValues & ~Escapable
  ) -> Occurrence {
    var single: Instant?
    var count = 0
    for slot in shape.slots where slot.occurrence >= 0 {
      let value = values.value(at: slot.source)
      guard value.byteCount > 0 else { continue }
      count += 1
      if slot.occurrence == 0 { single = Instant(captureTime: value) }
    }
    if count == 1, let single { return .time(single.seconds) }
    let start = content.buffer.count
    let text = shape.text.rawSpan
    for slot in shape.slots where slot.occurrence >= 0 {
      let value = values.value(at: slot.source)
      guard value.byteCount > 0 else { continue }
      content.buffer.append(text.extracting(slot.lower..<slot.upper))
      content.buffer.append(varint: value.byteCount)
      content.buffer.append(value)
    }
    content.complexOccurrences.append(piece(from: start))
    return .complex(UInt32(content.complexOccurrences.count - 1))
  }

  private func piece(from start: Int) -> CanonicalContent.Piece {
    let end = content.buffer.count
    return CanonicalContent.Piece(
      offset: start, byteCount: end - start, hash: hash.hash64(content.buffer.span(start, end)))
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
