package import Digests
import PackedBytes
import Synchronization

/// The JSON text of items that were accepted before, so that they need not be read again.
///
/// A fleet sends the same texts over and over: the same package on another node, or on the same
/// node the next day. A text that is byte for byte one that was read, checked and accepted stands
/// for the same item, so it is known by comparing it; only the time of the occurrence, which differs
/// from node to node, is left out of the comparison and read each time. The item that followed a text last
/// time is tried first; where it fails the first bytes find the others.
///
/// Belongs to one scope. Any number of threads may look items up at once, within ``reading(_:)``; what
/// changes the texts waits for them, within ``updating(to:_:)``. Memory: ``byteCount``, the texts and
/// some 50 bytes each; whoever owns it bounds it by ``removeAll()``.
///
/// Unchecked because the lock is what makes it so.
@safe package final class KnownItems: @unchecked Sendable {
  /// One text; safe because the arena keeps it for as long as the form exists.
  @safe struct Form: ~Copyable {
    /// Where the arena keeps it; it stays there for as long as the form exists.
    let text: UnsafeRawPointer
    let byteCount: Int
    /// Where in the text the 20 bytes of the occurrence's time begin; 0 where there are none.
    let timeOffset: Int
    /// What the owner calls the item's content.
    let content: UInt32
    /// Index into ``types``.
    let type: UInt32
    /// The form learned before this one with the same beginning.
    var sibling: UInt32
    /// The form that came next last time; that of number 0 stands at the beginning of an array.
    ///
    /// Only a guess, so readers set it too.
    let successor = Atomic<UInt32>(0)
  }

  /// Bytes at the beginning of a text by which it is found.
  static let prefixByteCount = 32
  /// Texts of one beginning that are compared at most.
  private static let siblingsMax = 16
  static let timeByteCount = 20
  private static let capacityMin = 1 << 9

  private let lock = ReadWriteLock()
  private let hash: KeyedHash
  // Exclusivity is unchecked: no method calls out while it reads or writes these.
  @exclusivity(unchecked) private var arena = ByteArena()
  /// By number; number 0 is none.
  @exclusivity(unchecked) private var forms: UnsafeMutablePointer<Form>
  @exclusivity(unchecked) private var count = 0
  @exclusivity(unchecked) private var capacity = 0
  /// Twice as many as there is room for forms: the newest form of each beginning, by its hash.
  @exclusivity(unchecked) private var slots: [UInt32] = []
  /// The types that forms are of.
  private(set) var types: [TypeName] = []
  private var typeIndexes: [TypeName: UInt32] = [:]
  /// The owner's generation of content numbers that the forms hold.
  private(set) var generation: UInt64 = 0

  package init(hash: KeyedHash) {
    self.hash = hash
    unsafe forms = .allocate(capacity: 0)
    clear()
  }

  deinit { free() }

  private func free() {
    unsafe forms.deinitialize(count: count)
    unsafe forms.deallocate()
  }

  private func clear() {
    free()
    unsafe arena = ByteArena()
    unsafe capacity = Self.capacityMin
    unsafe forms = .allocate(capacity: capacity)
    unsafe count = 0
    unsafe slots = [UInt32](repeating: 0, count: capacity * 2)
    types = []
    typeIndexes = [:]
    unsafe append(
      Form(
        text: UnsafeRawPointer(forms), byteCount: 0, timeOffset: 0, content: 0, type: 0, sibling: 0)
    )
  }

  /// Forgets everything.
  package func removeAll() { lock.withWriteLock { clear() } }

  /// Looks items up; others may do so at the same time.
  func reading<R>(_ body: () -> R) -> R { lock.withReadLock(body) }

  /// Learns contents of a generation, within `body`; forgets those of another.
  package func updating(to generation: UInt64, _ body: () -> Void) {
    lock.withWriteLock {
      if generation != self.generation { clear() }
      self.generation = generation
      body()
    }
  }

  /// Whether all that is known is of a generation.
  package func isOf(generation: UInt64) -> Bool {
    lock.withReadLock { generation == self.generation }
  }

  /// Bytes of memory taken.
  package var byteCount: Int {
    lock.withReadLock {
      unsafe arena.allocatedByteCount + capacity * MemoryLayout<Form>.stride
        + slots.count * MemoryLayout<UInt32>.stride
    }
  }

  /// An item found in a text.
  struct Found {
    var form: UInt32
    var byteCount: Int
    var timeOffset: Int
    var content: UInt32
    /// Index into ``types``.
    var type: UInt32
  }

  /// The item that a text begins with at a place; nil where it is not known.
  ///
  /// The form that followed `last` last time is tried first; `last` is 0 at the beginning of an array.
  func find(in text: RawSpan, at place: Int, after last: UInt32) -> Found? {
    let guess = unsafe forms[Int(last)].successor.load(ordering: .relaxed)
    if guess != 0 && matches(guess, text, at: place) { return found(guess) }
    let number = search(text, at: place)
    guard number != 0 else { return nil }
    unsafe forms[Int(last)].successor.store(number, ordering: .relaxed)
    return found(number)
  }

  @inline(__always) private func found(_ number: UInt32) -> Found {
    let form = unsafe forms + Int(number)
    return unsafe Found(
      form: number, byteCount: form.pointee.byteCount, timeOffset: form.pointee.timeOffset,
      content: form.pointee.content, type: form.pointee.type)
  }

  /// The form that a text begins with at a place, by its first bytes; 0 where there is none.
  private func search(_ text: RawSpan, at place: Int) -> UInt32 {
    guard place + Self.prefixByteCount <= text.byteCount else { return 0 }
    var candidate = unsafe slots[slot(of: text, at: place)]
    var left = Self.siblingsMax
    while candidate != 0 && left > 0 {
      if matches(candidate, text, at: place) { return candidate }
      candidate = unsafe forms[Int(candidate)].sibling
      left -= 1
    }
    return 0
  }

  @inline(__always) private func matches(_ number: UInt32, _ text: RawSpan, at place: Int) -> Bool {
    let form = unsafe forms + Int(number)
    let length = unsafe form.pointee.byteCount
    guard place + length <= text.byteCount else { return false }
    let known = unsafe RawSpan(_unsafeStart: form.pointee.text, byteCount: length)
    let here = unsafe text.extracting(unchecked: place..<(place + length))
    let hole = unsafe form.pointee.timeOffset
    guard hole != 0 else { return here.isEqual(to: known) }
    let behind = hole + Self.timeByteCount
    return unsafe here.extracting(unchecked: 0..<hole).isEqual(
      to: known.extracting(unchecked: 0..<hole))
      && here.extracting(unchecked: behind..<length).isEqual(
        to: known.extracting(unchecked: behind..<length))
  }

  private func slot(of text: RawSpan, at place: Int) -> Int {
    let prefix = unsafe text.extracting(unchecked: place..<(place + Self.prefixByteCount))
    return unsafe Int(truncatingIfNeeded: hash.hash64(prefix)) & (slots.count - 1)
  }

  /// Remembers the text of an accepted item; only within ``updating(to:_:)``.
  ///
  /// A text is passed over where it is too short to be found, or where it is not plain which of its
  /// bytes are the occurrence's time.
  package func learn(
    _ text: RawSpan, type: TypeName, content: UInt32, occurrence: Occurrence
  ) {
    guard content != 0, text.byteCount >= Self.prefixByteCount, occurrence.complexID == nil,
      let hole = hole(in: text, occurrence), search(text, at: 0) == 0
    else { return }
    if unsafe count == capacity { grow() }
    let arena = unsafe arena
    let kept = arena.span(at: arena.append(text))
    guard let start = unsafe kept.withUnsafeBytes({ $0.baseAddress }) else { return }
    let slot = slot(of: text, at: 0)
    let number = unsafe UInt32(count)
    unsafe append(
      Form(
        text: start, byteCount: text.byteCount, timeOffset: hole, content: content,
        type: index(of: type), sibling: slots[slot]))
    unsafe slots[slot] = number
  }

  private func append(_ form: consuming Form) {
    unsafe (forms + count).initialize(to: form)
    unsafe count += 1
  }

  /// Where the time stands in a text: 0 where there is none, nil where it is not plain.
  private func hole(in text: RawSpan, _ occurrence: Occurrence) -> Int? {
    guard let seconds = occurrence.seconds else { return 0 }
    var time: [UInt8] = []
    Instant(seconds: seconds).appendText(to: &time)
    guard time.count == Self.timeByteCount,
      let first = text.firstIndex(of: time.rawSpan, from: 0), first >= Self.prefixByteCount,
      text.firstIndex(of: time.rawSpan, from: first + 1) == nil
    else { return nil }
    return first
  }

  private func index(of type: TypeName) -> UInt32 {
    if let known = typeIndexes[type] { return known }
    let index = UInt32(types.count)
    types.append(type)
    typeIndexes[type] = index
    return index
  }

  private func grow() {
    unsafe capacity *= 2
    let larger = unsafe UnsafeMutablePointer<Form>.allocate(capacity: capacity)
    unsafe larger.moveInitialize(from: forms, count: count)
    unsafe forms.deallocate()
    unsafe forms = larger
    unsafe slots = [UInt32](repeating: 0, count: capacity * 2)
    for number in unsafe 1..<count {
      let prefix = unsafe RawSpan(
        _unsafeStart: forms[number].text, byteCount: Self.prefixByteCount)
      let slot = slot(of: prefix, at: 0)
      unsafe forms[number].sibling = slots[slot]
      unsafe slots[slot] = UInt32(number)
    }
  }
}
