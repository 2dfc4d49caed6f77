public import Inventory
import PackedBytes

/// The items of a state, decoded one at a time as they are asked for.
///
/// Holds the store's shared contents by reference, so it stays valid for as long as it is kept,
/// whatever happens to the store.
public struct ItemList: RandomAccessCollection, Sendable {
  let items: [StoredItem]
  let contents: ContentPages
  let occurrenceAttribute: String?

  init(items: [StoredItem], contents: ContentPages, occurrenceAttribute: String?) {
    self.items = items
    self.contents = contents
    self.occurrenceAttribute = occurrenceAttribute
  }

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of items.
  public var endIndex: Int { items.count }

  /// Decodes one item; costs its attributes.
  public subscript(position: Int) -> Item {
    contents.item(items[position], occurrenceAttribute: occurrenceAttribute)
  }

  /// Appends the UTF-8 bytes of one attribute of an item, without making an `Item`.
  ///
  /// - Returns: whether it has the attribute.
  /// - Complexity: O(bytes of the item).
  @discardableResult
  package func appendValue(
    of attribute: String, at position: Int, to bytes: inout [UInt8]
  ) -> Bool {
    contents.appendValue(
      of: attribute, items[position], occurrenceAttribute: occurrenceAttribute, to: &bytes)
  }

  /// All items in order of their attributes, for showing to people.
  public func sorted() -> [Item] { sortedForPeople() }
}

extension Sequence<Item> {
  /// The items by name and version, then by whatever else they have.
  package func sortedForPeople() -> [Item] {
    func key(_ item: Item) -> [String] {
      [item["Name"] ?? "", item["Id"] ?? "", item["Version"] ?? ""]
        + item.attributes.map { $0.name + "\u{0}" + $0.value }
    }
    return map { (key($0), $0) }.sorted { a, b in
      for (x, y) in zip(a.0, b.0) where x != y { return x < y }
      return false
    }.map(\.1)
  }
}
