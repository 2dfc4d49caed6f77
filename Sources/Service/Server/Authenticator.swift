package import AccessKeys
import AWSProtocol
import FoundationEssentials
import Inventory
package import NodeRegistry
import Signatures
import Synchronization

/// Finds out who signed a request, and that it was they.
package final class Authenticator: Sendable {
  private let keys: AccessKeyStore
  private struct KeyScope: Hashable {
    var keyID: String
    var date: String
    var region: String
    var service: String
  }
  private struct DerivedKey {
    var secret: [UInt8]
    var key: SigningKey
  }
  /// Signing keys that were derived lately: one serves all requests of a key in a day.
  private let derived = Mutex<[KeyScope: DerivedKey]>([:])
  /// Two for each of 130,000 nodes, some 400 bytes each; beyond it all are forgotten together.
  private static let derivedMax = 1 << 18

  private let registry: NodeRegistry
  /// Wrong tokens, by the addresses that they come from.
  private let wrongTokens = AttemptLimiter()
  private let replays: ReplayGuard

  package init(_ keys: AccessKeyStore, _ registry: NodeRegistry, now: Int64) {
    self.keys = keys
    self.registry = registry
    replays = ReplayGuard(now: now, windowSeconds: 2 * Authorization.skewMax)
  }

  /// What the head of a request says of who signed it: they are known, and nothing is proven yet.
  struct Claim: Sendable {
    fileprivate enum Signer {
      case key(AccessKey)
      case session(secret: [UInt8], caller: Caller)
      case node(NodeRegistry.Proof)
    }

    fileprivate var authorization: Authorization
    fileprivate var signer: Signer
    fileprivate var service: String

    /// Whom the request is counted for: the key, or the node that has many.
    var payer: String {
      switch signer {
      case .key(let key): key.id
      case .session(_, let caller): caller.node ?? caller.keyID
      case .node(let proof): proof.node
      }
    }
  }

  /// Reads a request's head, before its body is there; throws ``AWSError`` by AWS's names where no key
  /// of ours is named, or at a wrong time.
  func claim(_ head: SignedRequest, service: String, now: Int64) throws -> Claim {
    let authorization = try Authorization(head)
    let signer: Claim.Signer
    if let token = authorization.securityToken {
      let session = try registry.session(
        keyID: authorization.accessKeyID, token: token, now: now)
      signer = .session(secret: session.secret, caller: session.caller)
    } else {
      guard let key = try key(authorization.accessKeyID), key.isActive, !key.isBearer else {
        throw AWSError.unrecognized
      }
      signer = .key(key)
    }
    try authorization.checkTime(now, service: service)
    return Claim(authorization: authorization, signer: signer, service: service)
  }

  /// Reads a request's head that a node signed with the key it registered, in the form of an agent: the
  /// header of Signature Version 4, with the node for the key's id and an RSA signature in base64.
  func nodeClaim(_ head: SignedRequest, service: String, now: Int64) throws -> Claim {
    let authorization = try Authorization(head)
    try authorization.checkTime(now, service: service)
    guard let signature = Data(base64Encoded: authorization.signature) else {
      throw AWSError.mismatch
    }
    guard let node = try registry.node(authorization.accessKeyID), !node.isDeregistered else {
      throw AWSError.denied
    }
    let proof = NodeRegistry.Proof(
      node: node.id, text: "", signature: Array(signature),
      time: authorization.time)
    return Claim(authorization: authorization, signer: .node(proof), service: service)
  }

  /// Whose token a request brings: a caller that reads in the key's one Region.
  ///
  /// Throws ``AWSError`` by AWS's names: for a token that is none of ours, of a key that is switched off or
  /// deleted, or after many wrong ones from an address.
  func bearer(_ token: BearerToken, from address: String, now: Int64) throws -> Caller {
    guard let key = try key(token.keyID), key.isActive,
      key.isSecret(token.secret, now: now * 1000), let region = key.regions.first,
      let scope = try? Scope(account: key.account, region: region)
    else {
      let mayGoOn = wrongTokens.isAllowed(address, now: now)
      wrongTokens.note(address, now: now)
      throw mayGoOn ? AWSError.unrecognized : AWSError.throttling
    }
    return Caller(keyID: key.id, scope: scope, permissions: [.read])
  }

  /// The caller of a request that is there whole; throws ``AWSError`` by AWS's names.
  func caller(_ claim: Claim, of request: SignedRequest, now: Int64) throws -> Caller {
    let authorization = claim.authorization
    switch claim.signer {
    case .session(let secret, let caller):
      try verify(authorization, request, secret, claim.service, now)
      return caller
    case .key(let key):
      do throws(AWSError) {
        try verify(authorization, request, key.secret, claim.service, now)
      } catch {
        guard let previous = key.previousSecret, key.previousValidUntil > now * 1000 else {
          throw error
        }
        try verify(authorization, request, previous, claim.service, now)
      }
      return try caller(key, authorization)
    case .node: throw AWSError.unrecognized
    }
  }

  /// The node that signed a request with its own key, as a caller.
  func node(_ claim: Claim, of request: SignedRequest, now: Int64) throws -> Caller {
    guard case .node(var proof) = claim.signer else { throw AWSError.unrecognized }
    try claim.authorization.checkClaims(request, now: now, service: claim.service)
    proof.text = claim.authorization.stringToSign(request)
    let node = try registry.proven(proof)
    switch replays.note(proof.signature, of: node.id, signedAt: proof.time, now: now) {
    case .new:
      guard let scope = node.scope else { throw AWSError.internalError }
      return Caller(
        keyID: node.id, scope: scope, permissions: [.writeNode(node.id)], node: node.id)
    case .replayed:
      // The agent's own retries carry the signature of the first try, whose answer was lost: it has to
      // come back with another, and sleeps a day after other refusals.
      throw AWSError(
        "ThrottlingException", "This signed request was taken already: sign a new one.",
        status: 429)
    case .tooEarly: throw AWSError.throttling
    }
  }

  /// Throws where a key does not count any more, of which a request was taken a while ago.
  func checkStillCounts(_ id: String) throws {
    guard try key(id)?.isActive == true else {
      throw AWSError.unrecognized
    }
  }

  private func key(_ id: String) throws(AWSError) -> AccessKey? {
    do { return try keys.key(id) } catch {
      // A key that does not open is the operator's affair, not the client's.
      var failure = AWSError.internalError
      failure.cause = "\(error)"
      throw failure
    }
  }

  private func caller(
    _ key: AccessKey, _ authorization: Authorization
  ) throws(AWSError) -> Caller {
    guard key.allows(region: authorization.region),
      let scope = try? Scope(account: key.account, region: authorization.region),
      (try? keys.mayBe(scope, of: key)) ?? true
    else {
      throw AWSError(
        "AccessDeniedException",
        "The access key \(key.id) is for the Region \(key.regions.joined(separator: ", ")), not "
          + "for \(authorization.region): name it with --region or AWS_REGION.")
    }
    return Caller(keyID: key.id, scope: scope, permissions: key.permissions)
  }

  private func verify(
    _ authorization: Authorization, _ request: SignedRequest, _ secret: [UInt8],
    _ service: String, _ now: Int64
  ) throws(AWSError) {
    let place = KeyScope(
      keyID: authorization.accessKeyID, date: authorization.date, region: authorization.region,
      service: service)
    let known = derived.withLock { $0[place] }.flatMap { $0.secret == secret ? $0.key : nil }
    let key =
      known
      ?? SigningKey(
        secret: secret, date: authorization.date, region: authorization.region,
        service: service)
    try authorization.verify(request, key: key, now: now, service: service)
    // Only of what was verified: nobody can fill the memory with claims.
    guard known == nil else { return }
    derived.withLock { derived in
      if derived.count >= Self.derivedMax { derived.removeAll() }
      derived[place] = DerivedKey(secret: secret, key: key)
    }
  }
}
