import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import SystemsManager

extension Associations {
  static let describeAssociationExecutions = Operation(
    "DescribeAssociationExecutions", access: .read, load: .question,
    input: [
      Field("AssociationId", .associationID, required: true),
      Field(
        "Filters",
        .list(
          .structure([
            Field("Key", .word("ExecutionId", "Status", "CreatedTime"), required: true),
            Field("Value", .text(1), required: true),
            Field("Type", .word("EQUAL", "LESS_THAN", "GREATER_THAN"), required: true),
          ]), min: 1)), .nextToken, .maxResults(),
    ],
    errors: ["AssociationDoesNotExist", "InvalidNextToken"]
  ) { try $0.describeAssociationExecutions($1) }

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
      guard let time = SystemsManager.time(value)?.milliseconds else { return false }
      return switch filter["Type"]?.text {
      case "LESS_THAN": execution.created < time
      case "GREATER_THAN": execution.created > time
      default: execution.created / 1000 == time / 1000
      }
    }
  }
}
