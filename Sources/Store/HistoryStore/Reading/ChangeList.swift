public import Inventory

/// Changes in an order, decoded one at a time as they are asked for.
///
/// Holds the store's shared contents by reference, so it stays valid for as long as it is kept,
/// whatever happens to the store. A change takes 40 bytes until it is decoded.
public struct ChangeList: RandomAccessCollection, Sendable {
  /// Whose changes they are.
  struct Origin: Sendable {
    let scope: Scope
    let node: NodeID
    let items: ItemDecoder
    let sources: [Report.Source]
  }

  /// What all changes at one valid time of one origin share.
  struct Moment: Sendable {
    var place: Place
    var source: SourceNumber
    /// In milliseconds since 1970.
    var recorded: Int64
    /// Whether nothing was known before it, as far as that was asked for.
    var isFirst: Bool
    var origin: Int
    /// Its changes among all.
    var changes: Range<Int>
  }

  /// A change, packed.
  struct Entry: Sendable {
    var moment: UInt32
    var old: StoredItem
    var new: StoredItem

    var kind: Change.Kind { ItemPair(old: old, new: new).kind }
  }

  private(set) var origins: [Origin] = []
  private(set) var moments: [Moment] = []
  private var entries: [Entry] = []

  init() {}

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of changes.
  public var endIndex: Int { entries.count }

  /// Decodes one change; costs its attributes.
  public subscript(position: Int) -> Change {
    let entry = entries[position]
    let moment = moments[Int(entry.moment)]
    let origin = origins[moment.origin]
    let items = origin.items.difference(ItemPair(old: entry.old, new: entry.new))
    return Change(
      validTime: moment.place.instant, recordedTime: Instant(milliseconds: moment.recorded),
      sequence: SequenceNumber(moment.place.sequence), scope: origin.scope, node: origin.node,
      type: origin.items.type, kind: items.kind, identity: items.identity, old: items.old,
      new: items.new,
      source: moment.source == 0 ? nil : origin.sources[Int(moment.source) - 1])
  }

  /// What happened, without decoding the items; O(1).
  public func kind(at position: Int) -> Change.Kind { entries[position].kind }

  /// The valid time, without decoding the items; O(1).
  public func validTime(at position: Int) -> Instant {
    moments[Int(entries[position].moment)].place.instant
  }

  /// The log record, without decoding the items; O(1).
  public func sequence(at position: Int) -> SequenceNumber {
    SequenceNumber(moments[Int(entries[position].moment)].place.sequence)
  }

  /// The node, without decoding the items; O(1).
  public func node(at position: Int) -> NodeID {
    origins[moments[Int(entries[position].moment)].origin].node
  }

  /// All changes of the observation that one belongs to, where nothing was known of the node's type before it.
  ///
  /// Nil for others, and where that was not asked for. O(1).
  package func firstObservation(at position: Int) -> Range<Int>? {
    let moment = moments[Int(entries[position].moment)]
    return moment.isFirst ? moment.changes : nil
  }

  /// Appends the UTF-8 bytes of one attribute of the item before or after a change, without making
  /// an `Item`.
  ///
  /// - Returns: whether there is such an item and it has the attribute.
  /// - Complexity: O(bytes of the item).
  @discardableResult
  public func appendValue(
    of attribute: String, _ side: Change.Side, at position: Int, to bytes: inout [UInt8]
  ) -> Bool {
    let entry = entries[position]
    return origins[moments[Int(entry.moment)].origin].items.appendValue(
      of: attribute, side == .old ? entry.old : entry.new, to: &bytes)
  }
}

extension ChangeList {
  /// Adds what changed at one time of the origin that was added last.
  mutating func append(
    at place: Place, source: SourceNumber, recorded: Int64, isFirst: Bool, _ pairs: [ItemPair]
  ) {
    guard !pairs.isEmpty else { return }
    let start = entries.count
    let moment = UInt32(truncatingIfNeeded: moments.count)
    for pair in pairs { entries.append(Entry(moment: moment, old: pair.old, new: pair.new)) }
    moments.append(
      Moment(
        place: place, source: source, recorded: recorded, isFirst: isFirst,
        origin: origins.count - 1,
        changes: start..<entries.count))
  }

  mutating func append(_ origin: Origin) { origins.append(origin) }

  /// Puts the changes in an order of their moments.
  mutating func sort(by precedes: (Moment, Moment) -> Bool) {
    var sorted = moments.sorted(by: precedes)
    var moved: [Entry] = []
    moved.reserveCapacity(entries.count)
    for index in sorted.indices {
      let start = moved.count
      for position in sorted[index].changes {
        var entry = entries[position]
        entry.moment = UInt32(truncatingIfNeeded: index)
        moved.append(entry)
      }
      sorted[index].changes = start..<moved.count
    }
    moments = sorted
    entries = moved
  }
}

extension Change {
  /// Before or after.
  public enum Side: Sendable, Hashable {
    /// The item before the change.
    case old
    /// The item after it.
    case new
  }
}

/// Differences, decoded one at a time as they are asked for; see ``ChangeList``.
public struct DifferenceList: RandomAccessCollection, Sendable {
  let pairs: [ItemPair]
  let items: ItemDecoder

  /// 0.
  public var startIndex: Int { 0 }

  /// The number of differences.
  public var endIndex: Int { pairs.count }

  /// Decodes one difference; costs its attributes.
  public subscript(position: Int) -> Difference { items.difference(pairs[position]) }

  /// What happened, without decoding the items; O(1).
  public func kind(at position: Int) -> Change.Kind { pairs[position].kind }

  /// Appends the UTF-8 bytes of one attribute of the item on the left (`old`) or on the right,
  /// without making an `Item`.
  ///
  /// - Returns: whether there is such an item and it has the attribute.
  /// - Complexity: O(bytes of the item).
  @discardableResult
  public func appendValue(
    of attribute: String, _ side: Change.Side, at position: Int, to bytes: inout [UInt8]
  ) -> Bool {
    let pair = pairs[position]
    return items.appendValue(of: attribute, side == .old ? pair.old : pair.new, to: &bytes)
  }
}

/// Turns stored items of one type into attributes.
struct ItemDecoder: Sendable {
  let type: TypeName
  let rule: TypeRow.Rule
  var contents: ContentPages
  let occurrenceAttribute: String?

  func difference(_ pair: ItemPair) -> Difference {
    let old = pair.old.content == 0 ? nil : item(pair.old)
    let new = pair.new.content == 0 ? nil : item(pair.new)
    return Difference(
      kind: pair.kind, identity: (new ?? old).map(identity) ?? Item(sorted: []), old: old,
      new: new)
  }

  private func item(_ stored: StoredItem) -> Item {
    contents.item(stored, occurrenceAttribute: occurrenceAttribute)
  }

  private func identity(_ item: Item) -> Item {
    switch rule {
    case .attributes(let names):
      Item(sorted: item.attributes.filter { names.contains($0.name) })
    case .singleton: Item(sorted: [])
    case .undecided, .wholeItem: item
    }
  }

  func appendValue(
    of attribute: String, _ item: StoredItem, to bytes: inout [UInt8]
  ) -> Bool {
    contents.appendValue(
      of: attribute, item, occurrenceAttribute: occurrenceAttribute, to: &bytes)
  }
}
