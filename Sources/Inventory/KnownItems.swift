package import Digests
import PackedBytes

/// The JSON text of items that were accepted before, so that they need not be read again.
///
/// A fleet sends the same texts over and over: the same package on another node, or on the same
/// node the next day. A text that is byte for byte one that was read, checked and accepted stands
/// for the same item, so it is known by comparing it; only the time of the occurrence, which differs
/// from node to node, is left out of the comparison and read each time. The item that followed a text last
/// time is tried first; where it fails the first bytes find the others.
///
/// Belongs to one scope and one reader. Memory: ``byteCount``, the texts and some 50 bytes each;
/// whoever owns it bounds it by ``removeAll()``.
package final class KnownItems {
  /// One text.
  struct Form {
    var place: ByteArena.Place
    /// Where in the text the 20 bytes of the occurrence's time begin; 0 where there are none.
    var timeOffset: UInt32
    /// What the owner calls the item's content.
    var content: UInt32
    /// Index into ``types``.
    var type: UInt32
    /// The form that came next last time; that of number 0 stands at the beginning of an array.
    var successor: UInt32
    /// The form learned before this one with the same beginning.
    var sibling: UInt32
  }

  /// Bytes at the beginning of a text by which it is found.
  static let prefixByteCount = 32
  /// Texts of one beginning that are compared at most.
  private static let siblingsMax = 16
  static let timeByteCount = 20

  private let hash: KeyedHash
  private var arena = ByteArena()
  // Exclusivity is unchecked: no method calls out while it reads or writes these.
  /// By number; number 0 is none.
  @exclusivity(unchecked) private var forms: [Form] = []
  @exclusivity(unchecked) private var slots: [UInt32] = []
  private var types: [TypeName] = []
  private var typeIndexes: [TypeName: UInt32] = [:]
  /// The owner's generation of content numbers that the forms hold.
  package private(set) var generation: UInt64 = 0

  package init(hash: KeyedHash) {
    self.hash = hash
    removeAll()
  }

  /// Forgets everything.
  package func removeAll() {
    arena = ByteArena()
    forms = [Form(place: .none, timeOffset: 0, content: 0, type: 0, successor: 0, sibling: 0)]
    slots = [UInt32](repeating: 0, count: 1 << 10)
    types = []
    typeIndexes = [:]
  }

  /// Bytes of memory taken.
  package var byteCount: Int {
    arena.allocatedByteCount + forms.count * MemoryLayout<Form>.stride
      + slots.count * MemoryLayout<UInt32>.stride
  }

  func form(_ number: UInt32) -> Form { forms[Int(number)] }

  /// The form that followed another last time; that of 0 is the first of an array.
  func successor(of form: UInt32) -> UInt32 { forms[Int(form)].successor }

  func type(of form: Form) -> TypeName { types[Int(form.type)] }

  /// The form that a text begins with at a place, or 0.
  ///
  /// `guess` is tried first.
  func find(in text: RawSpan, at place: Int, guess: UInt32) -> UInt32 {
    if guess != 0 && matches(guess, text, at: place) { return guess }
    guard place + Self.prefixByteCount <= text.byteCount else { return 0 }
    var candidate = slots[slot(of: text, at: place)]
    var left = Self.siblingsMax
    while candidate != 0 && left > 0 {
      if matches(candidate, text, at: place) { return candidate }
      candidate = forms[Int(candidate)].sibling
      left -= 1
    }
    return 0
  }

  private func matches(_ number: UInt32, _ text: RawSpan, at place: Int) -> Bool {
    let form = forms[Int(number)]
    let length = Int(form.place.byteCount)
    guard place + length <= text.byteCount else { return false }
    let arena = arena
    let known = arena.span(at: form.place)
    let here = unsafe text.extracting(unchecked: place..<(place + length))
    guard form.timeOffset != 0 else { return here.isEqual(to: known) }
    let hole = Int(form.timeOffset)
    let behind = hole + Self.timeByteCount
    return unsafe here.extracting(unchecked: 0..<hole).isEqual(
      to: known.extracting(unchecked: 0..<hole))
      && here.extracting(unchecked: behind..<length).isEqual(
        to: known.extracting(unchecked: behind..<length))
  }

  private func slot(of text: RawSpan, at place: Int) -> Int {
    let prefix = unsafe text.extracting(unchecked: place..<(place + Self.prefixByteCount))
    return Int(truncatingIfNeeded: hash.hash64(prefix)) & (slots.count - 1)
  }

  /// Notes which form followed another.
  func link(_ form: UInt32, to successor: UInt32) { forms[Int(form)].successor = successor }

  /// Makes ready for contents of a generation: forgets those of another.
  package func adopt(generation: UInt64) {
    guard generation != self.generation else { return }
    removeAll()
    self.generation = generation
  }

  /// Remembers the text of an accepted item.
  ///
  /// A text is passed over where it is too short to be found, or where it is not plain which of its
  /// bytes are the occurrence's time.
  package func learn(
    _ text: RawSpan, type: TypeName, content: UInt32, occurrence: Occurrence
  ) {
    guard content != 0, text.byteCount >= Self.prefixByteCount, occurrence.complexID == nil,
      let hole = hole(in: text, occurrence), find(in: text, at: 0, guess: 0) == 0
    else { return }
    let number = UInt32(forms.count)
    if forms.count * 2 > slots.count { growSlots() }
    let slot = slot(of: text, at: 0)
    forms.append(
      Form(
        place: arena.append(text), timeOffset: hole, content: content, type: index(of: type),
        successor: 0, sibling: slots[slot]))
    slots[slot] = number
  }

  /// Where the time stands in a text: 0 where there is none, nil where it is not plain.
  private func hole(in text: RawSpan, _ occurrence: Occurrence) -> UInt32? {
    guard let seconds = occurrence.seconds else { return 0 }
    var time: [UInt8] = []
    Instant(seconds: seconds).appendText(to: &time)
    guard time.count == Self.timeByteCount,
      let first = text.firstIndex(of: time.span.bytes, from: 0), first >= Self.prefixByteCount,
      text.firstIndex(of: time.span.bytes, from: first + 1) == nil
    else { return nil }
    return UInt32(first)
  }

  private func index(of type: TypeName) -> UInt32 {
    if let known = typeIndexes[type] { return known }
    let index = UInt32(types.count)
    types.append(type)
    typeIndexes[type] = index
    return index
  }

  private func growSlots() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    let arena = arena
    for number in 1..<forms.count {
      let slot = slot(of: arena.span(at: forms[number].place), at: 0)
      forms[number].sibling = slots[slot]
      slots[slot] = UInt32(number)
    }
  }
}
