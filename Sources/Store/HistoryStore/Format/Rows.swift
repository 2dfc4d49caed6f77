import Digests
import Inventory
import PackedBytes

/// The store's own facts: one row, under the key `store`.
struct MetaRow: Equatable {
  /// The format of new stores, and the newest that this code reads.
  static let formatVersion = 2
  static let key: [UInt8] = Array("store".utf8)

  var format = MetaRow.formatVersion
  /// From format 2 on.
  var id: StoreID?
  var nextSequence: UInt64 = 1
  /// The newest recorded time, in milliseconds; the clock never goes back behind it.
  var lastRecorded: Int64 = 0
  /// Grows when a scope, type, version or shape is added or declared.
  var catalogGeneration: UInt64 = 0
  /// Grows when an erasure changes what content numbers stand for.
  var erasureGeneration: UInt64 = 0

  /// Of an empty store.
  init(id: StoreID?) { self.id = id }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(varint: format)
    if format > 1 {
      let id = id ?? StoreID(high: 0, low: 0)
      writer.append(bigEndian: id.high)
      writer.append(bigEndian: id.low)
    }
    writer.append(varint: nextSequence)
    writer.append(varint: UInt64(lastRecorded))
    writer.append(varint: catalogGeneration)
    writer.append(varint: erasureGeneration)
    writer.append(bigEndian: Self.checksum(of: writer.bytes, under: Self.key))
    return writer.bytes
  }

  init(_ bytes: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    format = try reader.count(limit: .max)
    // The rest of a newer format is not ours to read.
    guard format <= Self.formatVersion else { return }
    if format > 1 { id = StoreID(high: try reader.bigEndian(), low: try reader.bigEndian()) }
    nextSequence = try reader.varint()
    lastRecorded = Int64(truncatingIfNeeded: try reader.varint())
    catalogGeneration = try reader.varint()
    erasureGeneration = try reader.varint()
  }
}

/// When a node was last heard of: the one fact of a node that does not follow from the log.
struct SeenRow {
  /// In milliseconds since 1970.
  var recorded: Int64

  init(recorded: Int64) { self.recorded = recorded }

  func encoded(under key: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: 12)
    writer.append(varint: UInt64(recorded))
    writer.append(bigEndian: MetaRow.checksum(of: writer.bytes, under: key))
    return writer.bytes
  }

  init(_ bytes: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    recorded = Int64(truncatingIfNeeded: try reader.varint())
  }
}

extension MetaRow {
  /// FNV-1a of a key and a value, at the end of the rows that no log record vouches for.
  ///
  /// Against accidents only: every change of a single byte changes it.
  static func checksum(of value: [UInt8], under key: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0x811c_9dc5
    for byte in key { sum = (sum ^ UInt32(byte)) &* 0x0100_0193 }
    for byte in value { sum = (sum ^ UInt32(byte)) &* 0x0100_0193 }
    return sum
  }

  /// Whether a row ends with its own checksum.
  static func isIntact(_ row: RawSpan, under key: RawSpan) -> Bool {
    guard row.byteCount > 4 else { return false }
    let value = [UInt8](copying: row.extracting(0..<(row.byteCount - 4)))
    var reader = ByteReader(row.extracting((row.byteCount - 4)..<row.byteCount))
    guard let stored = try? reader.bigEndian(UInt32.self) else { return false }
    return stored == checksum(of: value, under: [UInt8](copying: key))
  }
}

/// A scope: its name, its counters, the end of its hash chain, its sources.
struct ScopeRow: Equatable {
  /// Sources of imported reports at most.
  static let sourcesMax = 1 << 10

  var scope: Scope
  var head = SHA256Digest.zero
  var recordCount: UInt64 = 0
  var lastSequence: UInt64 = 0
  var nextNode: NodeNumber = 1
  var nextType: TypeNumber = 1
  var nextShape: UInt32 = 1
  var nextContent: ContentID = 1
  var nextIdentity: IdentityNumber = 1
  /// Records that erasures have rewritten.
  var rewrittenCount: UInt64 = 0
  /// Where imported reports come from, in order of first use: their numbers from 1.
  var sources: [Report.Source] = []

  init(scope: Scope) { self.scope = scope }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(string: scope.account)
    writer.append(string: scope.region)
    writer.append(head.bytes)
    writer.append(varint: recordCount)
    writer.append(varint: lastSequence)
    writer.append(varint: UInt64(nextNode))
    writer.append(varint: UInt64(nextType))
    writer.append(varint: UInt64(nextShape))
    writer.append(varint: UInt64(nextContent))
    writer.append(varint: UInt64(nextIdentity))
    writer.append(varint: rewrittenCount)
    writer.append(varint: sources.count)
    for source in sources { source.encode(into: &writer) }
    return writer.bytes
  }

  init(_ bytes: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    let account = try reader.string()
    let region = try reader.string()
    guard let scope = try? Scope(account: account, region: region) else {
      throw PackedBytesError(offset: 0, expected: "an account and a Region")
    }
    self.scope = scope
    head = SHA256Digest(bytes: [UInt8](copying: try reader.span(count: 32))) ?? .zero
    recordCount = try reader.varint()
    lastSequence = try reader.varint()
    nextNode = try reader.varint32()
    nextType = TypeNumber(truncatingIfNeeded: try reader.varint())
    nextShape = try reader.varint32()
    nextContent = try reader.varint32()
    nextIdentity = try reader.varint32()
    rewrittenCount = try reader.varint()
    for _ in 0..<(try reader.followingCount()) {
      sources.append(try Report.Source(&reader))
    }
  }
}

/// The tag of the content accepted last: what an unchanged statement must name.
struct HashRow: Equatable {
  var sequence: UInt64
  var contentHash: String

  init(sequence: UInt64, contentHash: String) {
    self.sequence = sequence
    self.contentHash = contentHash
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(varint: sequence)
    writer.append(string: contentHash)
    return writer.bytes
  }

  init(_ bytes: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    sequence = try reader.varint()
    contentHash = try reader.string()
  }

  /// Whether a row says this, without reading it out.
  static func tells(
    _ bytes: RawSpan, _ contentHash: String?, of sequence: UInt64
  ) throws(PackedBytesError) -> Bool {
    var reader = ByteReader(bytes)
    guard try reader.varint() == sequence, let contentHash else { return false }
    return try unsafe reader.lengthPrefixedSpan().isEqual(to: contentHash.utf8Span.span.bytes)
  }
}

/// What is known of a node as a whole.
struct NodeRow: Equatable {
  var id: String
  var firstRecorded: Int64
  /// The newest event by valid time, and that time.
  var status: NodeEventKind = .registered
  var statusValid: UInt32 = 0
  /// Those of the newest event that a program before 0.2 wrote: tags are observations of AWS:Tag now.
  var tags: [Item.Attribute] = []
  var tagsValid: UInt32 = 0

  init(id: String, firstRecorded: Int64) {
    self.id = id
    self.firstRecorded = firstRecorded
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(string: id)
    writer.append(varint: UInt64(firstRecorded))
    writer.append(status.rawValue)
    writer.append(varint: UInt64(statusValid))
    writer.append(varint: UInt64(tagsValid))
    writer.append(varint: tags.count)
    for tag in tags {
      writer.append(string: tag.name)
      writer.append(string: tag.value)
    }
    return writer.bytes
  }

  init(_ bytes: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    id = try reader.string()
    firstRecorded = Int64(truncatingIfNeeded: try reader.varint())
    status = NodeEventKind(rawValue: try reader.byte()) ?? .registered
    statusValid = try reader.varint32()
    tagsValid = try reader.varint32()
    for _ in 0..<(try reader.followingCount()) {
      let name = try reader.string()
      tags.append(Item.Attribute(name: name, value: try reader.string()))
    }
  }
}

/// A range of valid time whose inventory was erased.
struct ErasureRow: Equatable {
  var node: NodeNumber?
  var before: UInt32
  var recorded: Int64
  var reason: String

  init(node: NodeNumber?, before: UInt32, recorded: Int64, reason: String) {
    self.node = node
    self.before = before
    self.recorded = recorded
    self.reason = reason
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(varint: node.map { UInt64($0) + 1 } ?? 0)
    writer.append(varint: UInt64(before))
    writer.append(varint: UInt64(recorded))
    writer.append(string: reason)
    return writer.bytes
  }

  init(_ bytes: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    let number = try reader.varint()
    node = number == 0 ? nil : NodeNumber(truncatingIfNeeded: number - 1)
    before = try reader.varint32()
    recorded = Int64(truncatingIfNeeded: try reader.varint())
    reason = try reader.string()
  }
}
