import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  private static let tagType = try? TypeName("AWS:Tag")

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

  /// Tells the history of nodes that registered or were taken out: of one, or of all that a stop left.
  func announceNodes(_ id: String = "") throws {
    for (node, activation) in try registry.pending(id) {
      guard let scope = node.scope, let nodeID = try? NodeID(node.id) else { continue }
      // What it did as the machine it was says nothing of when it is to collect.
      try forgetRuns(of: node.id, scope)
      heard.forgetWords(scope, node.id)
      try store.recordNodeEvent(
        node.isDeregistered ? .deregistered : .registered, node: nodeID, at: store.now, in: scope)
      if !node.isDeregistered, let tags = activation?.tags, !tags.isEmpty, let type = Self.tagType {
        let rows = tags.sorted { $0.key < $1.key }.map {
          Item([("Key", $0.key), ("Value", $0.value)])
        }
        let entry = Report.Entry(
          type: type, schemaVersion: "1.0", captureTime: store.now, content: rows)
        _ = try store.record([Report(node: nodeID, entries: [entry])], in: scope)
      }
      try registry.settle(node.id)
    }
  }

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

  /// UpdateManagedInstancePublicKey, signed with the key before.
  func updatePublicKey(_ request: AWSRequest) throws -> JSONValue {
    guard let id = request.caller.node else { throw AWSError.denied }
    try registry.setKey(request.text("NewPublicKey") ?? "", of: id)
    return .object([])
  }

  /// DeregisterManagedInstance: its inventory ends now, its past stays.
  func deregisterManagedInstance(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    guard try registry.deregister(id, in: request.scope) else { throw Self.unknownNode(id) }
    mailboxes.close(ScopedNode(scope: request.scope, id: id))
    try announceNodes(id)
    return .object([])
  }

  /// UpdateManagedInstanceRole.
  func updateManagedInstanceRole(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    guard try registry.setRole(request.text("IamRole") ?? "", of: id, in: request.scope) else {
      throw Self.unknownNode(id)
    }
    return .object([])
  }
}
