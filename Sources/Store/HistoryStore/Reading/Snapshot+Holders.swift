import Inventory
import LMDB
import PackedBytes

extension Snapshot {
  /// Hands over every posting of an identity, oldest first.
  func forEachPosting(
    of identity: IdentityNumber, _ row: TypeRow, _ scope: ScopeCatalog,
    _ body: (Posting) -> Void
  ) throws(StoreError) {
    let list = Key.holders(scope.number, row.number, identity)
    let hasRows = try forEachPosting(in: tables.holders, list: list, from: 0, upTo: .max, body)
    if !hasRows { try forEachPooled(of: identity, row, scope, body) }
  }

  /// Hands over the postings of a list that has no rows of its own.
  private func forEachPooled(
    of identity: IdentityNumber, _ row: TypeRow, _ scope: ScopeCatalog,
    _ body: (Posting) -> Void
  ) throws(StoreError) {
    let base = PostingPool.base(of: identity)
    let key = Key.holders(scope.number, row.number, base)
    guard let bytes = try view.storedValue(key, tables.holders) else { return }
    do throws(PackedBytesError) {
      var isWanted = false
      try PostingPool.forEach(in: bytes, base: base) { other, _ in
        isWanted = other == identity
        return other <= identity
      } _: { posting in
        if isWanted { body(posting) }
      }
    } catch { throw StoreError(error, in: tables.holders, under: key) }
  }

  /// Hands over every posting of a list in a range of valid time, oldest first; false where the
  /// list has no rows.
  @discardableResult
  func forEachPosting(
    in table: Database, list: [UInt8], from: UInt32, upTo valid: UInt64,
    _ body: (Posting) -> Void
  ) throws(StoreError) -> Bool {
    var cursor = try view.storeCursor(in: table)
    let first = PostingRow.key(of: list, Posting.Moment(valid: from, node: 0))
    var isThere = try cursor.seek(atOrBefore: first.rawSpan)
    if !isThere || PostingRow.moment(in: cursor.key, of: list) == nil {
      isThere = try cursor.seek(atOrAfter: first.rawSpan)
    }
    guard isThere, PostingRow.moment(in: cursor.key, of: list) != nil else { return false }
    while isThere, let moment = PostingRow.moment(in: cursor.key, of: list),
      UInt64(moment.valid) <= valid
    {
      try checkCancellation()
      do throws(PackedBytesError) {
        try PostingRow.forEach(in: cursor.value, startingAt: moment) { posting in
          guard UInt64(posting.valid) <= valid else { return false }
          if posting.valid >= from { body(posting) }
          return true
        }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    return true
  }

  /// Adds who holds an identity at a valid time to a set.
  ///
  /// Reads from the keyframe at or before it: costs the holders, not the length of the history.
  func takeHolders(
    of identity: IdentityNumber, _ row: TypeRow, _ scope: ScopeCatalog, at valid: UInt32,
    into set: inout HolderSet
  ) throws(StoreError) {
    let list = Key.holders(scope.number, row.number, identity)
    if try view.takeHolders(list, tables.holders, at: valid, into: &set) { return }
    var taken = set
    set = HolderSet()
    try forEachPooled(of: identity, row, scope) { posting in
      if posting.valid <= valid { taken.take(posting) }
    }
    set = taken
  }
}

extension TransactionView {
  /// Adds who holds what of a list with rows of its own; false where it has none.
  func takeHolders(
    _ list: [UInt8], _ table: Database, at valid: UInt32, into set: inout HolderSet
  ) throws(StoreError) -> Bool {
    var cursor = try storeCursor(in: table)
    var start = Posting.Moment.first
    let limit = Posting.Moment(valid: valid, node: .max)
    let keyframes = Key.keyframes(of: list)
    let wanted = PostingRow.key(of: keyframes, limit)
    if try cursor.seek(atOrBefore: wanted.rawSpan),
      let moment = PostingRow.moment(in: cursor.key, of: keyframes)
    {
      do throws(PackedBytesError) { try set.take(keyframe: cursor.value) } catch {
        throw cursor.damaged(error)
      }
      start = moment
    }
    let first = PostingRow.key(of: list, start)
    var isThere = try cursor.seek(atOrAfter: first.rawSpan)
    guard isThere, PostingRow.moment(in: cursor.key, of: list) != nil else { return false }
    while isThere, let moment = PostingRow.moment(in: cursor.key, of: list), moment <= limit {
      do throws(PackedBytesError) {
        guard try set.take(row: cursor.value, startingAt: moment, upTo: valid) else { return true }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    return true
  }
}

/// One holding before its names are looked up.
struct StoredHolding {
  var node: NodeNumber
  var content: ContentID
  var from: UInt32
  var to: UInt32?
}

/// Follows the postings of one identity and keeps who holds what.
struct HoldingWalk {
  private struct Holder: Hashable {
    var node: NodeNumber
    var content: ContentID
  }

  private var held: [Holder: [UInt32]] = [:]
  private(set) var ended: [StoredHolding] = []
  /// What the node gained and lost at the moment that is being walked: items of one identity may
  /// trade their contents, and then nothing begins or ends.
  private var net: [ContentID: Int] = [:]
  private var moment: Posting.Moment?

  mutating func take(_ posting: Posting) {
    if moment != posting.moment { settle() }
    moment = posting.moment
    let event = posting.event
    switch event.form {
    case .added: net[event.a, default: 0] += 1
    case .removed: net[event.a, default: 0] -= 1
    case .changed:
      net[event.a, default: 0] -= 1
      net[event.b, default: 0] += 1
    case .counts: break
    }
  }

  /// Enters what the last moment came to; call it after the last posting.
  mutating func settle() {
    guard let moment else { return }
    for (content, count) in net {
      let holder = Holder(node: moment.node, content: content)
      for _ in 0..<max(0, count) { held[holder, default: []].append(moment.valid) }
      for _ in 0..<max(0, -count) {
        guard let from = held[holder]?.popLast() else { break }
        ended.append(
          StoredHolding(node: moment.node, content: content, from: from, to: moment.valid))
      }
      if held[holder]?.isEmpty == true { held[holder] = nil }
    }
    net.removeAll(keepingCapacity: true)
  }

  /// What is still held.
  var open: [StoredHolding] {
    held.flatMap { holder, since in
      since.map { StoredHolding(node: holder.node, content: holder.content, from: $0, to: nil) }
    }
  }
}

extension ContentPages {
  /// The value of an attribute of a content; nil where it has none of that name.
  func value(of name: StaticString, in content: ContentID) -> String? {
    withBytes(content) { bytes in
      var reader = ByteReader(bytes)
      while let found = try? reader.lengthPrefixedSpan(),
        let value = try? reader.lengthPrefixedSpan()
      {
        if found.isEqual(to: name) { return String(validating: value) }
      }
      return nil
    }
  }
}

extension RawSpan {
  fileprivate func isEqual(to text: StaticString) -> Bool {
    guard byteCount == text.utf8CodeUnitCount else { return false }
    let other = unsafe RawSpan(_unsafeStart: text.utf8Start, byteCount: byteCount)
    return isEqual(to: other)
  }
}
