import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let listResourceComplianceSummaries = Operation(
    "ListResourceComplianceSummaries", access: .read, load: .question,
    input: [.complianceFilters, .nextToken, .maxResults()],
    errors: ["InvalidFilter", "InvalidNextToken", "InvalidTypeNameException"]
  ) { try $0.listResourceComplianceSummaries($1) }

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
}
