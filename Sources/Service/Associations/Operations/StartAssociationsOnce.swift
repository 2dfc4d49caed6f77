import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let startAssociationsOnce = Operation(
    "StartAssociationsOnce", access: .administer, load: .change,
    input: [
      Field("AssociationIds", .list(.associationID, min: 1, max: 10), required: true)
    ],
    errors: ["AssociationDoesNotExist"]
  ) { try $0.startAssociationsOnce($1) }

  /// StartAssociationsOnce: nodes that wait for messages run at once, others when they next ask.
  func startAssociationsOnce(_ request: AWSRequest) throws -> JSONValue {
    let scope = request.scope
    for id in request.input["AssociationIds"]?.texts ?? [] {
      _ = try association(id, in: scope)
    }
    for id in request.input["AssociationIds"]?.texts ?? [] {
      var association = try association(id, in: scope)
      association.startedOnce = store.preciseNow.milliseconds
      let changes = [
        HistoryStore.ControlChange(
          key: Association.row(association.id, scope), value: try association.bytes),
        try executionChange(association, scope),
      ]
      try store.updateControl { _ in changes }
    }
    try wakeWaitingNodes(scope)
    return .object([])
  }
}
