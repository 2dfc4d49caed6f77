import PackedBytes

/// The attribute names of an item in the order in which a client sends them, checked once.
///
/// Beside each stands where it goes in the canonical order. Items of one report nearly always share a shape.
///
/// All names lie in one array, so that the loop over an item's attributes touches no other object.
struct ItemShape: Sendable {
  /// One attribute of the shape, in canonical order.
  struct Slot: Sendable {
    /// Its position among the attributes as sent.
    var source: Int
    /// Where in ``text`` the varint length of the name and the name lie.
    var lower: Int
    var upper: Int
    /// Its position among the type's occurrence attributes, or -1.
    var occurrence: Int
  }

  /// Lengths and names, in canonical order.
  let text: [UInt8]
  /// The attributes in order of their names' bytes.
  let slots: [Slot]
  /// Where in ``text`` the name that was sent at a position lies.
  let sent: [Range<Int>]
  /// Whether one of the names is `CaptureTime`.
  let hasCaptureTime: Bool

  /// Checks the names of an item; throws for one that is empty, too long or there twice.
  init(names: [[UInt8]], occurrenceNames: [[UInt8]], limits: ReportLimits) throws(ReportError) {
    let order = names.indices.sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
    var slots: [Slot] = []
    var sent = [Range<Int>](repeating: 0..<0, count: names.count)
    var writer = ByteWriter()
    for (position, source) in order.enumerated() {
      let name = names[source]
      try Self.check(name, limits: limits)
      if position > 0 && names[order[position - 1]] == name {
        throw ReportError(
          .invalidItemContent, "the attribute is there twice in one item",
          attribute: String(decoding: name, as: UTF8.self))
      }
      let lower = writer.count
      writer.append(lengthPrefixed: name)
      sent[source] = (writer.count - name.count)..<writer.count
      slots.append(
        Slot(
          source: source, lower: lower, upper: writer.count,
          occurrence: occurrenceNames.firstIndex(of: name) ?? -1))
    }
    self.slots = slots
    self.sent = sent
    hasCaptureTime = names.contains(Array("CaptureTime".utf8))
    text = writer.bytes
  }

  private static func check(_ name: [UInt8], limits: ReportLimits) throws(ReportError) {
    let text = String(decoding: name, as: UTF8.self)
    let count = text.unicodeScalars.count
    guard (1...limits.attributeNameLengthMax).contains(count) else {
      throw ReportError(
        .invalidItemContent,
        "an attribute's name has 1 to \(limits.attributeNameLengthMax) characters, "
          + "this one \(count)", attribute: text)
    }
    guard !name.contains(0) else {
      throw ReportError(
        .invalidItemContent, "an attribute's name holds a NUL byte", attribute: text)
    }
  }

  /// The name of the attribute in a slot.
  func name(ofSlot slot: Int) -> String {
    String(decoding: text[sent[slots[slot].source]], as: UTF8.self)
  }

  /// The names as sent.
  var names: [[UInt8]] { sent.map { Array(text[$0]) } }
}
