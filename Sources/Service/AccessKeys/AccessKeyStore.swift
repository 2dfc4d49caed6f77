package import AWSProtocol
import Crypto
import FoundationEssentials
package import HistoryStore
package import Inventory
import Synchronization

/// The access keys of a store, as control rows whose secrets are sealed.
///
/// A key is read from its row each time it is used, so that what another process changes counts at
/// once; only the opened form is remembered.
package final class AccessKeyStore: Sendable {
  private let store: HistoryStore
  private let sealing: SymmetricKey
  private let keyFile: String
  /// Opened keys, under the bytes of their rows.
  private let opened = Mutex<[[UInt8]: AccessKey]>([:])

  /// Regions that an account can have by being used; a key that names its Regions may use any of them.
  ///
  /// A store holds 65,535 accounts and Regions together: no account may have them all.
  package static let regionsMax = 64
  /// Keys that are remembered; beyond it all are forgotten together.
  private static let openedMax = 4096
  /// The longest key id that is looked up.
  private static let idBytesMax = 128

  package init(_ store: HistoryStore, secret: ServerSecret, keyFile: String) {
    self.store = store
    self.keyFile = keyFile
    sealing = secret.key(for: "access keys")
  }

  /// Whether a key may be used in a scope for the first time, if it is the first time.
  package func mayBe(_ scope: Scope, of key: AccessKey) throws -> Bool {
    guard key.regions.isEmpty else { return true }
    let own = try store.scopes().filter { $0.account == scope.account }
    return own.count < Self.regionsMax || own.contains(scope)
  }

  private static func row(_ id: String) -> [UInt8] { Array("k\(id)".utf8) }

  /// A key by its id; nil for one that is not known.
  package func key(_ id: String) throws -> AccessKey? {
    guard (1...Self.idBytesMax).contains(id.utf8.count),
      let row = try store.controlRow(Self.row(id))
    else { return nil }
    return try open(row, id)
  }

  /// All keys in order of their ids.
  package func all() throws -> [AccessKey] {
    try store.controlRows(prefix: Self.row("")).map { row in
      try open(row.value, String(decoding: row.key.dropFirst(), as: UTF8.self))
    }
  }

  /// Whether there are no keys, not even such as do not open.
  package var isEmpty: Bool {
    get throws { try store.controlRows(prefix: Self.row("")).isEmpty }
  }

  /// Removes a key, also one that does not open; false where there is none.
  package func delete(_ id: String) throws -> Bool {
    guard try store.controlRow(Self.row(id)) != nil else { return false }
    try store.setControlRow(Self.row(id), to: nil)
    return true
  }

  /// The Region of an account where none is named.
  package func homeRegion(of account: String) throws -> String { try store.homeRegion(of: account) }

  /// Makes a key; its secret is in the answer, and nowhere else in the clear.
  package func create(
    account: String, regions: [String] = [], permissions: [Permission], description: String = ""
  ) throws -> AccessKey {
    // Both must be such as scopes have.
    for region in regions.isEmpty ? [Scope.standard.region] : regions {
      _ = try Scope(account: account, region: region)
    }
    let key = AccessKey(
      id: "AKIA" + Self.random(16, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), account: account,
      regions: regions, permissions: permissions, created: store.now.milliseconds,
      description: description, secret: Self.newSecret())
    try store.setControlRow(Self.row(key.id), to: try seal(key))
    return key
  }

  /// Makes a key whose token reads in one Region; the token is in the answer, and nowhere else.
  ///
  /// - Parameter region: nil for the account's own.
  package func createBearer(
    account: String, region: String? = nil, description: String = ""
  ) throws -> AccessKey {
    let key = try create(
      account: account, regions: [region ?? homeRegion(of: account)], permissions: [.read],
      description: description)
    // Until here it has a secret that nobody knows.
    return try change(key.id) { key in
      key.isBearer = true
      key.renewToken()
    }
  }

  /// Switches a key off or on.
  package func setActive(_ isActive: Bool, _ id: String) throws -> AccessKey {
    try change(id) { $0.isActive = isActive }
  }

  /// Gives a key a new secret; the old one counts for some more seconds.
  package func rotate(_ id: String, overlapSeconds: Int64 = 0) throws -> AccessKey {
    let until = store.now.milliseconds + overlapSeconds * 1000
    let secret = Self.newSecret()
    return try change(id) { key in
      key.previousSecret = overlapSeconds > 0 ? key.secret : nil
      key.previousValidUntil = overlapSeconds > 0 ? until : 0
      key.secret = secret
      if key.isBearer { key.renewToken() }
    }
  }

  private func change(_ id: String, _ body: (inout AccessKey) -> Void) throws -> AccessKey {
    guard var key = try key(id) else { throw AccessKeyError("there is no access key \(id)") }
    body(&key)
    try store.setControlRow(Self.row(id), to: try seal(key))
    return key
  }

  private static func newSecret() -> [UInt8] {
    Array(
      random(40, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").utf8)
  }

  static func random(_ count: Int, of letters: String) -> String {
    let letters = Array(letters)
    var generator = SystemRandomNumberGenerator()
    return String(
      (0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
  }
}

/// A key as it stands in its row, before sealing.
private struct StoredKey: Codable {
  var account: String
  var regions: [String]
  var permissions: [String]
  var isActive: Bool
  var created: Int64
  var description: String
  var secret: [UInt8]
  var previousSecret: [UInt8]?
  var previousValidUntil: Int64
  /// Nil in rows of before there were any.
  var isBearer: Bool?
}

extension AccessKeyStore {
  /// The first byte of a row: the form of what follows.
  private static let form: UInt8 = 1

  /// All of a key is sealed with AES-GCM, bound to its id.
  private func seal(_ key: AccessKey) throws -> [UInt8] {
    let stored = StoredKey(
      account: key.account, regions: key.regions, permissions: key.permissions.map(\.description),
      isActive: key.isActive, created: key.created, description: key.description,
      secret: key.secret, previousSecret: key.previousSecret,
      previousValidUntil: key.previousValidUntil, isBearer: key.isBearer)
    let box = try AES.GCM.seal(
      try JSONEncoder().encode(stored), using: sealing, authenticating: Array(key.id.utf8))
    guard let combined = box.combined else { throw AccessKeyError("the key cannot be sealed") }
    return [Self.form] + combined
  }

  private func open(_ row: [UInt8], _ id: String) throws -> AccessKey {
    if let known = opened.withLock({ $0[row] }), known.id == id { return known }
    guard row.first == Self.form, let box = try? AES.GCM.SealedBox(combined: row.dropFirst()),
      let clear = try? AES.GCM.open(box, using: sealing, authenticating: Array(id.utf8)),
      let stored = try? JSONDecoder().decode(StoredKey.self, from: clear)
    else {
      throw AccessKeyError(
        "the access key \(id) does not open with \(keyFile): it was made with another key file; "
          + "restore that file, or remove the key with \"stocktake keys delete \(id)\"")
    }
    let key = AccessKey(
      id: id, account: stored.account, regions: stored.regions,
      permissions: stored.permissions.compactMap { Permission($0) }, isActive: stored.isActive,
      created: stored.created, description: stored.description, secret: stored.secret,
      isBearer: stored.isBearer ?? false, previousSecret: stored.previousSecret,
      previousValidUntil: stored.previousValidUntil)
    opened.withLock { opened in
      if opened.count >= Self.openedMax { opened.removeAll() }
      opened[row] = key
    }
    return key
  }
}
