import FoundationEssentials
import HistoryStore
import Inventory
import JSONTape

/// The newest executions that found a node's compliance as it was: a control row of the node.
///
/// An execution that finds what the one before found confirms the node's compliance and changes nothing
/// of it. So the row in AWS:ComplianceSummary keeps the execution with which it last changed, and the newest
/// one is kept here, for answers about the present.
struct ComplianceExecutions: Codable, Sendable {
  struct Execution: Codable, Sendable {
    /// In milliseconds since 1970.
    var time: Int64
    var id: String
    var type: String
    var hash: String?
  }

  /// By compliance type.
  var newest: [String: Execution] = [:]

  /// Attributes of a summary that say which execution it is of, and nothing of what that found.
  static let attributes: Set<String> = [
    "ExecutionId", "ExecutionTime", "ExecutionType", "ItemContentHash",
  ]

  private static func prefix(_ scope: Scope) -> [UInt8] { Array("c\(scope) ".utf8) }

  static func row(_ node: String, _ scope: Scope) -> [UInt8] { prefix(scope) + Array(node.utf8) }

  init(_ row: [UInt8]?) {
    guard let row, let known = try? JSONDecoder().decode(Self.self, from: Data(row)) else { return }
    self = known
  }

  var bytes: [UInt8] { get throws { Array(try JSONEncoder().encode(self)) } }

  /// Those of all nodes of a scope, for a question about the present; none for one about the past.
  static func all(
    in scope: Scope, _ store: HistoryStore, _ moment: Moment
  ) throws -> [String: ComplianceExecutions] {
    guard moment.at == nil, moment.knownAt == nil else { return [:] }
    let prefix = prefix(scope)
    return try store.controlRows(prefix: prefix).reduce(into: [:]) { all, row in
      all[String(decoding: row.key.dropFirst(prefix.count), as: UTF8.self)] =
        ComplianceExecutions(row.value)
    }
  }

  /// A summary with the newest execution in place of that with which it last changed.
  func current(_ summary: Item) -> Item {
    guard let execution = newest[summary["ComplianceType"] ?? ""] else { return summary }
    let time = Instant(milliseconds: execution.time)
    if let last = summary["ExecutionTime"].flatMap(Moment.time), time <= last { return summary }
    let values = [
      "ExecutionId": execution.id, "ExecutionType": execution.type,
      "ExecutionTime": time.description, "ItemContentHash": execution.hash,
    ]
    return Item(
      summary.attributes.map { attribute in
        (key: attribute.name, value: (values[attribute.name] ?? nil) ?? attribute.value)
      })
  }

  /// Whether two summaries say the same of what was found.
  static func areEqual(_ one: Item, _ other: Item) -> Bool {
    func found(_ summary: Item) -> [Item.Attribute] {
      summary.attributes.filter { !attributes.contains($0.name) }
    }
    return found(one) == found(other)
  }
}
