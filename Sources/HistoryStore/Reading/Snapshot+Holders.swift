import Inventory
import LMDB
import PackedBytes

extension Snapshot {
  /// An identity that a name stands for.
  struct NamedIdentity {
    var number: IdentityNumber
    var first: ContentID
  }

  /// The identities of a type whose first attribute is `name`, or any attribute where items have
  /// no identity of their own.
  func identities(
    named name: String, _ row: TypeRow, _ scope: ScopeCatalog
  ) throws(StoreError) -> [NamedIdentity] {
    var prefix: [UInt8] = []
    if case .attributes = row.rule { prefix = Array(name.utf8) + [0] }
    // Longer ones are cut in the key: what is cut is compared with the content itself.
    if prefix.count > Key.identityBytesMax - 32 {
      prefix = Array(prefix[..<(Key.identityBytesMax - 32)])
    }
    let key = Key.identity(scope.number, row.number, prefix)
    var found: [NamedIdentity] = []
    do throws(LMDBError) {
      var cursor = try view.cursor(in: tables.identities)
      var isThere = try cursor.seek(atOrAfter: key.span.bytes)
      while isThere, cursor.key.byteCount >= key.count,
        cursor.key.extracting(0..<key.count).isEqual(to: key.span.bytes)
      {
        do throws(PackedBytesError) {
          var reader = ByteReader(cursor.value)
          found.append(
            NamedIdentity(number: try reader.varint32(), first: try reader.varint32()))
        } catch {
          throw LMDBError.corrupted
        }
        isThere = try cursor.next()
      }
    } catch { throw StoreError(error) }
    if !prefix.isEmpty && prefix.last == 0 { return found }
    let items = found.map { StoredItem(content: $0.first, occurrence: .none) }
    let pages = try contents(items, scope)
    return zip(found, items).filter { _, item in
      pages.item(item, occurrenceAttribute: nil).attributes.contains { $0.value == name }
    }.map { $0.0 }
  }

  /// Hands over every posting of an identity up to a valid time, oldest first.
  func forEachPosting(
    of identity: IdentityNumber, _ row: TypeRow, _ scope: ScopeCatalog, upTo valid: UInt64,
    _ body: (Posting) -> Void
  ) throws(StoreError) {
    try forEachPosting(
      in: tables.holders, list: Key.holders(scope.number, row.number, identity), from: 0,
      upTo: valid, body)
  }

  /// Hands over every posting of a list in a range of valid time, oldest first.
  func forEachPosting(
    in table: Database, list: [UInt8], from: UInt32, upTo valid: UInt64,
    _ body: (Posting) -> Void
  ) throws(StoreError) {
    do throws(LMDBError) {
      var cursor = try view.cursor(in: table)
      let first = PostingChunk.key(of: list, Posting.Moment(valid: from, node: 0))
      var isThere = try cursor.seek(atOrBefore: first.span.bytes)
      if !isThere || PostingChunk.moment(in: cursor.key, of: list) == nil {
        isThere = try cursor.seek(atOrAfter: list.span.bytes)
      }
      while isThere, let moment = PostingChunk.moment(in: cursor.key, of: list),
        UInt64(moment.valid) <= valid
      {
        do throws(PackedBytesError) {
          try PostingChunk.forEach(in: cursor.value, startingAt: moment.valid) { posting in
            guard UInt64(posting.valid) <= valid else { return false }
            if posting.valid >= from { body(posting) }
            return true
          }
        } catch {
          throw LMDBError.corrupted
        }
        isThere = try cursor.next()
      }
    } catch { throw StoreError(error) }
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

  mutating func take(_ posting: Posting) {
    switch posting.form {
    case .added: add(posting.node, posting.a, posting.valid)
    case .removed: remove(posting.node, posting.a, posting.valid)
    case .changed:
      remove(posting.node, posting.a, posting.valid)
      add(posting.node, posting.b, posting.valid)
    case .counts: break
    }
  }

  private mutating func add(_ node: NodeNumber, _ content: ContentID, _ valid: UInt32) {
    held[Holder(node: node, content: content), default: []].append(valid)
  }

  private mutating func remove(_ node: NodeNumber, _ content: ContentID, _ valid: UInt32) {
    let holder = Holder(node: node, content: content)
    guard let from = held[holder]?.popLast() else { return }
    if held[holder]?.isEmpty == true { held[holder] = nil }
    ended.append(StoredHolding(node: node, content: content, from: from, to: valid))
  }

  /// What is still held.
  var open: [StoredHolding] {
    held.flatMap { holder, since in
      since.map { StoredHolding(node: holder.node, content: holder.content, from: $0, to: nil) }
    }
  }
}
