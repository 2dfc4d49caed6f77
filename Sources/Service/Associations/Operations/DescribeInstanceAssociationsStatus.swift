import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import SystemsManager

extension Associations {
  static let describeInstanceAssociationsStatus = Operation(
    "DescribeInstanceAssociationsStatus", access: .read, load: .question,
    input: [
      Field("InstanceId", .instanceID, required: true), .nextToken, .maxResults(),
    ],
    errors: ["InvalidInstanceId", "InvalidNextToken"]
  ) { try $0.describeInstanceAssociationsStatus($1) }

  /// DescribeInstanceAssociationsStatus: all that name a node, also those that had to give way.
  func describeInstanceAssociationsStatus(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let id = request.text("InstanceId") ?? ""
    guard let node = try? NodeID(id) else { throw SystemsManager.unknownNode(id) }
    let scope = request.scope
    var rows: [JSONValue] = []
    if let effective = try effective(node, scope) {
      let run = try run(effective.id, id, scope)
      for member in effective.members { rows.append(Self.status(member, id, run)) }
      for member in effective.overridden {
        var skipped = AssociationRun()
        skipped.status = "Skipped"
        skipped.summary = "Overridden By Explicit Inventory Association"
        rows.append(Self.status(member, id, skipped))
      }
    }
    let page = tokens.slice(rows, request, token, asked: store.now)
    return .present([
      .init("InstanceAssociationStatusInfos", .array(page.values)),
      .init("NextToken", .text(page.token)),
    ])
  }

  private static func status(
    _ member: (association: Association, terms: AssociationTerms), _ node: String,
    _ run: AssociationRun?
  ) -> JSONValue {
    .present([
      .init("AssociationId", .string(member.association.id)),
      .init("Name", .string(GatherDocument.name)),
      .init("DocumentVersion", .string(GatherDocument.version)),
      .init("AssociationVersion", .string(String(member.terms.version.number))),
      .init("InstanceId", .string(node)),
      .init(
        "ExecutionDate",
        .timestamp(run.flatMap { $0.executed == 0 ? nil : Instant(milliseconds: $0.executed) })),
      .init("Status", .string(run?.status ?? "Pending")),
      .init("DetailedStatus", .string(run?.status ?? "Associated")),
      .init("ExecutionSummary", .text(run.flatMap { $0.summary.isEmpty ? nil : $0.summary })),
      .init("ErrorCode", .text(run.flatMap { $0.errorCode.isEmpty ? nil : $0.errorCode })),
      .init("AssociationName", member.terms.input["AssociationName"] ?? .null),
    ])
  }
}
