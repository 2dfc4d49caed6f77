import AWSProtocol
import HistoryStore
package import Inventory
import JSONTape
import NodeRegistry

/// One node as a question sees it.
struct NodeView {
  var node: NodeID
  var number: UInt32
  var summary: NodeSummary
  /// The row of AWS:InstanceInformation: what was reported of the node, and what the server knows of it.
  var information: Item
  var schemaVersion: String
  /// When the node said so last.
  var captureTime: Instant
  var isTerminated: Bool

  /// What kind of node an id is of.
  static func resourceType(of node: NodeID) -> String {
    node.text.hasPrefix("i-") ? "EC2Instance" : "ManagedInstance"
  }
}

extension HistoryReader {
  /// A node as of the reader's moment; nil for one of which nothing was known then.
  func view(_ node: NodeID, _ number: UInt32) throws -> NodeView? {
    guard let summary = try summary(of: node, number: number, withTags: false) else { return nil }
    let isTerminated = hasEnded(summary)
    let state = try self.state(of: node, number: number, type: .instanceInformation)
    guard try isTerminated || state.knowledge == .observed || hasAnything(node, number) else {
      return nil
    }
    let time = state.lastConfirmed ?? state.observedAt ?? summary.statusTime
    return NodeView(
      node: node, number: number, summary: summary,
      information: Self.information(node, isTerminated ? nil : state.items.first, isTerminated),
      schemaVersion: state.schemaVersion ?? "1.0",
      captureTime: time ?? Instant(seconds: summary.firstRecorded.seconds),
      isTerminated: isTerminated)
  }

  /// Whether the node's inventory had ended.
  private func hasEnded(_ summary: NodeSummary) -> Bool {
    guard summary.status == .terminated || summary.status == .deregistered,
      let time = summary.statusTime
    else { return false }
    return at.map { time <= $0 } ?? true
  }

  /// Whether any type was observed on a node.
  private func hasAnything(_ node: NodeID, _ number: UInt32) throws -> Bool {
    for type in types where type != .instanceInformation {
      if try state(of: node, number: number, type: type).knowledge == .observed { return true }
    }
    return false
  }

  /// What was reported of the node, with what follows from its id, whatever was said of that; of a
  /// terminated node only id and status, as the service shows it.
  private static func information(
    _ node: NodeID, _ reported: Item?, _ isTerminated: Bool
  ) -> Item {
    var values: [(key: String, value: String)] = []
    for attribute in reported?.attributes ?? [] {
      values.append((attribute.name, attribute.value))
    }
    // Of a name that is there twice the last counts.
    values.append(("InstanceId", node.text))
    if isTerminated {
      values.append(("InstanceStatus", "Terminated"))
    } else {
      values.append(("InstanceStatus", reported?["InstanceStatus"] ?? "Active"))
      values.append(("ResourceType", NodeView.resourceType(of: node)))
    }
    return Item(values)
  }
}

extension SystemsManager {
  /// Whether a node is registered, or reports without; one that was taken out is neither.
  package func isInFleet(_ node: NodeID, _ scope: Scope) throws -> Bool {
    if let known = try registry.node(node.text), known.scope == scope {
      return !known.isDeregistered
    }
    return try store.reading(scope) { reader in
      guard let number = try reader.number(of: node), let view = try reader.view(node, number)
      else { return false }
      return !view.isTerminated
    }
  }

  /// Answers one page about nodes in order of their ids.
  ///
  /// - Parameters:
  ///   - candidates: the only nodes that can be in the answer, in order; nil for all.
  ///   - render: what is said of a node; nil to leave it out.
  func page(
    _ request: AWSRequest, _ moment: Moment, limit: Int, after position: String?,
    in reader: borrowing HistoryReader, candidates: [NodeID]?,
    _ render: (NodeID, UInt32) throws -> JSONValue?
  ) throws -> (values: [JSONValue], token: String?) {
    var values: [JSONValue] = []
    var last: String?
    var isMore = false
    func take(_ node: NodeID, _ number: UInt32) throws -> Bool {
      guard let value = try render(node, number) else { return true }
      guard values.count < limit else {
        isMore = true
        return false
      }
      values.append(value)
      last = node.text
      return true
    }
    if let candidates {
      for node in candidates where position.map({ Self.precedes($0, node.text) }) ?? true {
        guard let number = try reader.number(of: node) else { continue }
        if try !take(node, number) { break }
      }
    } else {
      try reader.forEachNode(after: position, take)
    }
    guard isMore, let last else { return (values, nil) }
    let token = PageToken(
      sequence: reader.sequence.value, asked: moment.asked, position: last)
    return (values, tokens.encode(token, for: request))
  }

  /// The order of nodes in an answer: that of their ids' bytes.
  static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  /// The moment of a request that a token may have begun earlier.
  func moment(_ token: PageToken?) -> Moment {
    Moment(
      through: token.map { SequenceNumber($0.sequence) }, asked: token?.asked ?? store.now)
  }

  /// Reads as of a moment.
  func reading<R>(
    _ request: AWSRequest, _ moment: Moment, _ body: (borrowing HistoryReader) throws -> R
  ) throws -> R {
    try store.reading(
      request.scope, .init(at: moment.at, knownAt: moment.knownAt, through: moment.through), body)
  }

  /// The nodes on which anything changed since a time; nil where the question does not ask for that.
  func changedNodes(
    _ request: AWSRequest, _ moment: Moment, through sequence: SequenceNumber
  ) throws -> Set<NodeID>? {
    guard let since = moment.changedSince else { return nil }
    let end = moment.at.map { $0.advanced(bySeconds: 1) } ?? Self.endOfTime
    guard since < end else { return [] }
    let changes = try store.changes(from: since, to: end, in: request.scope)
    var nodes: Set<NodeID> = []
    for index in changes.indices where changes.sequence(at: index) <= sequence {
      nodes.insert(changes.node(at: index))
    }
    return nodes
  }

  /// The end of the valid times that a store takes.
  static let endOfTime = Instant(seconds: 4_102_444_799)
}

extension JSONValue {
  /// An item as a map of strings.
  static func row(_ item: Item) -> JSONValue {
    var bytes: [UInt8] = []
    item.appendJSON(to: &bytes)
    return .raw(bytes)
  }
}
