import Inventory

/// A parameter of a question: what it is called, what it may be, and what it means.
package struct Parameter: Sendable {
  /// What a value may be.
  package enum Kind: Sendable {
    /// Text of at most so many bytes.
    case text(max: Int)
    case node
    /// An inventory type; `Application` is short for `AWS:Application`.
    case type
    /// A time in one of the forms of docs/cli.md.
    case time
    /// Whole seconds, or on the command line a duration such as `6h`.
    case seconds(ClosedRange<Int>)
    case integer(ClosedRange<Int>)
    /// One of some words.
    case choice([String])
    /// `true` or `false`.
    case flag
    /// Where an answer goes on; with `log` also a sequence number of the log.
    case position(log: Bool)
  }

  package let name: String
  package let kind: Kind
  /// One sentence.
  package let meaning: String
  package private(set) var isRequired = false
  /// Whether it is a part of the path.
  package private(set) var isInPath = false
  /// Whether it can be given more than once.
  package private(set) var isRepeatable = false
  /// The type that is meant where none is given.
  private(set) var typeMeant: TypeName?

  init(_ name: String, _ kind: Kind, _ meaning: String) {
    self.name = name
    self.kind = kind
    self.meaning = meaning
  }

  /// Made a must.
  var required: Parameter {
    var parameter = self
    parameter.isRequired = true
    return parameter
  }

  /// Can be given more than once.
  var repeated: Parameter {
    var parameter = self
    parameter.isRepeatable = true
    return parameter
  }

  static let node: Parameter = {
    var parameter = Parameter("id", .node, "The node.").required
    parameter.isInPath = true
    return parameter
  }()
  static let type = Parameter("type", .type, "The inventory type. Default: all.")
  static let typeOfItems: Parameter = {
    var parameter = Parameter("type", .type, "The inventory type. Default: AWS:Application.")
    parameter.typeMeant = .application
    return parameter
  }()
  static let itemName = Parameter(
    "name", .text(max: 400), "The first attribute of the item's identity: mostly its Name."
  ).required
  static let itemNames = Parameter(
    "name", .text(max: 400),
    "The first attribute of the item's identity: mostly its Name; or a shell pattern of it."
  ).required
  static let version = Parameter(
    "version", .text(max: 400),
    "Only this Version, or those below or above in Debian's order: `<3.0.11-1`, `>=2`.")
  static let at = Parameter("at", .time, "The valid time. Default: the newest.")
  static let knownAt = Parameter(
    "known-at", .time, "Answer with what was recorded by this time only. Default: all.")
  static let from = Parameter("from", .time, "From this valid time on.")
  static let to = Parameter("to", .time, "Before this valid time.")
  static let glob = Parameter(
    "name", .text(max: 400),
    "Only items whose Name (else Id, else first identity) matches; as shell patterns.")
  static let nodes = Parameter(
    "node", .text(max: 128),
    "Only nodes whose id or host name matches one of these; as shell patterns."
  ).repeated
  static let tags = Parameter(
    "tag", .text(max: 128),
    "Only nodes with all these tags at the time asked about (the end of a range, else now): a name, or "
      + "name=value, the value as a shell pattern."
  ).repeated
  static let wheres = Parameter(
    "where", .text(max: 400),
    "Only nodes whose AWS:InstanceInformation has all of these: an attribute, or attribute=value, the value "
      + "as a shell pattern."
  ).repeated
  static let kind = Parameter(
    "change", .choice(["added", "changed", "removed"]),
    "Only what was `added`, `changed` or `removed`.")
  static let newNodes = Parameter(
    "new-nodes", .choice(["show", "fold"]),
    "`fold`: the first observation of a type on a node is one row with the number of items that it added. "
      + "Default: `show`, a row for each.")
  static let limit = Parameter("limit", .integer(1...limitMax), "At most so many. Default: 1000.")
  /// What a request can say in place of a header field.
  package static let format = Parameter(
    "format", .text(max: 6),
    "`json`, `ndjson` or `csv`; and `events` of changes. Default: by Accept.")
  static let page = Parameter(
    "after", .position(log: false), "Go on where the page before said by X-Stocktake-Next.")

  /// Rows that a page can have.
  package static let limitMax = 10_000
  /// Rows that a page has where nobody says.
  package static let limitStandard = 1000

  /// How often one can be given.
  package static let timesMax = 8

  /// Whether it says how the answer is cut into pages, and not what is asked.
  package var isPaging: Bool { name == "limit" || name == "wait" || isPosition }

  /// Whether it is a time that is asked at; `from` and `to` are the ends of a range, which may lie anywhere.
  var isMoment: Bool {
    if case .time = kind { name != "from" && name != "to" } else { false }
  }

  private var isPosition: Bool {
    if case .position(log: false) = kind { true } else { false }
  }
}
