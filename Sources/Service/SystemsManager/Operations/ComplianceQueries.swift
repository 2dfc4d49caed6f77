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
  private static let itemKeys: Set<String> = [
    "ComplianceType", "Id", "Status", "Severity", "Title", "DocumentName", "PatchGroup",
    "ExecutionTime", "ExecutionId", "ExecutionType", "Classification", "PatchState",
  ]
  private static let summaryKeys: Set<String> = [
    "OverallSeverity", "ComplianceType", "InstanceId", "ExecutionType", "ExecutionId",
    "ExecutionTime", "Status", "PatchGroup",
  ]

  /// ListComplianceItems: the items of one node.
  func listComplianceItems(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    var moment = moment(token)
    let filters = try ComplianceFilter.parse(request, keys: Self.itemKeys, &moment).own
    for type in request.input["ResourceTypes"]?.texts ?? [] where type != "ManagedInstance" {
      throw AWSError("InvalidResourceType", "The resource type \(type) isn't known.")
    }
    let ids = request.input["ResourceIds"]?.texts ?? []
    guard ids.count == 1, let id = ids.first else {
      throw AWSError("InvalidResourceId", "ResourceIds must name one node.")
    }
    let row = ComplianceExecutions.row(id, request.scope)
    let isNow = moment.at == nil && moment.knownAt == nil && (try? NodeID(id)) != nil
    let executions = ComplianceExecutions(isNow ? try store.controlRow(row) : nil)
    return try reading(request, moment) { reader in
      guard let node = try? NodeID(id), let number = try reader.number(of: node) else {
        throw AWSError("InvalidResourceId", "The node '\(id)' isn't known.")
      }
      var compliance = try Compliance(node, number, reader)
      compliance.summaries = compliance.summaries.map(executions.current)
      let rows = compliance.items.compactMap { row -> JSONValue? in
        let summary = compliance.summary(of: row["ComplianceType"] ?? "")
        let all = Self.joined(row, summary)
        guard filters.allSatisfy({ $0.matches(all, .instanceInformation) }) else { return nil }
        return Self.complianceItem(row, summary, id)
      }
      let page = tokens.slice(
        rows, request, token, sequence: reader.sequence.value, asked: moment.asked)
      return .present([
        .init("ComplianceItems", .array(page.values)), .init("NextToken", .text(page.token)),
      ])
    }
  }

  /// An item with the execution that found it.
  private static func joined(_ row: Item, _ summary: Item?) -> Item {
    var values = row.attributes.map { (key: $0.name, value: $0.value) }
    for name in ["ExecutionId", "ExecutionTime", "ExecutionType"] where row[name] == nil {
      values.append((name, summary?[name] ?? ""))
    }
    return Item(values)
  }

  private static func complianceItem(_ row: Item, _ summary: Item?, _ id: String) -> JSONValue {
    .object([
      .init("ComplianceType", .text(row["ComplianceType"])),
      .init("ResourceType", .string("ManagedInstance")), .init("ResourceId", .string(id)),
      .init("Id", .text(row["Id"])), .init("Title", .string(row["Title"] ?? "")),
      .init("Status", .text(row["Status"])), .init("Severity", .text(row["Severity"])),
      .init("ExecutionSummary", Compliance.execution(summary)),
      .init("Details", Compliance.details(row)),
    ])
  }

  /// The summaries of all nodes that fulfil the filters, in order of nodes.
  private func summaries(
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

  /// ListResourceComplianceSummaries: a row for each node and compliance type.
  func listResourceComplianceSummaries(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    var moment = moment(token)
    var rows: [JSONValue] = []
    let sequence = try summaries(request, &moment) { node, row in
      rows.append(Self.resourceSummary(node, row))
    }
    let page = tokens.slice(rows, request, token, sequence: sequence.value, asked: moment.asked)
    return .present([
      .init("ResourceComplianceSummaryItems", .array(page.values)),
      .init("NextToken", .text(page.token)),
    ])
  }

  private static func resourceSummary(_ node: NodeID, _ row: Item) -> JSONValue {
    func side(_ word: String) -> JSONValue {
      Compliance.counts(word) { Int(row[word + $0] ?? "") ?? 0 }
    }
    return .object([
      .init("ComplianceType", .text(row["ComplianceType"])),
      .init("ResourceType", .string("ManagedInstance")),
      .init("ResourceId", .string(node.text)), .init("Status", .text(row["Status"])),
      .init("OverallSeverity", .text(row["OverallSeverity"])),
      .init("ExecutionSummary", Compliance.execution(row)),
      .init("CompliantSummary", side("Compliant")),
      .init("NonCompliantSummary", side("NonCompliant")),
    ])
  }

  /// ListComplianceSummaries: how many nodes comply, by compliance type.
  func listComplianceSummaries(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    var moment = moment(token)
    // By type: nodes by status and by the severity that counts for the node.
    var counts: [String: [String: Int]] = [:]
    let sequence = try summaries(request, &moment) { _, row in
      let type = row["ComplianceType"] ?? ""
      let isCompliant = row["Status"] == "COMPLIANT"
      let severity =
        isCompliant
        ? Compliance.severities.first { severity in
          let name = "\(severity.prefix(1))\(severity.dropFirst().lowercased())Count"
          return (Int(row["Compliant" + name] ?? "") ?? 0) > 0
        } ?? "UNSPECIFIED" : row["OverallSeverity"] ?? "UNSPECIFIED"
      let name = "\(severity.prefix(1))\(severity.dropFirst().lowercased())Count"
      counts[type, default: [:]][(isCompliant ? "Compliant" : "NonCompliant") + name, default: 0] +=
        1
    }
    let rows = counts.sorted { $0.key < $1.key }.map { type, counts in
      JSONValue.object([
        .init("ComplianceType", .string(type)),
        .init(
          "CompliantSummary", Compliance.counts("Compliant") { counts["Compliant" + $0] ?? 0 }),
        .init(
          "NonCompliantSummary",
          Compliance.counts("NonCompliant") { counts["NonCompliant" + $0] ?? 0 }),
      ])
    }
    let page = tokens.slice(rows, request, token, sequence: sequence.value, asked: moment.asked)
    return .present([
      .init("ComplianceSummaryItems", .array(page.values)), .init("NextToken", .text(page.token)),
    ])
  }
}
