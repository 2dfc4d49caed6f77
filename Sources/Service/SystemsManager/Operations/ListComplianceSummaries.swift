import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let listComplianceSummaries = Operation(
    "ListComplianceSummaries", access: .read, load: .question,
    input: [.complianceFilters, .nextToken, .maxResults()],
    errors: ["InvalidFilter", "InvalidNextToken", "InvalidTypeNameException"]
  ) { try $0.listComplianceSummaries($1) }

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
