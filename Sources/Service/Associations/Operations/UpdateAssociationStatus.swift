import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import SystemsManager

extension Associations {
  static let updateAssociationStatus = Operation(
    "UpdateAssociationStatus", access: .writeNode, load: .agentCall,
    input: [
      Field("Name", .documentName, required: true),
      Field("InstanceId", .instanceID, required: true),
      Field(
        "AssociationStatus",
        .structure([
          Field("Name", .text(1, 64), required: true), Field("Date", .timestamp, required: true),
          Field("Message", .text(0, 4096), required: true), Field("AdditionalInfo", .text(0, 1024)),
        ]), required: true),
    ],
    errors: ["AssociationDoesNotExist", "InvalidResourceId", "InvalidResourceType"]
  ) { try $0.updateAssociationStatus($1) }

  /// UpdateAssociationStatus: the same in the agent's older words.
  ///
  /// After one failed ListInstanceAssociations the agent tells statuses so, by the document's name, until
  /// the list comes again. It is answered with what is its own alone.
  func updateAssociationStatus(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    let node = try nodes.resource(id, "ManagedInstance", writing: request)
    let name = request.text("Name") ?? ""
    guard GatherDocument.isNamed(name), let effective = try effective(node, request.scope) else {
      throw AWSError(
        "AssociationDoesNotExist", "There is no association of '\(name)' with \(id).")
    }
    let status = request.input["AssociationStatus"]
    var told = AssociationRun()
    told.status = status?["Name"]?.text ?? told.status
    told.summary = status?["Message"]?.text ?? ""
    told.executed = status?["Date"].flatMap(Timestamp.init)?.instant.milliseconds ?? 0
    let run = try note(told, of: effective, on: id, request.scope)
    return .object([
      .init(
        "AssociationDescription",
        .object([
          .init("Name", .string(GatherDocument.name)), .init("InstanceId", .string(id)),
          .init("AssociationId", .string(effective.id)),
          .init("Status", Self.status(run.status, at: run.executed, run.summary)),
        ]))
    ])
  }
}
