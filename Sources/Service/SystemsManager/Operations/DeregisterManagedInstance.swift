import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static let deregisterManagedInstance = Operation(
    "DeregisterManagedInstance", access: .administer, load: .change,
    input: [.managedInstanceID],
    errors: ["InvalidInstanceId"]
  ) { try $0.deregisterManagedInstance($1) }

  /// DeregisterManagedInstance: its inventory ends now, its past stays.
  func deregisterManagedInstance(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    guard try registry.deregister(id, in: request.scope) else { throw Self.unknownNode(id) }
    mailboxes.close(ScopedNode(scope: request.scope, id: id))
    try announceNodes(id)
    return .object([])
  }
}
