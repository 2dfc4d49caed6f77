package import AWSProtocol
import Crypto
import FoundationEssentials
import HistoryStore
import Inventory
import Synchronization

/// What a node signs its requests with for some time.
///
/// The session token is sealed by the server's own secret and says all that is needed to check it, so
/// that credentials survive a restart without a row for each. The node's row says whether they still
/// count.
package struct NodeCredentials: Sendable {
  package var keyID: String
  package var secret: String
  package var sessionToken: String
  /// In seconds since 1970.
  package var expires: Int64
  /// Whether the agent should make itself a new key.
  package var isKeyOld: Bool
}

/// What is sealed in a session token.
private struct SessionClaims: Codable {
  var keyID: String
  var node: String
  var generation: Int
  /// In seconds since 1970.
  var expires: Int64
}

/// A session that was opened, and the hash of the node's row that it was held against.
struct OpenedSession: Sendable {
  var secret: [UInt8]
  var caller: Caller
  /// In seconds since 1970.
  var expires: Int64
  var row: Int?
}

/// The sessions that were opened lately: opening one costs more than all else of a ping.
final class OpenedSessions: Sendable {
  /// Sessions that are remembered, some 1 kB each; beyond it all are forgotten together.
  private static let countMax = 150_000

  private let opened = Mutex<[String: OpenedSession]>([:])

  func known(_ token: String) -> OpenedSession? { opened.withLock { $0[token] } }

  func remember(_ session: OpenedSession, _ token: String) {
    opened.withLock { opened in
      if opened.count >= Self.countMax { opened.removeAll() }
      opened[token] = session
    }
  }
}

extension NodeRegistry {
  /// Characters of a session token that are looked at.
  private static let tokenLengthMax = 2048

  /// A claim of a node to be who it is, by a signature of its own key.
  package struct Proof: Sendable {
    package var node: String
    package var text: String
    package var signature: [UInt8]
    /// When it was signed, in seconds since 1970.
    package var time: Int64

    package init(node: String, text: String, signature: [UInt8], time: Int64) {
      self.node = node
      self.text = text
      self.signature = signature
      self.time = time
    }
  }

  /// The node that signed with its own key; throws ``AWSError`` for anybody else.
  package func proven(_ proof: Proof) throws -> ManagedNode {
    guard let node = try node(proof.node), !node.isDeregistered,
      let signer = node.signer(of: proof.signature, over: proof.text)
    else { throw AWSError.denied }
    if signer == .current, node.previousKey != nil {
      // The agent has the new key: the old one is of no more use to it.
      try change(node.id) { $0.previousKey = nil }
    }
    return node
  }

  /// Credentials for a node that proved itself; the fingerprint must be the one it registered with.
  package func credentials(
    for node: ManagedNode, fingerprint: String, lifetimeSeconds: Int64, keyAgeSecondsMax: Int64?
  ) throws -> NodeCredentials {
    guard fingerprint == node.fingerprint else {
      throw AWSError(
        "MachineFingerprintDoesNotMatch",
        "The fingerprint isn't the one that \(node.id) registered with.")
    }
    let now = store.now.seconds
    let keyID = Self.keyPrefix + Self.random(Self.keyBytes).uppercased()
    let claims = SessionClaims(
      keyID: keyID, node: node.id, generation: node.generation, expires: now + lifetimeSeconds)
    let box = try AES.GCM.seal(try JSONEncoder().encode(claims), using: sealing)
    guard let sealed = box.combined else { throw AWSError.denied }
    let age = now - node.keyTime / 1000
    return NodeCredentials(
      keyID: keyID, secret: secret(of: keyID), sessionToken: sealed.base64EncodedString(),
      expires: claims.expires, isKeyOld: keyAgeSecondsMax.map { age > $0 } ?? false)
  }

  private static let keyPrefix = "ASIA"
  private static let keyBytes = 8

  /// Whether a key's id has the form of those that nodes get: AWS uses letters beyond F.
  private static func isOurs(_ keyID: String) -> Bool {
    let digits = keyID.utf8.dropFirst(keyPrefix.utf8.count)
    return keyID.hasPrefix(keyPrefix) && digits.count == 2 * keyBytes
      && digits.allSatisfy { (48...57).contains($0) || (65...70).contains($0) }
  }

  private func secret(of keyID: String) -> String {
    Data(HMAC<SHA256>.authenticationCode(for: Array(keyID.utf8), using: secrets))
      .base64EncodedString()
  }

  /// A key with a session token: the secret, and the caller it stands for; throws
  /// ``AWSError``.
  ///
  /// What was opened once is remembered for as long as the node's row is as it was.
  package func session(
    keyID: String, token: String, now: Int64
  ) throws -> (secret: [UInt8], caller: Caller) {
    if let known = sessions.known(token), known.caller.keyID == keyID, known.expires > now,
      let node = known.caller.node,
      known.row == (try store.controlRow(Self.nodeRow(node))).map(Self.hash)
    {
      return (known.secret, known.caller)
    }
    let opened = try open(keyID: keyID, token: token, now: now)
    sessions.remember(opened, token)
    return (opened.secret, opened.caller)
  }

  private func open(keyID: String, token: String, now: Int64) throws -> OpenedSession {
    guard token.utf8.count <= Self.tokenLengthMax, let data = Data(base64Encoded: token),
      let box = try? AES.GCM.SealedBox(combined: data),
      let clear = try? AES.GCM.open(box, using: sealing),
      let claims = try? JSONDecoder().decode(SessionClaims.self, from: clear),
      claims.keyID == keyID
    else {
      // Made under another secret, before a restore or a new key file: the agent has to get new ones. Of a key
      // that no server of ours hands out it is told so instead, for there is nothing to renew.
      guard Self.isOurs(keyID) else {
        throw AWSError(
          "UnrecognizedClientException", "The security token included in the request is invalid.")
      }
      throw AWSError.expired
    }
    guard claims.expires > now else { throw AWSError.expired }
    let row = try store.controlRow(Self.nodeRow(claims.node))
    guard let node = Self.decoded(ManagedNode.self, row), !node.isDeregistered,
      let scope = node.scope
    else { throw AWSError.notRegistered(claims.node) }
    guard node.generation == claims.generation else { throw AWSError.expired }
    return OpenedSession(
      secret: Array(secret(of: keyID).utf8),
      caller: Caller(
        keyID: keyID, scope: scope, permissions: [.writeNode(node.id)], node: node.id),
      expires: claims.expires, row: row.map(Self.hash))
  }

  /// Of a row's bytes at once, not of one after another.
  private static func hash(_ row: [UInt8]) -> Int {
    var hasher = Hasher()
    unsafe row.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    return hasher.finalize()
  }

  /// Gives a node a new key; the one that signed for it counts until the new one was used.
  package func setKey(_ text: String, of id: String) throws {
    guard let key = ManagedNode.key(base64: text) else {
      throw AWSError(
        "InvalidPublicKey", "The public key isn't an RSA key of 2,048 bits or more.")
    }
    let owner = try store.controlRow(Self.keyRow(key)).map { String(decoding: $0, as: UTF8.self) }
    guard owner == nil || owner == id else {
      throw AWSError(
        "PublicKeyAlreadyRegistered", "Another node is registered with this public key.")
    }
    let now = store.preciseNow.milliseconds
    try change(id) { node in
      guard node.publicKey != key else { return }
      // Where there is a key before, it signed this: the current one was never used, as the answer that
      // told of it was lost. Whoever uses the current one has none before any more.
      node.previousKey = node.previousKey ?? node.publicKey
      node.publicKey = key
      node.keyTime = now
    }
  }
}
