import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static let updateManagedInstancePublicKey = Operation(
    "UpdateManagedInstancePublicKey", access: .nodeKey, load: .agentCall,
    input: [
      Field("NewPublicKey", .text(1, 4096), required: true),
      Field("NewPublicKeyType", .text(0, 64)),
    ],
    errors: ["InvalidPublicKey", "PublicKeyAlreadyRegistered"]
  ) { try $0.updatePublicKey($1) }.audited()

  /// UpdateManagedInstancePublicKey, signed with the key before.
  func updatePublicKey(_ request: AWSRequest) throws -> JSONValue {
    guard let id = request.caller.node else { throw AWSError.denied }
    try registry.setKey(request.text("NewPublicKey") ?? "", of: id)
    return .object([])
  }
}
