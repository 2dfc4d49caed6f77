import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

/// Conditions on compliance, in the service's spelling.
struct ComplianceFilter {
  var key: String
  var values: [String]
  var comparison: InventoryFilter.Comparison

  private static let comparisons: [String: InventoryFilter.Comparison] = [
    "EQUAL": .equal, "NOT_EQUAL": .notEqual, "BEGIN_WITH": .beginWith,
    "LESS_THAN": .lessThan, "GREATER_THAN": .greaterThan,
  ]

  /// Reads filters; paths such as AWS:InstanceInformation.PlatformType become conditions on the node.
  static func parse(
    _ request: AWSRequest, keys: Set<String>, _ moment: inout Moment
  ) throws(AWSError) -> (own: [ComplianceFilter], node: NodeCondition) {
    var own: [ComplianceFilter] = []
    var node: [InventoryFilter] = []
    for filter in request.list("Filters") {
      let (key, values) = (filter["Key"]?.text ?? "", filter["Values"]?.texts ?? [])
      let type = filter["Type"]?.text
      if try moment.take(key: key, values: values, type: type) { continue }
      let comparison = comparisons[type ?? "EQUAL"] ?? .equal
      if key.contains(":") {
        node.append(try InventoryFilter(key, values, comparison, ofType: nil))
      } else {
        guard keys.contains(key) else {
          throw InventoryFilter.invalid(
            "The filter key '\(key)' isn't known: \(keys.sorted().joined(separator: ", ")), or an "
              + "inventory attribute such as AWS:InstanceInformation.PlatformType.")
        }
        own.append(ComplianceFilter(key: key, values: values, comparison: comparison))
      }
    }
    return (own, NodeCondition(node))
  }

  func matches(_ row: Item, _ type: TypeName) -> Bool {
    InventoryFilter(type: type, attribute: key, comparison: comparison, values: values)
      .matches(row)
  }
}

extension SystemsManager {
  private static let summaryKeys: Set<String> = [
    "OverallSeverity", "ComplianceType", "InstanceId", "ExecutionType", "ExecutionId",
    "ExecutionTime", "Status", "PatchGroup",
  ]

  /// The summaries of all nodes that fulfil the filters, in order of nodes.
  func summaries(
    _ request: AWSRequest, _ moment: inout Moment,
    _ body: (NodeID, Item) -> Void
  ) throws -> SequenceNumber {
    let filters = try ComplianceFilter.parse(request, keys: Self.summaryKeys, &moment)
    let executions = try ComplianceExecutions.all(in: request.scope, store, moment)
    return try reading(request, moment) { reader in
      var condition = filters.node
      try reader.forEachNode(after: nil) { node, number in
        guard let view = try reader.view(node, number), try condition.matches(view, reader) else {
          return true
        }
        for recorded in try Compliance(node, number, reader).summaries {
          let row = executions[node.text]?.current(recorded) ?? recorded
          let own = Item(
            row.attributes.map { (key: $0.name, value: $0.value) } + [("InstanceId", node.text)])
          if filters.own.allSatisfy({ $0.matches(own, .instanceInformation) }) { body(node, row) }
        }
        return true
      }
      return reader.sequence
    }
  }
}
