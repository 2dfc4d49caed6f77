import Digests
import Inventory
import PackedBytes

/// One record of the event log: an accepted report, or one administrative act.
///
/// The log is the only truth; everything else in the store follows from its records in their order.
struct LogRecord: Equatable {
  /// What happened.
  enum Body: Equatable {
    /// The first record of a scope: its name.
    case scopeOpened(Scope)
    case report(ReportRecord)
    case nodeEvent(NodeEvent)
    /// A type ends on every node of the scope at a valid time; its past stays.
    case typeDeletion(type: TypeName, valid: UInt32)
    case identityDeclaration(type: TypeName, attributes: [String])
    case erasure(ErasureAct)
  }

  /// Milliseconds since 1970.
  var recorded: Int64
  var body: Body
  /// The digest of the record as it was written first, where an erasure has rewritten it.
  var originalDigest: SHA256Digest?
}

/// A report in the log.
struct ReportRecord: Equatable {
  var node: NodeNumber
  /// The node's id, where this record is its first.
  var newNode: String?
  /// Where it comes from; 0 for the node itself.
  var source: SourceNumber = 0
  /// The source itself, where this record is its first.
  var newSource: Report.Source?
  /// The number that the first content defined here gets; the others follow.
  var firstContent: ContentID = 0
  /// Shapes first used here: attribute names in canonical order.
  ///
  /// Their numbers follow `firstShape`.
  var firstShape: UInt32 = 0
  var shapes: [[String]] = []
  var entries: [Entry] = []

  struct Entry: Equatable {
    var type: TypeNumber
    /// The type's name, where this record is its first.
    var newType: String?
    var valid: UInt32
    var contentHash: String?
    /// nil for an unchanged statement.
    var observation: Observation?
    /// What it said was erased; what remains are definitions that other entries use.
    var isErased = false
  }

  struct Observation: Equatable {
    /// An index into the type's list of schema versions.
    var version: Int
    /// The version's text, where it is new.
    var newVersion: String?
    /// The record whose observation the changes are relative to; 0 for none.
    var base: UInt64
    /// Contents defined by this observation, in order of their numbers.
    var definitions: [Definition]
    var changes: [SlotChange]
  }

  /// The contents that this record defines, in order of their numbers.
  var definitionCount: Int {
    entries.reduce(0) { $0 + ($1.observation?.definitions.count ?? 0) }
  }
}

/// What a content number stands for.
struct Definition: Equatable {
  enum Kind: UInt8 {
    /// All values follow.
    case item = 0
    /// Values as in the base, an item of the same shape, except those that follow.
    case difference = 1
    /// All values follow, of occurrence attributes rather than an item.
    case occurrence = 2
    /// Erased: the number stands for nothing any more.
    case erased = 3
  }

  var kind: Kind
  var shape: UInt32 = 0
  /// The item that a difference is to.
  var base: ContentID = 0
  /// Bit i: value i follows.
  var present: UInt64 = 0
  var values: [[UInt8]] = []
}

/// Something that happened to a node as a whole.
struct NodeEvent: Equatable {
  var node: NodeNumber
  var newNode: String?
  var valid: UInt32
  var kind: NodeEventKind
  var tags: [Item.Attribute] = []
}

/// What can happen to a node as a whole.
public enum NodeEventKind: UInt8, Sendable, CaseIterable, CustomStringConvertible {
  /// It was added to the fleet.
  case registered = 1
  /// Its tags were those given: written by programs before 0.2, for which tags were no inventory.
  case tagged = 2
  /// It stopped reporting.
  case lost = 3
  /// It is gone; its inventory ends.
  case terminated = 4
  /// It was taken out of the fleet; its inventory ends.
  case deregistered = 5

  /// Whether the node's inventory is no longer valid from then on.
  var endsInventory: Bool { self == .terminated || self == .deregistered }

  /// The word for it.
  public var description: String {
    switch self {
    case .registered: "registered"
    case .tagged: "tagged"
    case .lost: "lost"
    case .terminated: "terminated"
    case .deregistered: "deregistered"
    }
  }
}

/// What was erased, by whom it was asked and how to check it.
struct ErasureAct: Equatable {
  /// The node that was erased; nil for every node of the scope.
  var node: NodeNumber?
  /// Erased is what was valid before this time; `UInt32.max` for everything.
  var before: UInt32
  var reason: String
  /// A digest of all records of the scope that erasures have rewritten, as they are now.
  var rewritten: SHA256Digest
}
