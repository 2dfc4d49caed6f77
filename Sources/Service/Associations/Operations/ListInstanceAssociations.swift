import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import SystemsManager

extension Associations {
  static let listInstanceAssociations = Operation(
    "ListInstanceAssociations", access: .writeNode, load: .agentCall,
    input: [
      Field("InstanceId", .instanceID, required: true), .nextToken, .maxResults(),
    ],
    errors: ["InvalidResourceId", "InvalidResourceType"]
  ) { try $0.listInstanceAssociations($1) }

  /// ListInstanceAssociations: the one collection of a node, with when it last was.
  func listInstanceAssociations(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    let node = try nodes.resource(id, "ManagedInstance", writing: request)
    guard let effective = try effective(node, request.scope) else {
      return .object([.init("Associations", .array([]))])
    }
    let progress = AssociationProgress(
      effective, newest: try run(effective.id, id, request.scope),
      now: store.preciseNow.milliseconds)
    let terms = effective.members[0].terms
    return .object([
      .init(
        "Associations",
        .array([
          .present([
            .init("AssociationId", .string(effective.id)), .init("InstanceId", .string(id)),
            .init("Name", .string(GatherDocument.name)),
            .init("DocumentVersion", .string(GatherDocument.version)),
            .init("AssociationVersion", .string(String(terms.version.number))),
            .init("Checksum", .string(effective.checksum)),
            .init("Parameters", effective.parameters),
            .init("ScheduleExpression", .text(effective.schedule)),
            .init("DetailedStatus", .string(progress.status)),
            .init(
              "LastExecutionDate",
              .timestamp(progress.lastExecuted.map { Instant(milliseconds: $0) })),
            .init("Targets", terms.input["Targets"] ?? .null),
          ])
        ]))
    ])
  }
}
