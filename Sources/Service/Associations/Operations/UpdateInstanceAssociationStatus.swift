import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import SystemsManager

extension Associations {
  static let updateInstanceAssociationStatus = Operation(
    "UpdateInstanceAssociationStatus", access: .writeNode, load: .agentCall,
    input: [
      Field("InstanceId", .instanceID, required: true),
      Field("AssociationId", .associationID, required: true),
      Field(
        "ExecutionResult",
        .structure([
          Field("Status", .text(1, 64), required: true), Field("ErrorCode", .text(0, 64)),
          Field("ExecutionDate", .timestamp), Field("ExecutionSummary", .text(0, 4096)),
        ]), required: true),
    ],
    errors: ["AssociationDoesNotExist", "InvalidResourceId", "InvalidResourceType"]
  ) { try $0.updateInstanceAssociationStatus($1) }

  /// UpdateInstanceAssociationStatus: what is over is kept, what goes on is remembered.
  func updateInstanceAssociationStatus(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    let node = try nodes.resource(id, "ManagedInstance", writing: request)
    let named = request.text("AssociationId") ?? ""
    guard let effective = try effective(node, request.scope),
      effective.members.contains(where: { $0.association.id == named })
    else {
      throw AWSError(
        "AssociationDoesNotExist", "The association '\(named)' isn't one of \(id).")
    }
    let result = request.input["ExecutionResult"]
    var told = AssociationRun()
    told.status = result?["Status"]?.text ?? "Pending"
    told.summary = result?["ExecutionSummary"]?.text ?? ""
    told.errorCode = result?["ErrorCode"]?.text ?? ""
    told.executed =
      result?["ExecutionDate"].flatMap(Timestamp.init)?.instant.milliseconds ?? 0
    _ = try note(told, of: effective, on: id, request.scope)
    return .object([])
  }
}
