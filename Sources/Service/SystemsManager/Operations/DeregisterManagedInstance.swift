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
    tasks?.end(id, in: request.scope)
    try announceNodes(id)
    return .object([])
  }
}
