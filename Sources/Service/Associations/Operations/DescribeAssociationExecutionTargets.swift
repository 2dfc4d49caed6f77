import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let describeAssociationExecutionTargets = Operation(
    "DescribeAssociationExecutionTargets", access: .read, load: .question,
    input: [
      Field("AssociationId", .associationID, required: true),
      Field("ExecutionId", .associationID, required: true),
      Field(
        "Filters",
        .list(
          .structure([
            Field("Key", .word("Status", "ResourceId", "ResourceType"), required: true),
            Field("Value", .text(1), required: true),
          ]), min: 1)), .nextToken, .maxResults(),
    ],
    errors: ["AssociationDoesNotExist", "AssociationExecutionDoesNotExist", "InvalidNextToken"]
  ) { try $0.describeAssociationExecutionTargets($1) }

  /// DescribeAssociationExecutionTargets: the nodes whose newest run counts under an execution.
  func describeAssociationExecutionTargets(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let association = try association(request.text("AssociationId"), in: request.scope)
    let execution = request.text("ExecutionId") ?? ""
    guard try executions(association.id, request.scope).contains(where: { $0.id == execution })
    else {
      throw AWSError(
        "AssociationExecutionDoesNotExist", "There is no execution '\(execution)' any more.")
    }
    let prefix = AssociationRun.prefix(association.id, request.scope)
    let rows = try store.controlRows(prefix: prefix).compactMap { row -> JSONValue? in
      guard let run = AssociationRun(row.value), run.execution == execution else { return nil }
      let node = String(decoding: row.key.dropFirst(prefix.count), as: UTF8.self)
      let values = ["Status": run.status, "ResourceId": node, "ResourceType": "ManagedInstance"]
      guard
        request.list("Filters").allSatisfy({
          values[$0["Key"]?.text ?? ""] == $0["Value"]?.text
        })
      else { return nil }
      return .present([
        .init("AssociationId", .string(association.id)),
        .init("AssociationVersion", .string(String(run.version))),
        .init("ExecutionId", .string(execution)), .init("ResourceId", .string(node)),
        .init("ResourceType", .string("ManagedInstance")), .init("Status", .string(run.status)),
        .init("DetailedStatus", .string(run.status)),
        .init("LastExecutionDate", .timestamp(Instant(milliseconds: run.executed))),
      ])
    }
    let page = tokens.slice(rows, request, token, asked: store.now)
    return .present([
      .init("AssociationExecutionTargets", .array(page.values)),
      .init("NextToken", .text(page.token)),
    ])
  }
}
