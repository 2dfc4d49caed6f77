package import AccessKeys
import Inventory
import Signatures
import SystemsManager
import Synchronization

/// Finds out who signed a request, and that it was they.
package final class Authenticator: Sendable {
  private let keys: AccessKeyStore
  private struct KeyScope: Hashable {
    var secret: [UInt8]
    var date: String
    var region: String
  }
  /// Signing keys that were derived lately: one serves all requests of a key in a day.
  private let derived = Mutex<[KeyScope: SigningKey]>([:])
  private static let derivedMax = 8192

  /// The service's name in a signature's scope.
  package static let service = "ssm"

  package init(_ keys: AccessKeyStore) { self.keys = keys }

  /// The caller of a request; throws ``ServiceError`` by AWS's names.
  func caller(of request: SignedRequest, now: Int64) throws -> Caller {
    do {
      let authorization = try Authorization(request)
      guard authorization.securityToken == nil, let key = try key(authorization.accessKeyID),
        key.isActive
      else { throw SignatureError.unrecognized }
      do throws(SignatureError) {
        try verify(authorization, request, key.secret, now)
      } catch {
        guard let previous = key.previousSecret, key.previousValidUntil > now * 1000 else {
          throw error
        }
        try verify(authorization, request, previous, now)
      }
      return try caller(key, authorization)
    } catch let error as SignatureError {
      throw ServiceError(error.name, error.message)
    }
  }

  private func key(_ id: String) throws(ServiceError) -> AccessKey? {
    do { return try keys.key(id) } catch {
      // A key that does not open is the operator's affair, not the client's.
      var failure = ServiceError.internalError
      failure.cause = "\(error)"
      throw failure
    }
  }

  private func caller(
    _ key: AccessKey, _ authorization: Authorization
  ) throws(SignatureError) -> Caller {
    guard key.allows(region: authorization.region),
      let scope = try? Scope(account: key.account, region: authorization.region)
    else {
      throw SignatureError(
        "AccessDeniedException",
        "The access key \(key.id) may not be used in the Region \(authorization.region).")
    }
    return Caller(keyID: key.id, scope: scope, permissions: key.permissions)
  }

  private func verify(
    _ authorization: Authorization, _ request: SignedRequest, _ secret: [UInt8], _ now: Int64
  ) throws(SignatureError) {
    let place = KeyScope(
      secret: secret, date: authorization.date, region: authorization.region)
    let known = derived.withLock { $0[place] }
    let key =
      known
      ?? SigningKey(
        secret: secret, date: authorization.date, region: authorization.region,
        service: Self.service)
    try authorization.verify(request, key: key, now: now, service: Self.service)
    // Only of what was verified: nobody can fill the memory with claims.
    guard known == nil else { return }
    derived.withLock { derived in
      if derived.count >= Self.derivedMax { derived.removeAll() }
      derived[place] = key
    }
  }
}
