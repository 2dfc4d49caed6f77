import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static let registerManagedInstance = Operation(
    "RegisterManagedInstance", access: .anonymous, load: .change,
    input: [
      Field("ActivationId", .text(1, 64), required: true),
      Field("ActivationCode", .text(1, 250), required: true),
      Field("PublicKey", .text(1, 4096), required: true), Field("PublicKeyType", .text(0, 64)),
      Field("Fingerprint", .text(1, 256), required: true),
    ],
    errors: [
      "ActivationExpired", "InstanceAlreadyRegistered", "InvalidActivation", "InvalidPublicKey",
      "PublicKeyAlreadyRegistered", "RegistrationLimitExceeded", "TooManyUpdates",
    ]
  ) { try $0.registerManagedInstance($1) }.placed { manager, answer in
    answer["InstanceId"]?.text.flatMap { try? manager.registry.node($0)?.scope }
  }

  /// RegisterManagedInstance: unsigned; the code of the activation is the proof.
  func registerManagedInstance(_ request: AWSRequest) throws -> JSONValue {
    let kind = request.text("PublicKeyType") ?? "Rsa"
    guard kind == "Rsa" else {
      throw AWSError("InvalidPublicKey", "Keys of type '\(kind)' aren't known: Rsa alone is.")
    }
    let node = try registry.register(
      NodeRegistry.Registration(
        activation: request.text("ActivationId") ?? "", code: request.text("ActivationCode") ?? "",
        publicKey: request.text("PublicKey") ?? "", fingerprint: request.text("Fingerprint") ?? ""))
    try announceNodes(node.id)
    return .object([.init("InstanceId", .string(node.id))])
  }
}
