import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

// What became of associations, for people and programs.

extension SystemsManager {
  /// The executions that are kept, the oldest first.
  func executions(_ association: String, _ scope: Scope) throws -> [AssociationExecution] {
    try store.controlRows(prefix: AssociationExecution.prefix(association, scope)).compactMap {
      AssociationExecution($0.value)
    }
  }

  func newestExecution(_ association: String, _ scope: Scope) throws -> AssociationExecution? {
    try executions(association, scope).last
  }

  /// DescribeAssociationExecutions, the newest first.
  func describeAssociationExecutions(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let association = try association(request.text("AssociationId"), in: request.scope)
    let found = try executions(association.id, request.scope).reversed().filter { execution in
      request.list("Filters").allSatisfy { Self.matches(execution, $0) }
    }
    let page = tokens.slice(Array(found), request, token, asked: store.now)
    let rows = page.values.map { execution in
      JSONValue.present([
        .init("AssociationId", .string(association.id)),
        .init("AssociationVersion", .string(String(execution.version))),
        .init("ExecutionId", .string(execution.id)), .init("Status", .string(execution.status)),
        .init("DetailedStatus", .string(execution.status)),
        .init("CreatedTime", .timestamp(Instant(milliseconds: execution.created))),
        .init("LastExecutionDate", .timestamp(execution.last.map { Instant(milliseconds: $0) })),
        .init("ResourceCountByStatus", .string(execution.countText)),
      ])
    }
    return .present([
      .init("AssociationExecutions", .array(rows)), .init("NextToken", .text(page.token)),
    ])
  }

  private static func matches(_ execution: AssociationExecution, _ filter: JSONValue) -> Bool {
    let value = filter["Value"]?.text ?? ""
    switch filter["Key"]?.text {
    case "ExecutionId": return execution.id == value
    case "Status": return execution.status == value
    default:
      guard let time = Moment.time(value)?.milliseconds else { return false }
      return switch filter["Type"]?.text {
      case "LESS_THAN": execution.created < time
      case "GREATER_THAN": execution.created > time
      default: execution.created / 1000 == time / 1000
      }
    }
  }

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

  /// DescribeInstanceAssociationsStatus: all that name a node, also those that had to give way.
  func describeInstanceAssociationsStatus(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let id = request.text("InstanceId") ?? ""
    guard let node = try? NodeID(id) else { throw Self.unknownNode(id) }
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
