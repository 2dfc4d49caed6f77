import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let listComplianceItems = Operation(
    "ListComplianceItems", access: .read, load: .question,
    input: [
      .complianceFilters, Field("ResourceIds", .list(.text(1, 100), min: 1)),
      Field("ResourceTypes", .list(.text(1, 50), min: 1)), .nextToken, .maxResults(),
    ],
    errors: [
      "InvalidFilter", "InvalidNextToken", "InvalidResourceId", "InvalidResourceType",
      "InvalidTypeNameException",
    ]
  ) { try $0.listComplianceItems($1) }

  private static let itemKeys: Set<String> = [
    "ComplianceType", "Id", "Status", "Severity", "Title", "DocumentName", "PatchGroup",
    "ExecutionTime", "ExecutionId", "ExecutionType", "Classification", "PatchState",
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
}
