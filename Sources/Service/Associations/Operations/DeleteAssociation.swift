import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let deleteAssociation = Operation(
    "DeleteAssociation", access: .administer, load: .change, input: Field.nameOfAssociation,
    errors: ["AssociationDoesNotExist"]
  ) { try $0.deleteAssociation($1) }

  /// DeleteAssociation: with its executions and what nodes said of it.
  ///
  /// What they reported stays.
  func deleteAssociation(_ request: AWSRequest) throws -> JSONValue {
    let association = try association(request)
    let scope = request.scope
    let prefixes = [
      AssociationRun.prefix(association.id, scope),
      AssociationExecution.prefix(association.id, scope),
    ]
    var changes = [
      HistoryStore.ControlChange(key: Association.row(association.id, scope), value: nil)
    ]
    for prefix in prefixes {
      changes += try store.controlRows(prefix: prefix).map { .init(key: $0.key, value: nil) }
    }
    let complete = changes
    try store.updateControl { _ in complete }
    return .object([])
  }
}
