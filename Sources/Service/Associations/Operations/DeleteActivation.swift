import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry
import SystemsManager

extension Associations {
  static let deleteActivation = Operation(
    "DeleteActivation", access: .administer, load: .change,
    input: [Field("ActivationId", .form(.uuid), required: true)],
    errors: ["InvalidActivationId"]
  ) { try $0.deleteActivation($1) }

  /// DeleteActivation: nodes that registered with it stay.
  func deleteActivation(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("ActivationId") ?? ""
    guard try registry.deleteActivation(id, in: request.scope) else {
      throw AWSError("InvalidActivationId", "There is no activation \(id).")
    }
    return .object([])
  }
}
