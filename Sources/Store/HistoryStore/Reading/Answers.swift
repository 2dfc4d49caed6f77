public import Inventory

/// The number of a record in the event log: how far one has read, and what came before what.
public struct SequenceNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number; 0 is before every record.
  public let value: UInt64

  /// Takes a number.
  public init(_ value: UInt64) { self.value = value }

  /// Before every record.
  public static let zero = SequenceNumber(0)

  /// Orders as the log does.
  public static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  /// The number in digits.
  public var description: String { String(value) }
}

/// How well an answer is founded.
public enum Knowledge: String, Sendable, Hashable, Codable {
  /// There is an observation at or before the time asked for; its content may be empty.
  case observed
  /// Nothing was observed by then, or the inventory had ended.
  case unknown
  /// What was observed has been erased.
  case erased
}

/// The items of one inventory type of one node at a valid time, as known at a recorded time.
public struct InventoryState: Sendable, Encodable {
  /// The node.
  public var node: NodeID
  /// The type.
  public var type: TypeName
  /// The valid time that was asked for.
  public var at: Instant
  /// The recorded time that was asked for; nil for all that is known.
  public var knownAt: Instant?
  /// How well the answer is founded.
  public var knowledge: Knowledge
  /// The valid time of the observation that answers.
  public var observedAt: Instant?
  /// The latest unchanged statement after that observation and not after ``at``.
  public var lastConfirmed: Instant?
  /// The valid time of the first observation after ``at``.
  public var nextObserved: Instant?
  /// The schema version of the observation.
  public var schemaVersion: String?
  /// The log record of the observation.
  public var sequence: SequenceNumber?
  /// What the observation was imported from; nil where the node reported it.
  public var source: Report.Source?
  /// Whether the observation was imported rather than reported.
  public var isImported: Bool { source != nil }
  /// The items, decoded as they are asked for; order means nothing.
  public var items: ItemList
}

/// One item that came, went or is different, between two neighbouring observations.
public struct Change: Sendable, Hashable, Codable {
  /// The kinds of change.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// It is there and was not.
    case added
    /// It is different.
    case changed
    /// It was there and is not.
    case removed
  }

  /// The valid time from which on the new state holds.
  public var validTime: Instant
  /// When we were told.
  public var recordedTime: Instant
  /// The record that told us.
  public var sequence: SequenceNumber
  /// The scope.
  public var scope: Scope
  /// The node.
  public var node: NodeID
  /// The type.
  public var type: TypeName
  /// What happened.
  public var kind: Kind
  /// The attributes that identify the item; all of them, where the type has no identity.
  public var identity: Item
  /// The item before; nil where it was added.
  public var old: Item?
  /// The item after; nil where it was removed.
  public var new: Item?
  /// What it was imported from; nil where the node reported it.
  public var source: Report.Source?
  /// Whether it was imported rather than reported.
  public var isImported: Bool { source != nil }
}

/// One item that differs between two nodes, or between two times of one node.
public struct Difference: Sendable, Hashable, Codable {
  /// What makes the left into the right.
  public var kind: Change.Kind
  /// The attributes that identify the item.
  public var identity: Item
  /// The item on the left; nil where only the right has it.
  public var old: Item?
  /// The item on the right; nil where only the left has it.
  public var new: Item?
}

/// A node that held an item for a while, in valid time.
public struct Holding: Sendable, Hashable, Codable {
  /// The node.
  public var node: NodeID
  /// The scope.
  public var scope: Scope
  /// The type.
  public var type: TypeName
  /// The item's shared content: all attributes but those of the occurrence.
  public var item: Item
  /// The item's `Version`, where it has one.
  public var version: String?
  /// The valid time of the first observation with it.
  public var from: Instant
  /// The valid time of the first observation without it; nil while it is still held.
  public var to: Instant?
}

/// How many nodes held each version of an item at one valid time.
public struct RolloutStep: Sendable, Equatable {
  /// The valid time.
  public var at: Instant
  /// All versions of the roll-out, shared by its steps.
  let versions: [String]
  /// By place in `versions`; shorter where the last ones were not held.
  var counts: [Int]

  init(at: Instant, versions: [String], counts: [Int]) {
    self.at = at
    self.versions = versions
    self.counts = counts
  }

  /// Nodes by version; an item without a `Version` counts under the empty text.
  ///
  /// - Complexity: O(*versions*), and makes the dictionary anew each time.
  public var nodesByVersion: [String: Int] {
    var nodes: [String: Int] = [:]
    for (version, count) in zip(versions, counts) where count != 0 { nodes[version] = count }
    return nodes
  }

  /// Compares times and counts.
  public static func == (a: Self, b: Self) -> Bool {
    a.at == b.at && a.nodesByVersion == b.nodesByVersion
  }
}

/// What is known of a node as a whole.
public struct NodeSummary: Sendable, Hashable, Codable {
  /// The node.
  public var node: NodeID
  /// The scope.
  public var scope: Scope
  /// The newest event of its life, by valid time.
  public var status: NodeEventKind
  /// The valid time of that event; nil where the node only ever reported.
  public var statusTime: Instant?
  /// The tags, in order of their names' bytes; of a node that is gone, those that it had last.
  public var tags: [Item.Attribute]
  /// When we first heard of it.
  public var firstRecorded: Instant
  /// When we last heard of it, changes or not.
  public var lastSeen: Instant?
}

/// What is known of an inventory type.
public struct TypeSummary: Sendable, Hashable, Codable {
  /// The type.
  public var type: TypeName
  /// The scope.
  public var scope: Scope
  /// Schema versions seen, in order of first use.
  public var versions: [String]
  /// Attributes seen, in order of first use.
  public var attributes: [String]
  /// The attributes that identify an item; empty where there is one item, or all attributes do.
  public var identity: [String]
  /// Whether the identity was declared rather than built in or found.
  public var isDeclared: Bool
  /// The number of nodes with an observation of it.
  public var nodeCount: Int
  /// The valid time of its newest deletion.
  public var deleted: Instant?
}

/// What happened to a report.
public struct Receipt: Sendable, Hashable, Codable {
  /// The log record; nil where everything was known already.
  public var sequence: SequenceNumber?
  /// The node.
  public var node: NodeID
  /// Items in the report.
  public var itemCount: Int
  /// Items added, changed or removed by it.
  public var changeCount: Int
  /// Types whose observation, or statement, was known already.
  public var duplicateCount: Int

  /// Whether nothing but *last seen* moved.
  public var isDuplicate: Bool { sequence == nil }
}

/// How large the store is.
public struct Statistics: Sendable {
  /// One table's size.
  public struct Table: Sendable, Hashable {
    /// The table's name, as in docs/format.md.
    public var name: String
    /// Rows.
    public var rows: Int
    /// Bytes of the pages that hold them.
    public var byteCount: Int
  }

  /// The format of the file, by docs/format.md.
  public var format: Int
  /// The store's id; nil in a store of format 1.
  public var id: StoreID?
  /// Accepted reports and acts.
  public var records: Int
  /// Item changes in all timelines.
  public var changeEvents: Int
  /// Nodes.
  public var nodes: Int
  /// Types, over all scopes.
  public var types: Int
  /// Distinct item contents.
  public var contents: Int
  /// Bytes of all pages in use.
  public var liveByteCount: Int
  /// Bytes of the file.
  public var fileByteCount: Int
  /// The tables.
  public var tables: [Table]
}

/// How much `verify` looks at.
public enum VerificationDepth: Sendable, Hashable {
  /// Every row as it was written: against the sums that are kept of all rows, and the chain of hashes
  /// over the log. At the speed of reading.
  case rows
  /// That, and every projection made again from the log and compared. At the speed of a rebuild.
  case replay
}

/// What `verify` found.
public struct Verification: Sendable {
  /// Records walked.
  public var records: Int
  /// Rows of projections checked.
  public var rows: Int
  /// Bytes of log read.
  public var logByteCount: Int
  /// What is wrong, each in one sentence; empty for a sound store.
  public var problems: [String]

  /// Whether the store is sound.
  public var isSound: Bool { problems.isEmpty }
}
