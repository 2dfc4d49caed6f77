public import Inventory

/// How many nodes hold each version of each item of a type at one valid time.
///
/// Lines are decoded one at a time as they are asked for, in the order in which the store first
/// heard of the items; of some nodes, or as known earlier, in that of the contents that were held. Takes eight bytes a line, holds the store's shared contents by reference, and
/// stays valid for as long as it is kept.
public struct Rollup: RandomAccessCollection, Sendable {
  /// One item in one version.
  public struct Line: Sendable, Hashable {
    /// A content of that version; others of it can differ in further attributes.
    public var item: Item
    /// The item's `Version`; nil where it has none.
    public var version: String?
    /// How many nodes hold it; a node that holds several counts as often.
    public var nodes: Int
  }

  /// The valid time that was asked for.
  public let at: Instant
  let lines: [StoredLine]
  let pages: ContentPages
  /// Some nodes of each line, where they were met on the way; nil where they can be looked up.
  var some: [[NodeNumber]]?

  struct StoredLine {
    var content: ContentID
    var nodes: UInt32
  }

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of lines.
  public var endIndex: Int { lines.count }

  /// Decodes one line; costs the item's attributes.
  public subscript(position: Int) -> Line {
    let item = pages.item(
      StoredItem(content: lines[position].content, occurrence: .none), occurrenceAttribute: nil)
    return Line(item: item, version: item["Version"], nodes: nodes(at: position))
  }

  /// How many nodes hold one line's item; O(1).
  public func nodes(at position: Int) -> Int { Int(lines[position].nodes) }

  /// An attribute of one line's item, without decoding the others; nil where it has none.
  public func value(of name: StaticString, at position: Int) -> String? {
    pages.value(of: name, in: lines[position].content)
  }
}
