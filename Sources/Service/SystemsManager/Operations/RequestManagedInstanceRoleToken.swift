import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static let requestManagedInstanceRoleToken = Operation(
    "RequestManagedInstanceRoleToken", access: .nodeKey, load: .agentCall,
    input: [Field("Fingerprint", .text(1, 256), required: true)],
    errors: ["MachineFingerprintDoesNotMatch"]
  ) { try $0.requestRoleToken($1) }

  /// RequestManagedInstanceRoleToken: credentials for a node that signed with its own key.
  func requestRoleToken(_ request: AWSRequest) throws -> JSONValue {
    guard let id = request.caller.node, let node = try registry.node(id) else {
      throw AWSError.denied
    }
    let credentials = try registry.credentials(
      for: node, fingerprint: request.text("Fingerprint") ?? "",
      lifetimeSeconds: configuration.nodeTokenSeconds,
      keyAgeSecondsMax: configuration.nodeKeyAgeSecondsMax)
    return .object([
      .init("AccessKeyId", .string(credentials.keyID)),
      .init("SecretAccessKey", .string(credentials.secret)),
      .init("SessionToken", .string(credentials.sessionToken)),
      .init("TokenExpirationDate", .integer(credentials.expires)),
      .init("UpdateKeyPair", .bool(credentials.isKeyOld)),
    ])
  }
}
