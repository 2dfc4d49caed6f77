import PackedBytes

/// The attribute names of an item in the order in which a client sends them, checked once, with
/// where each goes in the canonical order. Items of one report nearly always share a shape.
struct ItemShape: Sendable {
  /// One attribute of the shape, in canonical order.
  struct Slot: Sendable {
    /// Its position among the attributes as sent.
    var source: Int
    /// The varint length of the name and the name.
    var prefix: [UInt8]
    /// Its position among the type's occurrence attributes, or -1.
    var occurrence: Int
  }

  /// The names as sent.
  let names: [[UInt8]]
  /// The attributes in order of their names' bytes.
  let slots: [Slot]

  /// Checks the names of an item; throws for one that is empty, too long or there twice.
  init(names: [[UInt8]], occurrenceNames: [[UInt8]], limits: ReportLimits) throws(ReportError) {
    self.names = names
    let order = names.indices.sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
    var slots: [Slot] = []
    for (position, source) in order.enumerated() {
      let name = names[source]
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
      if position > 0 && names[order[position - 1]] == name {
        throw ReportError(
          .invalidItemContent, "the attribute is there twice in one item", attribute: text)
      }
      var prefix = ByteWriter()
      prefix.append(lengthPrefixed: name)
      slots.append(
        Slot(
          source: source, prefix: prefix.bytes,
          occurrence: occurrenceNames.firstIndex(of: name) ?? -1))
    }
    self.slots = slots
  }

  /// The name of the attribute in a slot.
  func name(ofSlot slot: Int) -> String {
    String(decoding: names[slots[slot].source], as: UTF8.self)
  }
}
