package import HistoryStore
import Inventory
import JSONTape
import Packages

// The nodes there are, with what they say of themselves.

extension Question {
  /// `nodes`: the nodes there are.
  package static let nodes = Question(
    Asked(
      name: "nodes", verb: "nodes", path: "/v1/nodes",
      summary: "The nodes, in order of their ids or of a column.",
      parameters: [
        Parameter(
          "after", .text(max: 2000),
          "Only nodes whose ids come after this; with `sort` go on where the page before said by "
            + "X-Stocktake-Next."),
        .limit,
        Parameter(
          "silent", .seconds(1...3_153_600_000),
          "Only nodes that were not heard of for so many seconds, and are not gone."),
        Parameter("sort", .choice(NodeOrder.names), "By this member, null first."),
        Parameter("reverse", .flag, "The other way round."),
      ] + Parameter.nodeChoice,
      rules: [
        Rule("{reverse} turns round an order: give {sort} with it") {
          $0.flag("reverse") && $0.text("sort") == nil
        },
        Rule("{after} is what X-Stocktake-Next said") { arguments in
          arguments.text("sort") != nil
            && arguments.text("after").map { NodeOrder.Place($0) == nil } ?? false
        },
      ]),
    Answered(
      schema: "Node", columns: NodeLine.columns.descriptions,
      order: "by scope and id; with `sort` by that, then by scope and id",
      nothing: { arguments, _, _ in
        arguments.choosesNodes || arguments.integer("silent") != nil
          ? "no node is one of those" : "no node has reported yet"
      })
  ) { reader, arguments, answer in
    if let order = NodeOrder(arguments) {
      return try answer.takeNodes(reader, arguments, in: order)
    }
    let isWanted = try reader.nodeFilter(arguments)
    guard !answer.isOfAllScopes else {
      answer.rows = try reader.nodes().filter(isWanted).map {
        NodeLine.columns.object(try reader.line(of: $0, arguments))
      }
      return
    }
    var rows: [JSONValue] = []
    var last: String?
    var isMore = false
    try reader.forEachNode(after: arguments.text("after")) { node, number in
      guard rows.count < arguments.limit else {
        isMore = true
        return false
      }
      if let summary = try reader.summary(of: node, number: number), isWanted(summary) {
        rows.append(NodeLine.columns.object(try reader.line(of: summary, arguments)))
      }
      last = node.text
      return true
    }
    answer.rows = rows
    if isMore { answer.next = last }
  }
}

extension Answer {
  /// Takes a page of nodes in the order of a column.
  ///
  /// Costs what is told of every node, whatever the page.
  fileprivate mutating func takeNodes(
    _ reader: borrowing HistoryReader, _ arguments: Arguments, in order: NodeOrder
  ) throws {
    let isWanted = try reader.nodeFilter(arguments)
    var found: [(place: NodeOrder.Place, node: NodeSummary)] = []
    let start = arguments.text("after").flatMap { NodeOrder.Place($0) }
    for node in try reader.nodes() {
      guard isWanted(node) else { continue }
      let place = order.place(of: try reader.line(of: node, arguments))
      guard start.map({ order.precedes($0, place) }) ?? true else { continue }
      found.append((place, node))
    }
    found.sort { order.precedes($0.place, $1.place) }
    let page = isOfAllScopes ? found[...] : found.prefix(arguments.limit)
    rows = try page.map { NodeLine.columns.object(try reader.line(of: $0.node, arguments)) }
    if page.count < found.count { next = page.last?.place.text }
  }
}

/// The order of nodes by a column.
struct NodeOrder {
  /// Members that nodes can be sorted by.
  static let names = [
    "node", "status", "firstRecorded", "lastSeen", "lastObserved", "ping", "hostName", "platform",
    "platformVersion", "address", "agentVersion",
  ]
  /// Members that are versions.
  private static let versions: Set = ["platformVersion", "agentVersion"]
  /// Characters of a text that count: a place in the order has to fit into a request.
  private static let charactersMax = 128

  /// Where a node stands, which is the same wherever others stand.
  struct Place: Equatable {
    var value: JSONValue
    var scope: String
    var node: String

    init(value: JSONValue, scope: String, node: String) {
      self.value = value
      self.scope = scope
      self.node = node
    }

    /// Reads ``text``; nil for any other.
    init?(_ text: String) {
      guard let parts = (try? JSONValue(parsing: Array(text.utf8)))?.elements, parts.count == 3,
        let scope = parts[1].text, let node = parts[2].text
      else { return nil }
      self.init(value: parts[0], scope: scope, node: node)
    }

    var text: String { JSONValue.array([value, .string(scope), .string(node)]).compact }
  }

  private let name: String
  private let isReversed: Bool
  private let precede: @Sendable (String, String) -> Bool

  /// Nil where no order is asked for.
  init?(_ arguments: Arguments) {
    guard let name = arguments.text("sort") else { return nil }
    self.name = name
    isReversed = arguments.flag("reverse")
    let kind = NodeLine.columns.descriptions.first { $0.name == name }?.kind
    if case .time = kind {
      precede = { a, b in
        (Instant(rfc3339: a) ?? .distantPast) < (Instant(rfc3339: b) ?? .distantPast)
      }
    } else if Self.versions.contains(name) {
      precede = { a, b in isOrderedAsVersions(a, b) }
    } else {
      precede = { a, b in a < b }
    }
  }

  func place(of line: NodeLine) -> Place {
    let members = NodeLine.columns.members(line)
    let value = members.first { $0.name == name }?.value ?? .null
    return Place(
      value: value.text.map { .string(String($0.prefix(Self.charactersMax))) } ?? .null,
      scope: line.summary.scope.description, node: line.summary.node.text)
  }

  func precedes(_ a: Place, _ b: Place) -> Bool {
    isReversed ? isBefore(b, a) : isBefore(a, b)
  }

  private func isBefore(_ a: Place, _ b: Place) -> Bool {
    let (x, y) = (a.value.text, b.value.text)
    if let x, let y {
      if precede(x, y) { return true }
      if precede(y, x) { return false }
    } else if (x == nil) != (y == nil) {
      return x == nil
    }
    return (a.scope, a.node) < (b.scope, b.node)
  }
}

/// A node with what it says of itself.
package struct NodeLine {
  var summary: NodeSummary
  /// Its item of AWS:InstanceInformation.
  var information: Item?
  var lastObserved: Instant?
  var ping: NodePing?
  var arguments: Arguments

  /// When it was heard of last, by a report or a ping.
  var lastHeard: Instant? {
    [summary.lastSeen, ping.map { Instant(milliseconds: $0.time) }].compactMap(\.self).max()
  }

  /// As Systems Manager tells it; nil for a node that is gone.
  private var pingStatus: String? {
    guard !summary.status.isEnd else { return nil }
    if ping?.isInactive == true { return "Inactive" }
    let heard = lastHeard ?? .distantPast
    return arguments.now.seconds - heard.seconds > arguments.connectionLostAfter
      ? "ConnectionLost" : "Online"
  }

  /// What is told of a node.
  package static let columns = Columns<NodeLine>([
    .init("node", .text, "The node.") { .string($0.summary.node.text) },
    .init("account", .text, "The account.") { .string($0.summary.scope.account) },
    .init("region", .text, "The Region.") { .string($0.summary.scope.region) },
    .init("status", .text, "`registered`, `lost`, `terminated` or `deregistered`.") {
      .string($0.summary.status.description)
    },
    .init("statusTime", .time, "The valid time of that.", null: "it only ever reported") {
      .time($0.summary.statusTime)
    },
    .init("tags", .map, "The tags; of a node that is gone, those that it had last.") { line in
      .object(line.summary.tags.map { .init($0.name, .string($0.value)) })
    },
    .init("firstRecorded", .time, "When it was first heard of.") {
      .time($0.summary.firstRecorded)
    },
    .init("lastSeen", .time, "When it was last heard of, by a report or a ping.", null: "never") {
      .time($0.lastHeard)
    },
    .init(
      "lastObserved", .time,
      "The valid time of its newest observation or unchanged statement, of any type but its tags.",
      null: "there is none"
    ) { .time($0.lastObserved) },
    .init(
      "ping", .text, "`Online`, `ConnectionLost` or `Inactive`, as Systems Manager tells it.",
      null: "it is terminated or deregistered"
    ) { .text($0.pingStatus) },
    attribute("hostName", "ComputerName", "What it calls itself"),
    attribute("platform", "PlatformName", "Its system"),
    attribute("platformVersion", "PlatformVersion", "The version of that"),
    attribute("address", "IpAddress", "Its address"),
    attribute("agentVersion", "AgentVersion", "The version of its agent"),
  ])

  private static func attribute(
    _ name: String, _ attribute: String, _ meaning: String
  ) -> Column<NodeLine> {
    .init(name, .text, "\(meaning) (`\(attribute)`).", null: "it does not say") {
      .text($0.information?[attribute].flatMap { $0.isEmpty ? nil : $0 })
    }
  }
}

extension NodeEventKind {
  /// Whether a node was taken out of the fleet by it.
  var isEnd: Bool { self == .terminated || self == .deregistered }
}

extension HistoryReader {
  /// What is told of a node; costs some short reads.
  package func line(of node: NodeSummary, _ arguments: Arguments) throws(StoreError) -> NodeLine {
    NodeLine(
      summary: node, information: try information(of: node.node, in: node.scope),
      lastObserved: try lastObserved(of: node.node, in: node.scope),
      ping: try ping(of: node.node, in: node.scope), arguments: arguments)
  }
}
