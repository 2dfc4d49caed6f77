public import Inventory

/// A node that holds an item at the time that was asked for.
public struct Holder: Sendable, Hashable {
  /// The node.
  public var node: NodeID
  /// The item's shared content: all attributes but those of the occurrence.
  public var item: Item
  /// The item's `Version`, where it has one.
  public var version: String?
}

/// The nodes that hold an item at one valid time, decoded one at a time as they are asked for.
///
/// In the order in which the store first heard of the nodes; a node that holds several such items
/// is there as often. Takes eight bytes a holder, holds the store's shared contents by reference,
/// and stays valid for as long as it is kept, whatever happens to the store.
public struct HolderList: RandomAccessCollection, Sendable {
  /// The valid time that was asked for.
  public let at: Instant
  let holders: [StoredHolder]
  /// The contents that are held, each once.
  let contents: [ContentID]
  let pages: ContentPages
  let ids: [NodeID?]

  struct StoredHolder {
    var node: NodeNumber
    /// Of ``HolderList/contents``.
    var content: UInt32
  }

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of holders.
  public var endIndex: Int { holders.count }

  /// Decodes one holder with its item; costs the item's attributes.
  public subscript(position: Int) -> Holder {
    let item = pages.item(
      StoredItem(content: content(at: position), occurrence: .none), occurrenceAttribute: nil)
    return Holder(node: node(at: position), item: item, version: item["Version"])
  }

  /// The node of one holder; O(1).
  public func node(at position: Int) -> NodeID {
    ids[Int(holders[position].node)] ?? NodeID(stored: "")
  }

  /// The `Version` of one holder's item, without decoding the rest; nil where it has none.
  public func version(at position: Int) -> String? {
    pages.value(of: "Version", in: content(at: position))
  }

  /// Appends the UTF-8 bytes of one attribute of a holder's item, without making an `Item`.
  ///
  /// - Returns: whether the shared content has the attribute; those of the occurrence are not in it.
  @discardableResult
  package func appendValue(
    of attribute: String, at position: Int, to bytes: inout [UInt8]
  ) -> Bool {
    pages.appendValue(
      of: attribute, StoredItem(content: content(at: position), occurrence: .none),
      occurrenceAttribute: nil, to: &bytes)
  }

  /// How many hold each version; an item without a `Version` counts under the empty text.
  ///
  /// - Complexity: O(*n*), without decoding an item more than once.
  public var countsByVersion: [String: Int] {
    var counts = [Int](repeating: 0, count: contents.count)
    for holder in holders { counts[Int(holder.content)] += 1 }
    var result: [String: Int] = [:]
    for (content, count) in zip(contents, counts) where count > 0 {
      result[pages.value(of: "Version", in: content) ?? "", default: 0] += count
    }
    return result
  }

  private func content(at position: Int) -> ContentID {
    contents[Int(holders[position].content)]
  }
}

extension Snapshot {
  /// Makes the answer of a set: of all its holders, or those of one version.
  func list(
    _ set: HolderSet, at: Instant, _ names: ItemNames, _ row: TypeRow, _ version: String?,
    _ scope: ScopeCatalog
  ) throws(StoreError) -> HolderList {
    let contents = set.contents
    let pages = try self.contents(
      contents.map { StoredItem(content: $0, occurrence: .none) }, scope)
    let isWanted = contents.map { content in
      isNamed(content, names, row, pages)
        && (version == nil || pages.value(of: "Version", in: content) == version)
    }
    var holders: [HolderList.StoredHolder] = []
    holders.reserveCapacity(set.count)
    set.forEach { node, index in
      if isWanted[index] {
        holders.append(HolderList.StoredHolder(node: node, content: UInt32(index)))
      }
    }
    let ids = try nodeIDs(scope, atLeast: holders.last?.node ?? 0)
    for holder in holders where Int(holder.node) >= ids.count || ids[Int(holder.node)] == nil {
      throw .damaged("node number \(holder.node) is not known")
    }
    return HolderList(at: at, holders: holders, contents: contents, pages: pages, ids: ids)
  }

  /// Whether a content of an identity found by name is meant: where all items of a type are of one
  /// identity, each is compared for itself.
  func isNamed(
    _ content: ContentID, _ names: ItemNames, _ row: TypeRow, _ pages: ContentPages
  ) -> Bool {
    guard row.rule == .singleton else { return true }
    return names.contains(
      pages.item(StoredItem(content: content, occurrence: .none), occurrenceAttribute: nil),
      row.rule)
  }
}
