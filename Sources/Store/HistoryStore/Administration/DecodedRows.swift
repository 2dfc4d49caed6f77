import LMDB
import PackedBytes

// Verification of what rows say: each is decoded once, as the questions that read it do. So a row
// that was written as it is, and cannot be read, is found before anybody asks for it.

extension Verification {
  /// Problems that are told at most; further ones are counted.
  static let problemsMax = 100
}

/// Decodes the rows of one table after another, in order of their keys.
struct RowCheck: ~Copyable {
  private let tables: Tables
  /// The number that the next content of each scope gets.
  private var nextContents: [ScopeNumber: ContentID] = [:]
  private(set) var problems: [StoreError.Damage] = []
  private(set) var problemCount = 0

  /// The state behind the row of the timeline that was read last, and whose it is.
  private var slots = SlotBuffer()
  private var keyframe = SlotBuffer()
  private var series: Series?

  init(_ tables: Tables, scopes: [ScopeNumber: ScopeRow]) {
    self.tables = tables
    nextContents = scopes.mapValues(\.nextContent)
  }

  /// Decodes all rows of a table.
  mutating func check(_ table: Database, _ view: TransactionView) throws(StoreError) {
    series = nil
    var cursor = try view.storeCursor(in: table)
    while try cursor.next() {
      let found: StoreError?
      do throws(PackedBytesError) {
        found = try check(cursor.key, cursor.value, in: table, view)
      } catch { found = cursor.damaged(error) }
      if let found { note(found, view) }
    }
  }

  private mutating func note(_ error: StoreError, _ view: TransactionView) {
    series = nil
    problemCount += 1
    guard problems.count < Verification.problemsMax,
      let damage = view.naming(error, tables).damage
    else { return }
    problems.append(damage)
  }

  /// Decodes one row; returns what is wrong with another that belongs to it.
  private mutating func check(
    _ key: RawSpan, _ value: RawSpan, in table: Database, _ view: TransactionView
  ) throws(PackedBytesError) -> StoreError? {
    var reader = ByteReader(value)
    switch table {
    case tables.timeline: return try checkTimeline(key, value, view)
    case tables.keyframes: try checkChanges(value, key)
    case tables.tails: _ = try TimelineTail(value)
    case tables.holders: try checkHolders(key, value)
    case tables.activity: try checkPostings(key, value)
    case tables.scopes: _ = try ScopeRow(value)
    case tables.chain: _ = try reader.span(count: 32)
    case tables.dictionary: (_, _) = (try reader.varint(), try reader.varint32())
    case tables.shapes: _ = try decodeShape(value)
    case tables.schemas: _ = try TypeRow(value, number: 1)
    case tables.nodes: _ = try NodeRow(value)
    case tables.nodeNumbers: _ = try reader.varint32()
    case tables.hashes: _ = try HashRow(value)
    case tables.identities: (_, _) = (try reader.varint32(), try reader.varint32())
    case tables.erasures: _ = try ErasureRow(value)
    default: break
    }
    return nil
  }

  /// Applies the entries of one row to the state behind the row before it.
  private mutating func checkTimeline(
    _ key: RawSpan, _ value: RawSpan, _ view: TransactionView
  ) throws(PackedBytesError) -> StoreError? {
    var keyReader = ByteReader(key)
    let owner = Series(
      scope: try keyReader.bigEndian(), node: try keyReader.bigEndian(),
      type: try keyReader.bigEndian())
    guard let place = Key.place(inTimelineKey: key, of: owner) else {
      throw PackedBytesError(offset: 0, expected: "a key with a place")
    }
    var chunk = try TimelineChunkView(value, at: place)
    switch chunk.start {
    case .empty: slots.removeAll()
    case .previous where owner == series: break
    case .previous: throw PackedBytesError(offset: 0, expected: "a row before that can be read")
    case .keyframe:
      if let problem = startFromKeyframe(owner, place, view) { return problem }
    }
    while let entry = try chunk.next() {
      guard entry.kind != .confirmation else { continue }
      try entry.apply(to: &slots)
      try checkContents(entry.changes, owner.scope, entry.place.valid)
    }
    series = owner
    return nil
  }

  /// Takes a keyframe for the state, which it must be.
  private mutating func startFromKeyframe(
    _ owner: Series, _ place: Place, _ view: TransactionView
  ) -> StoreError? {
    let key = Key.timeline(owner, place)
    let table = tables.keyframes
    keyframe.removeAll()
    do throws(StoreError) {
      guard let bytes = try view.storedValue(key, table) else {
        return StoreError(.init(table: table.name, key: key, expected: "a keyframe"))
      }
      do throws(PackedBytesError) { try keyframe.apply(bytes, at: place.valid) } catch {
        return StoreError(error, in: table, under: key)
      }
    } catch { return error }
    if owner == series {
      for slot in 0..<max(slots.count, keyframe.count) where slots[slot] != keyframe[slot] {
        return StoreError(
          .init(table: table.name, key: key, expected: "the state of the rows before"))
      }
    }
    swap(&slots, &keyframe)
    return nil
  }

  private func checkChanges(_ value: RawSpan, _ key: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(key)
    try checkContents(value, try reader.bigEndian(), 0)
  }

  /// Whether all contents that changes name are defined.
  private func checkContents(
    _ changes: RawSpan, _ scope: ScopeNumber, _ valid: UInt32
  ) throws(PackedBytesError) {
    let next = nextContents[scope] ?? 0
    var greatest: ContentID = 0
    try PackedChanges.decode(changes, at: valid) { change in
      greatest = max(greatest, change.item.content, change.item.complexID ?? 0)
    }
    guard greatest < next else {
      throw PackedBytesError(offset: 0, expected: "contents that are defined")
    }
  }

  private func checkHolders(_ key: RawSpan, _ value: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(key)
    _ = try reader.bigEndian(ScopeNumber.self)
    let type: TypeNumber = try reader.bigEndian()
    let identity: IdentityNumber = try reader.bigEndian()
    if reader.isAtEnd {
      try PostingPool.forEach(in: value, base: identity) { _, _ in
        true
      } _: { _ in
      }
    } else if type & 0x8000 != 0 {
      var holders = HolderSet()
      try holders.take(keyframe: value)
    } else {
      try checkPostings(key, value)
    }
  }

  private func checkPostings(_ key: RawSpan, _ value: RawSpan) throws(PackedBytesError) {
    guard let moment = PostingRow.moment(in: key) else {
      throw PackedBytesError(offset: 0, expected: "a key with a moment")
    }
    try PostingRow.forEach(in: value, startingAt: moment) { _ in true }
  }
}
