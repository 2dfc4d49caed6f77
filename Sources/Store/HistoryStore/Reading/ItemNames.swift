import Inventory
import LMDB
import PackedBytes

/// The names that a question is about: one, or those that fulfil a condition.
///
/// A name is the value of the first attribute of a type's identity, or any value of items that have none.
package struct ItemNames {
  /// What every name begins with; all of it, where there is one.
  let beginning: String
  private let condition: ((String) -> Bool)?

  /// Identities that a condition can choose: more is a list of the fleet, and no question about some items.
  package static let identitiesMax = 10_000

  /// One name.
  package init(_ name: String) {
    beginning = name
    condition = nil
  }

  /// Names that begin alike and fulfil a condition; costs a look at all that begin so.
  package init(beginning: String, where condition: @escaping (String) -> Bool) {
    self.beginning = beginning
    self.condition = condition
  }

  /// Whether it is one name.
  package var isOne: Bool { condition == nil }

  /// Whether a name is meant, byte by byte.
  func contains(_ name: String) -> Bool {
    condition?(name) ?? name.utf8.elementsEqual(beginning.utf8)
  }

  /// Whether an item is meant.
  func contains(_ item: Item, _ rule: TypeRow.Rule) -> Bool {
    if case .attributes(let names) = rule, let first = names.first {
      return contains(item[first] ?? "")
    }
    return item.attributes.contains { contains($0.value) }
  }

  /// The name by which an item is meant.
  func name(of item: Item, _ rule: TypeRow.Rule) -> String {
    if isOne { return beginning }
    if case .attributes(let names) = rule, let first = names.first { return item[first] ?? "" }
    return item.attributes.first { contains($0.value) }?.value ?? ""
  }
}

extension Snapshot {
  /// An identity that a name stands for.
  struct NamedIdentity {
    var number: IdentityNumber
    var first: ContentID
  }

  /// The identities of a type with a name that is meant.
  ///
  /// Costs the index rows of the names that begin alike; where items have no identity by attributes, all
  /// contents of the type.
  func identities(
    named names: ItemNames, _ row: TypeRow, _ scope: ScopeCatalog
  ) throws(StoreError) -> [NamedIdentity] {
    var prefix: [UInt8] = []
    if case .attributes = row.rule {
      prefix = Array(names.beginning.utf8) + (names.isOne ? [0] : [])
    }
    // Longer ones are cut in the key: what is cut is compared with the content itself.
    let isCut = prefix.count > Key.identityBytesMax - 32
    if isCut { prefix = Array(prefix[..<(Key.identityBytesMax - 32)]) }
    var found: [NamedIdentity] = []
    var doubtful: [NamedIdentity] = []
    try forEachIdentity(row, scope, from: prefix) { identity, name throws(StoreError) in
      if row.rule == .singleton || !isCut && !prefix.isEmpty && names.isOne {
        // All contents share the one identity: each is compared for itself, by `isNamed`.
        found.append(identity)
      } else if let name, !names.isOne {
        if names.contains(name) { found.append(identity) }
      } else {
        doubtful.append(identity)
      }
      try Self.check(found.count, names)
    }
    if !doubtful.isEmpty {
      let items = doubtful.map { StoredItem(content: $0.first, occurrence: .none) }
      let pages = try contents(items, scope)
      found += zip(doubtful, items).filter { _, item in
        names.contains(pages.item(item, occurrenceAttribute: nil), row.rule)
      }.map { $0.0 }
      try Self.check(found.count, names)
    }
    return found
  }

  private static func check(_ count: Int, _ names: ItemNames) throws(StoreError) {
    guard !names.isOne, count > ItemNames.identitiesMax else { return }
    throw StoreError(
      .invalidQuestion,
      "more than \(ItemNames.identitiesMax) different items have such a name: choose a narrower pattern"
    )
  }

  /// Hands over the identities of a type whose keys begin so, with their names where the keys tell them whole.
  private func forEachIdentity(
    _ row: TypeRow, _ scope: ScopeCatalog, from prefix: [UInt8],
    _ body: (NamedIdentity, String?) throws(StoreError) -> Void
  ) throws(StoreError) {
    let key = Key.identity(scope.number, row.number, prefix)
    let start = Key.identity(scope.number, row.number, []).count
    var cursor = try view.storeCursor(in: tables.identities)
    var isThere = try cursor.seek(atOrAfter: key.rawSpan)
    while isThere, cursor.key.byteCount >= key.count,
      cursor.key.extracting(0..<key.count).isEqual(to: key.rawSpan)
    {
      try checkCancellation()
      let identity: NamedIdentity
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.value)
        identity = NamedIdentity(number: try reader.varint32(), first: try reader.varint32())
      } catch { throw cursor.damaged(error) }
      var name: String?
      if case .attributes = row.rule {
        // Values end with a zero byte, which none of them has; behind what is cut there is a digest.
        let bytes = [UInt8](copying: cursor.key)[start...].prefix(Key.identityBytesMax - 32)
        name = bytes.firstIndex(of: 0).map { String(decoding: bytes[..<$0], as: UTF8.self) }
      }
      try body(identity, name)
      isThere = try cursor.next()
    }
  }
}
