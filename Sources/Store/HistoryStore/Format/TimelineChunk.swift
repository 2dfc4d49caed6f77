import Inventory
import PackedBytes

/// One step of a timeline, in order of valid time, then sequence number.
struct TimelineEntry: Equatable {
  enum Kind: UInt8 {
    /// The content is now the one before, with the changes.
    case observation = 0
    /// An unchanged statement.
    case confirmation = 1
    /// The inventory ends: nothing is known from here on. The changes remove every item.
    case ended = 2
  }

  var kind: Kind
  var source: SourceNumber = 0
  var place: Place
  /// An index into the type's list of schema versions; 0 unless an observation.
  var version = 0
  /// Packed slot changes relative to the entry before; empty for a confirmation.
  var changes: [UInt8] = []

  /// Whether the entry sets the content.
  var isState: Bool { kind != .confirmation }
}

/// Some neighbouring entries of one timeline: one row of the table.
///
/// A chunk that would grow past ``byteCountMax`` is followed by a new one, or split. Every entry's
/// changes are relative to the state before it, across chunks too; a keyframe (the whole state
/// before a chunk's first entry, in a table of its own) stands at a chunk's start now and then, so
/// that a state is rebuilt from a bounded number of bytes whatever its age.
struct TimelineChunk: Equatable {
  /// What is before the first entry.
  enum Start: UInt8 {
    /// Nothing: this is the timeline's beginning.
    case empty = 0
    /// The chunks before, back to one that knows.
    case previous = 1
    /// The keyframe under the same key.
    case keyframe = 2
  }

  var start: Start
  /// Bytes of entries in the chunks between the keyframe (or the beginning) and this one.
  var bytesSinceKeyframe: Int
  /// The observation, or end, before the first entry.
  var prior: Prior?
  var entries: [TimelineEntry]

  struct Prior: Equatable {
    var place: Place
    var hasEnded: Bool
    var source: SourceNumber
    var version: Int
  }

  /// What fills a page of 4 kB behind its head: LMDB keeps a value of more than about 2 kB in pages of
  /// its own, so that rows which are no longer written waste next to nothing.
  static let byteCountMax = 4080

  /// The row's key: the first entry's place.
  var place: Place { entries[0].place }

  func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: 128)
    encodeHead(into: &writer)
    var last = place
    for entry in entries {
      Self.encode(entry, after: last, into: &writer)
      last = entry.place
    }
    return writer.bytes
  }

  private func encodeHead(into writer: inout ByteWriter) {
    var head = start.rawValue
    if prior != nil { head |= 4 }
    if prior?.hasEnded == true { head |= 8 }
    if let prior, prior.source != 0 { head |= 16 }
    writer.append(head)
    writer.append(varint: bytesSinceKeyframe)
    if let prior {
      writer.append(varint: UInt64(place.valid - prior.place.valid))
      writer.append(
        zigzag: Int64(bitPattern: place.sequence) - Int64(bitPattern: prior.place.sequence))
      writer.append(varint: prior.version)
      if prior.source != 0 { writer.append(varint: UInt64(prior.source)) }
    }
  }

  /// Set in a state's first byte where it was imported, and where its schema version is not 0.
  static let importedBit: UInt8 = 4
  static let versionBit: UInt8 = 8

  /// Appends one entry's bytes, relative to the entry before; for the first, to its own place.
  static func encode(
    _ entry: TimelineEntry, after last: Place, into writer: inout ByteWriter
  ) {
    var flags = entry.kind.rawValue
    if entry.source != 0 { flags |= importedBit }
    if entry.version != 0 { flags |= versionBit }
    writer.append(flags)
    writer.append(varint: UInt64(entry.place.valid - last.valid))
    writer.append(
      zigzag: Int64(bitPattern: entry.place.sequence) - Int64(bitPattern: last.sequence))
    guard entry.isState else { return }
    if entry.source != 0 { writer.append(varint: UInt64(entry.source)) }
    if entry.version != 0 { writer.append(varint: entry.version) }
    writer.append(lengthPrefixed: entry.changes)
  }

  init(
    start: Start, bytesSinceKeyframe: Int, prior: Prior?, entries: [TimelineEntry]
  ) {
    self.start = start
    self.bytesSinceKeyframe = bytesSinceKeyframe
    self.prior = prior
    self.entries = entries
  }

  init(_ bytes: RawSpan, at place: Place) throws(PackedBytesError) {
    var view = try TimelineChunkView(bytes, at: place)
    start = view.start
    bytesSinceKeyframe = view.bytesSinceKeyframe
    prior = view.prior
    entries = []
    while let entry = try view.next() { entries.append(entry.owned()) }
  }
}

/// Reads the entries of a chunk in place.
struct TimelineChunkView: ~Escapable {
  let place: Place
  let start: TimelineChunk.Start
  let bytesSinceKeyframe: Int
  private(set) var prior: TimelineChunk.Prior?
  private var last: Place
  private var reader: ByteReader

  /// An entry whose changes are borrowed from the chunk.
  struct Entry: ~Escapable {
    let kind: TimelineEntry.Kind
    let source: SourceNumber
    let place: Place
    let version: Int
    let changes: RawSpan
    /// Where in the row they begin.
    let offset: Int

    @_lifetime(copy changes)
    init(
      kind: TimelineEntry.Kind, source: SourceNumber, place: Place, version: Int, changes: RawSpan,
      offset: Int
    ) {
      self.kind = kind
      self.source = source
      self.place = place
      self.version = version
      self.changes = changes
      self.offset = offset
    }

    /// Applies the changes.
    @inline(__always)
    func apply(to slots: inout SlotBuffer) throws(PackedBytesError) {
      do throws(PackedBytesError) { try slots.apply(changes, at: place.valid) } catch {
        throw placed(error)
      }
    }

    /// An error in the changes, by its place in the row.
    @inline(never)
    func placed(_ error: PackedBytesError) -> PackedBytesError {
      PackedBytesError(offset: offset + error.offset, expected: error.expected)
    }

    func owned() -> TimelineEntry {
      TimelineEntry(
        kind: kind, source: source, place: place, version: version,
        changes: [UInt8](copying: changes))
    }
  }

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, at place: Place) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    let head = try reader.byte()
    guard let start = TimelineChunk.Start(rawValue: head & 3) else {
      throw PackedBytesError(offset: 0, expected: "how a chunk starts")
    }
    bytesSinceKeyframe = try reader.count(limit: .max)
    if head & 4 != 0 {
      let age = UInt32(truncatingIfNeeded: try reader.varint())
      let sequence = try reader.zigzag()
      prior = TimelineChunk.Prior(
        place: Place(
          valid: place.valid &- age,
          sequence: UInt64(bitPattern: Int64(bitPattern: place.sequence) &- sequence)),
        hasEnded: head & 8 != 0, source: 0, version: try reader.versionIndex())
      if head & 16 != 0 { prior?.source = try reader.sourceNumber() }
    } else {
      prior = nil
    }
    self.place = place
    last = place
    self.start = start
    self.reader = reader
  }

  @_lifetime(copy self) @_lifetime(self: copy self)
  mutating func next() throws(PackedBytesError) -> Entry? {
    guard !reader.isAtEnd else { return nil }
    let flags = try reader.byte()
    guard let kind = TimelineEntry.Kind(rawValue: flags & 3) else {
      throw PackedBytesError(offset: reader.position, expected: "a kind of timeline entry")
    }
    last.valid &+= UInt32(truncatingIfNeeded: try reader.varint())
    last.sequence &+= UInt64(bitPattern: try reader.zigzag())
    let entryPlace = last
    guard kind != .confirmation else {
      return Entry(
        kind: kind, source: 0, place: entryPlace, version: 0, changes: RawSpan(), offset: 0)
    }
    let source = flags & TimelineChunk.importedBit != 0 ? try reader.sourceNumber() : 0
    let version = flags & TimelineChunk.versionBit != 0 ? try reader.versionIndex() : 0
    let changes = try reader.lengthPrefixedSpan()
    return Entry(
      kind: kind, source: source, place: entryPlace, version: version, changes: changes,
      offset: reader.position - changes.byteCount)
  }
}

extension ByteReader {
  /// The number of a source, which is none of the node itself.
  mutating func sourceNumber() throws(PackedBytesError) -> SourceNumber {
    guard let number = SourceNumber(exactly: try varint()), number != 0 else {
      throw PackedBytesError(offset: position, expected: "the number of a source")
    }
    return number
  }

  /// An index into a type's list of schema versions, which has at most ``Writer/versionsMax``.
  ///
  /// Any number is read: it takes no memory, and one that is not in the list stands for none.
  @_lifetime(self: copy self)
  mutating func versionIndex() throws(PackedBytesError) -> Int { Int(try varint32()) }
}
