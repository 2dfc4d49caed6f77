import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static let updateManagedInstanceRole = Operation(
    "UpdateManagedInstanceRole", access: .administer, load: .change,
    input: [
      .managedInstanceID, Field("IamRole", .text(0, 64), required: true),
    ],
    errors: ["InvalidInstanceId"]
  ) { try $0.updateManagedInstanceRole($1) }

  /// UpdateManagedInstanceRole.
  func updateManagedInstanceRole(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    guard try registry.setRole(request.text("IamRole") ?? "", of: id, in: request.scope) else {
      throw Self.unknownNode(id)
    }
    return .object([])
  }
}
