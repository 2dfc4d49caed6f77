package import AccessKeys
import AWSProtocol
import Crypto
import FoundationEssentials
package import HistoryStore
package import Inventory
import PlainText

/// Activations, and the nodes that registered with them: control rows of a store.
///
/// Registering is one durable transaction, so that a crash neither counts a node that was not told its
/// id nor registers one twice: an agent that asks again with the same key is told the same id.
package final class NodeRegistry: Sendable {
  /// What becomes of a machine whose fingerprint is known.
  package enum Reregistration: String, Sendable, CaseIterable {
    /// The node it was: one history. Its earlier key is void; credentials of that key live out their time,
    /// for the agent starts with those it saved, and sleeps long where they are refused.
    case keep
    /// A new node with a history of its own, as in AWS.
    case new
    /// InstanceAlreadyRegistered, until it is deregistered.
    case refuse
  }

  let store: HistoryStore
  let sealing: SymmetricKey
  let secrets: SymmetricKey
  let reregistration: Reregistration
  private let attempts = AttemptLimiter()
  let sessions = OpenedSessions()

  package init(
    _ store: HistoryStore, secret: ServerSecret, reregistration: Reregistration = .keep
  ) {
    self.store = store
    self.reregistration = reregistration
    sealing = secret.key(for: "node session tokens")
    secrets = secret.key(for: "node session secrets")
  }

  // Kinds of rows, by the first byte of their keys: activations; nodes; the nodes of public keys; the
  // nodes of fingerprints; nodes whose registration is still to be told to the history.
  static func activationRow(_ id: String) -> [UInt8] { Array("a\(id)".utf8) }
  static func nodeRow(_ id: String) -> [UInt8] { Array("m\(id)".utf8) }
  static func keyRow(_ key: [UInt8]) -> [UInt8] { Array("p".utf8) + ManagedNode.digest(key) }
  static func fingerprintRow(_ account: String, _ region: String, _ text: String) -> [UInt8] {
    Array("f\(account)/\(region) ".utf8) + SHA256.hash(data: Array(text.utf8))
  }
  static func pendingRow(_ id: String) -> [UInt8] { Array("q\(id)".utf8) }

  static func decoded<Value: Decodable>(_ type: Value.Type, _ row: [UInt8]?) -> Value? {
    row.flatMap { try? JSONDecoder().decode(type, from: Data($0)) }
  }

  static func encoded(_ value: some Encodable) throws -> [UInt8] {
    Array(try JSONEncoder().encode(value))
  }

  static func random(_ byteCount: Int) -> String {
    unsafe SymmetricKey(size: SymmetricKeySize(bitCount: byteCount * 8)).withUnsafeBytes { bytes in
      unsafe Hex.text(bytes)
    }
  }
}

extension NodeRegistry {
  /// What an agent says when it registers.
  package struct Registration: Sendable {
    package var activation: String
    package var code: String
    /// Base64 of the DER of an RSA key.
    package var publicKey: String
    package var fingerprint: String

    package init(activation: String, code: String, publicKey: String, fingerprint: String) {
      self.activation = activation
      self.code = code
      self.publicKey = publicKey
      self.fingerprint = fingerprint
    }
  }

  /// Registers a node and waits for the disk; throws ``AWSError``.
  ///
  /// The history is to be told of it with ``pending(_:)`` and ``settle(_:)``.
  package func register(_ wanted: Registration) throws -> ManagedNode {
    guard let key = ManagedNode.key(base64: wanted.publicKey) else {
      throw AWSError(
        "InvalidPublicKey", "The public key isn't an RSA key of 2,048 bits or more.")
    }
    let row = Self.activationRow(wanted.activation)
    guard wanted.activation.utf8.count <= 64,
      let activation = Self.decoded(Activation.self, try store.controlRow(row))
    else { throw AWSError.activation }
    guard activation.has(code: wanted.code) else {
      let isAllowed = attempts.isAllowed(activation.id, now: store.now.seconds)
      attempts.note(activation.id, now: store.now.seconds)
      throw isAllowed
        ? AWSError.activation
        : AWSError(
          "TooManyUpdates",
          "There were too many wrong codes for this activation. Try again later.")
    }
    var result: Result<ManagedNode, any Error> = .failure(AWSError.activation)
    let fingerprint = Self.fingerprintRow(
      activation.account, activation.region, wanted.fingerprint)
    try store.updateControl(reading: [row, Self.keyRow(key), fingerprint]) { rows in
      do {
        let (node, changes) = try self.admit(wanted, key, rows)
        result = .success(node)
        return changes
      } catch {
        result = .failure(error)
        return []
      }
    }
    return try result.get()
  }

  /// Decides on a registration over the rows as they are inside the transaction.
  private func admit(
    _ wanted: Registration, _ key: [UInt8], _ rows: [[UInt8]?]
  ) throws -> (ManagedNode, [HistoryStore.ControlChange]) {
    guard var activation = Self.decoded(Activation.self, rows[0]) else {
      throw AWSError.activation
    }
    let now = store.preciseNow
    let byKey = try rows[1].flatMap { try self.node(String(decoding: $0, as: UTF8.self)) }
    let known = try rows[2].flatMap { try self.node(String(decoding: $0, as: UTF8.self)) }
    if let byKey, !byKey.isDeregistered {
      // The answer to the first time was lost.
      if byKey.activation == activation.id, byKey.fingerprint == wanted.fingerprint {
        return (byKey, [])
      }
      throw AWSError(
        "PublicKeyAlreadyRegistered", "Another node is registered with this public key.")
    }
    guard !activation.isExpired(at: now) else {
      throw AWSError("ActivationExpired", "The activation has expired.")
    }
    guard activation.count < activation.limit else {
      throw AWSError(
        "RegistrationLimitExceeded",
        "All \(activation.limit) registrations of the activation are used.")
    }
    activation.count += 1
    let node = try admitted(wanted, key, known, activation, now)
    let id = Array(node.id.utf8)
    let fingerprint = Self.fingerprintRow(node.account, node.region, node.fingerprint)
    var changes: [HistoryStore.ControlChange] = [
      .init(key: Self.activationRow(activation.id), value: try Self.encoded(activation)),
      .init(key: Self.nodeRow(node.id), value: try Self.encoded(node)),
      .init(key: Self.keyRow(key), value: id), .init(key: fingerprint, value: id),
      .init(key: Self.pendingRow(node.id), value: Array(activation.id.utf8)),
    ]
    if let known, known.id == node.id, known.publicKey != key {
      changes.append(.init(key: Self.keyRow(known.publicKey), value: nil))
    }
    return (node, changes)
  }

  private func admitted(
    _ wanted: Registration, _ key: [UInt8], _ known: ManagedNode?, _ activation: Activation,
    _ now: Instant
  ) throws -> ManagedNode {
    if let known, reregistration == .refuse, !known.isDeregistered {
      throw AWSError(
        "InstanceAlreadyRegistered", "The machine is registered as \(known.id).")
    }
    if var node = known, reregistration == .keep {
      node.activation = activation.id
      node.name = activation.defaultName ?? node.name
      node.role = activation.role
      node.publicKey = key
      node.previousKey = nil
      node.keyTime = now.milliseconds
      node.isDeregistered = false
      return node
    }
    return ManagedNode(
      id: "mi-0" + Self.random(8), account: activation.account, region: activation.region,
      activation: activation.id, name: activation.defaultName, role: activation.role,
      fingerprint: wanted.fingerprint, publicKey: key, keyTime: now.milliseconds,
      registered: now.milliseconds, generation: 1)
  }

  /// A node by its id, also one that was deregistered; nil where it never registered.
  package func node(_ id: String) throws -> ManagedNode? {
    guard id.utf8.count <= 64 else { return nil }
    return Self.decoded(ManagedNode.self, try store.controlRow(Self.nodeRow(id)))
  }

  /// Takes a node out: its keys and credentials are void at once.
  ///
  /// False where it is not registered.
  package func deregister(_ id: String, in scope: Scope) throws -> Bool {
    guard let node = try node(id), node.scope == scope, !node.isDeregistered else { return false }
    let untold = HistoryStore.ControlChange(
      key: Self.pendingRow(id), value: Array(node.activation.utf8))
    try change(id, and: [untold]) { node in
      node.isDeregistered = true
      node.generation += 1
    }
    return true
  }

  /// Changes a node's role.
  ///
  /// False where it is not registered.
  package func setRole(_ role: String, of id: String, in scope: Scope) throws -> Bool {
    guard let node = try node(id), node.scope == scope, !node.isDeregistered else { return false }
    try change(id) { $0.role = role }
    return true
  }

  /// Changes a node's row, and others with it, in one transaction.
  func change(
    _ id: String, and others: [HistoryStore.ControlChange] = [],
    _ body: (inout ManagedNode) -> Void
  ) throws {
    var failure: (any Error)?
    try store.updateControl(reading: [Self.nodeRow(id)]) { rows in
      guard var node = Self.decoded(ManagedNode.self, rows[0]) else { return [] }
      let before = node
      body(&node)
      do {
        var changes = others
        changes.append(.init(key: Self.nodeRow(id), value: try Self.encoded(node)))
        if node.publicKey != before.publicKey {
          changes.append(.init(key: Self.keyRow(node.publicKey), value: Array(id.utf8)))
        }
        for old in [before.publicKey, before.previousKey].compactMap({ $0 })
        where old != node.publicKey && old != node.previousKey {
          changes.append(.init(key: Self.keyRow(old), value: nil))
        }
        return changes
      } catch {
        failure = error
        return []
      }
    }
    if let failure { throw failure }
  }

  /// The nodes whose registration the history was not told of yet, with their activations.
  package func pending(_ id: String = "") throws -> [(node: ManagedNode, activation: Activation?)] {
    try store.controlRows(prefix: Self.pendingRow(id)).compactMap { row in
      let id = String(decoding: row.key.dropFirst(), as: UTF8.self)
      guard let node = try node(id) else { return nil }
      let activation = Self.activationRow(String(decoding: row.value, as: UTF8.self))
      return (node, Self.decoded(Activation.self, try store.controlRow(activation)))
    }
  }

  /// Notes that the history knows of a node's registration.
  package func settle(_ id: String) throws {
    try store.setControlRow(Self.pendingRow(id), to: nil)
  }
}
