import AWSProtocol
import AccessKeys
import Crypto
import CryptoExtras
import Foundation
import HistoryStore
import Inventory
import Testing

@testable import NodeRegistry

/// Who registers, with what, and for how long that counts.
@Suite struct RegistrationTests {
  private let store: HistoryStore
  private let registry: NodeRegistry
  private let secret: ServerSecret

  init() throws {
    let directory = NSTemporaryDirectory() + "registration-\(UUID().uuidString)"
    store = try HistoryStore(path: directory + "/store")
    secret = try ServerSecret(file: directory + "/secret")
    registry = NodeRegistry(store, secret: secret)
  }

  private static func newKey() throws -> _RSA.Signing.PrivateKey {
    try _RSA.Signing.PrivateKey(keySize: .bits2048)
  }

  private static func text(_ key: _RSA.Signing.PrivateKey) -> String {
    key.publicKey.derRepresentation.base64EncodedString()
  }

  private func activation(limit: Int = 10) throws -> (id: String, code: String) {
    var terms = Activation.Terms()
    terms.limit = limit
    let made = try registry.createActivation(terms, in: .local)
    return (made.activation.id, made.code)
  }

  private func register(
    _ leave: (id: String, code: String), _ key: _RSA.Signing.PrivateKey,
    fingerprint: String = "machine", at registry: NodeRegistry? = nil
  ) throws -> ManagedNode {
    try (registry ?? self.registry).register(
      .init(
        activation: leave.id, code: leave.code, publicKey: Self.text(key),
        fingerprint: fingerprint))
  }

  private func name(_ body: () throws -> some Any) -> String? {
    do { _ = try body() } catch { return (error as? AWSError)?.name }
    return nil
  }

  @Test func `a node registers once, and once again is told the same`() throws {
    let (leave, key) = (try activation(), try Self.newKey())
    let node = try register(leave, key)
    #expect(node.id.hasPrefix("mi-0") && node.id.utf8.count == 20)
    #expect(try register(leave, key) == node)
    #expect(try registry.activations(in: .local).map(\.count) == [1])
    #expect(name { try register(leave, key, fingerprint: "other") } == "PublicKeyAlreadyRegistered")
  }

  @Test func `an activation has an end`() throws {
    let leave = try activation(limit: 1)
    #expect(name { try register((leave.id, "wrong"), try Self.newKey()) } == "InvalidActivation")
    #expect(name { try register(("none", leave.code), try Self.newKey()) } == "InvalidActivation")
    _ = try register(leave, try Self.newKey())
    let second = name { try register(leave, try Self.newKey(), fingerprint: "second") }
    #expect(second == "RegistrationLimitExceeded")
    #expect(try registry.deleteActivation(leave.id, in: .local))
    #expect(name { try register(leave, try Self.newKey()) } == "InvalidActivation")
    var terms = Activation.Terms()
    terms.limit = Activation.limitMax + 1
    #expect(name { try registry.createActivation(terms, in: .local) } == "InvalidParameters")
  }

  @Test func `whoever guesses codes is told to stop, and the right one counts all the same`() throws
  {
    let (leave, key) = (try activation(), try Self.newKey())
    var names: Set<String> = []
    for _ in 0...AttemptLimiter.failuresMax {
      if let name = name({ try register((leave.id, "wrong"), key) }) { names.insert(name) }
    }
    #expect(names == ["InvalidActivation", "TooManyUpdates"])
    #expect(throws: Never.self) { try register(leave, key) }
  }

  @Test(
    "a machine that is known comes again",
    arguments: NodeRegistry.Reregistration.allCases)
  func again(_ rule: NodeRegistry.Reregistration) throws {
    let registry = NodeRegistry(store, secret: secret, reregistration: rule)
    let leave = try activation()
    let first = try register(leave, try Self.newKey(), at: registry)
    let again = Result { try register(leave, try Self.newKey(), at: registry) }
    switch rule {
    case .keep: #expect(try again.get().id == first.id)
    case .new: #expect(try again.get().id != first.id)
    case .refuse: #expect(name { try again.get() } == "InstanceAlreadyRegistered")
    }
  }

  @Test func `what is no key of 2,048 bits is none`() throws {
    let leave = try activation()
    let short = P256.Signing.PrivateKey().publicKey.derRepresentation.base64EncodedString()
    for text in ["", "AAAA", "?", short] {
      let wanted = NodeRegistry.Registration(
        activation: leave.id, code: leave.code, publicKey: text, fingerprint: "machine")
      #expect(name { try registry.register(wanted) } == "InvalidPublicKey")
    }
  }

  private func credentials(_ node: ManagedNode, fingerprint: String = "machine") throws
    -> NodeCredentials
  {
    try registry.credentials(
      for: node, fingerprint: fingerprint, lifetimeSeconds: 60, keyAgeSecondsMax: nil)
  }

  @Test func `credentials count for their time, for their node, until it is taken out`() throws {
    let node = try register(try activation(), try Self.newKey())
    #expect(
      name { try credentials(node, fingerprint: "other") } == "MachineFingerprintDoesNotMatch")
    let made = try credentials(node)
    func session(_ id: String, _ token: String, at now: Int64) throws -> Caller {
      try registry.session(keyID: id, token: token, now: now).caller
    }
    let now = store.now.seconds
    let caller = try session(made.keyID, made.sessionToken, at: now)
    #expect(caller.node == node.id && caller.may(.writeNode, on: node.id))
    #expect(!caller.may(.read) && !caller.may(.writeNode, on: "mi-1") && !caller.may(.write))
    let late = name { try session(made.keyID, made.sessionToken, at: made.expires) }
    #expect(late == "ExpiredTokenException")
    #expect(name { try session(made.keyID, "AAAA", at: now) } == "ExpiredTokenException")
    #expect(name { try session("ASIAZZZZZ", "AAAA", at: now) } == "UnrecognizedClientException")
    #expect(try registry.deregister(node.id, in: .local))
    #expect(try !registry.deregister(node.id, in: .local))
    let out = name { try session(made.keyID, made.sessionToken, at: now) }
    #expect(out == "AccessDeniedException")
  }

  @Test func `a node proves itself by its key, and by the one before until the new one is used`()
    throws
  {
    let (old, new) = (try Self.newKey(), try Self.newKey())
    let node = try register(try activation(), old)
    func prove(_ key: _RSA.Signing.PrivateKey) throws -> ManagedNode {
      let signature = try key.signature(
        for: SHA256.hash(data: Array("text".utf8)), padding: .PSS)
      return try registry.proven(
        .init(
          node: node.id, text: "text", signature: Array(signature.rawRepresentation), time: 0))
    }
    #expect(try prove(old).id == node.id)
    #expect(name { try prove(new) } == "AccessDeniedException")
    try registry.setKey(Self.text(new), of: node.id)
    #expect(try prove(old).id == node.id)
    #expect(try prove(new).id == node.id)
    #expect(name { try prove(old) } == "AccessDeniedException")
  }

  @Test func `the history is told of what it was not told of, until that is settled`() throws {
    let node = try register(try activation(), try Self.newKey())
    #expect(try registry.pending().map(\.node.id) == [node.id])
    try registry.settle(node.id)
    #expect(try registry.pending().isEmpty)
    _ = try registry.deregister(node.id, in: .local)
    #expect(try registry.pending(node.id).map(\.node.isDeregistered) == [true])
  }
}
