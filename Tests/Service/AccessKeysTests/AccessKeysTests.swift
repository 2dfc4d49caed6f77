import AWSProtocol
import Foundation
import HistoryStore
import Inventory
import Testing

@testable import AccessKeys

struct AccessKeysTests {
  private static func withKeys(_ body: (AccessKeyStore, HistoryStore, String) throws -> Void) throws
  {
    let directory = NSTemporaryDirectory() + "keys-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try HistoryStore(path: directory)
    let file = directory + "/" + ServerSecret.fileName
    try body(
      AccessKeyStore(store, secret: try ServerSecret(file: file), keyFile: file), store, directory)
  }

  @Test("a key is found as it was made, and another store object sees it")
  func roundTrip() throws {
    try Self.withKeys { keys, store, directory in
      let made = try keys.create(
        account: "111122223333", regions: ["eu-west-1"], permissions: [.read, .writeNode("mi-1")],
        description: "x")
      #expect(try keys.key(made.id) == made)
      let file = directory + "/" + ServerSecret.fileName
      let other = AccessKeyStore(store, secret: try ServerSecret(file: file), keyFile: file)
      #expect(try other.all() == [made])
      #expect(made.secret.count == 40)
      #expect(made.allows(region: "eu-west-1") && !made.allows(region: "eu-west-2"))
      #expect(try keys.key("AKIAUNKNOWN") == nil)
    }
  }

  @Test("of a token the store has the hash, its key signs nothing, and it is renewed like a secret")
  func bearer() throws {
    try Self.withKeys { keys, store, directory in
      let made = try keys.createBearer(account: "111122223333", region: "eu-west-1")
      let token = try #require(made.token)
      let parts = token.split(separator: ".")
      #expect(parts.count == 2 && parts[0] == made.id && parts[1].count == 43)
      let kept = try #require(try keys.key(made.id))
      #expect(kept.isBearer && kept.token == nil && kept.permissions == [.read])
      #expect(kept.regions == ["eu-west-1"])
      #expect(kept.secret != Array(parts[1].utf8) && kept.secret.count == 32)
      let now = store.now.milliseconds
      #expect(kept.isSecret(parts[1], now: now))
      let secret = String(parts[1])
      for wrong in ["", String(secret.dropLast()), secret + "x", token, made.id] {
        #expect(!kept.isSecret(Substring(wrong), now: now))
      }
      let renewed = try keys.rotate(made.id, overlapSeconds: 60)
      let newer = try #require(renewed.token?.split(separator: ".").last)
      #expect(newer != parts[1])
      let both = try #require(try keys.key(made.id))
      #expect(both.isSecret(newer, now: now) && both.isSecret(parts[1], now: now))
      #expect(!both.isSecret(parts[1], now: now + 120_000))
      let signing = try keys.create(account: "111122223333", permissions: [.read])
      #expect(
        !signing.isSecret(Substring(String(decoding: signing.secret, as: UTF8.self)), now: now))
    }
  }

  @Test("switching off, on and renewing count at once")
  func changes() throws {
    try Self.withKeys { keys, _, _ in
      let made = try keys.create(account: "111122223333", permissions: [.admin])
      _ = try keys.setActive(false, made.id)
      #expect(try keys.key(made.id)?.isActive == false)
      _ = try keys.setActive(true, made.id)
      let renewed = try keys.rotate(made.id, overlapSeconds: 60)
      #expect(renewed.secret != made.secret)
      #expect(renewed.previousSecret == made.secret)
      #expect(try keys.rotate(made.id).previousSecret == nil)
    }
  }

  @Test("the secret does not stand in the file, and another key file does not open it")
  func sealing() throws {
    try Self.withKeys { keys, store, directory in
      let made = try keys.create(account: "111122223333", permissions: [.admin])
      let row = try #require(try store.controlRow(Array("k\(made.id)".utf8)))
      #expect(
        !String(decoding: row, as: UTF8.self).contains(String(decoding: made.secret, as: UTF8.self))
      )
      let file = directory + "/other.key"
      let other = AccessKeyStore(store, secret: try ServerSecret(file: file), keyFile: file)
      #expect(throws: AccessKeyError.self) { try other.key(made.id) }
      // A row under another id does not open either.
      try store.setControlRow(Array("kAKIAOTHER".utf8), to: row)
      #expect(throws: AccessKeyError.self) { try keys.key("AKIAOTHER") }
    }
  }

  @Test("a key file that others can read is refused")
  func fileMode() throws {
    try Self.withKeys { _, _, directory in
      let file = directory + "/open.key"
      _ = try ServerSecret(file: file)
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
      #expect(throws: AccessKeyError.self) { try ServerSecret(file: file) }
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
      #expect(throws: AccessKeyError.self) { try ServerSecret(file: file) }
    }
  }

  @Test(
    "permissions imply what they should and nothing else",
    arguments: ["read", "write", "admin", "write-node=mi-1"])
  func permissions(_ text: String) throws {
    let permission = try #require(Permission(text))
    #expect(permission.description == text)
    let caller = Caller(keyID: "k", scope: .local, permissions: [permission])
    #expect(caller.may(.known) && caller.may(.anonymous) && !caller.may(.nodeKey))
    #expect(caller.may(.read) == ["read", "admin"].contains(text))
    #expect(caller.may(.writeNode) == (text != "read"))
    #expect(caller.may(.writeNode, on: "mi-1") == (text != "read"))
    #expect(caller.may(.writeNode, on: "mi-2") == ["write", "admin"].contains(text))
    #expect(caller.may(.write) == ["write", "admin"].contains(text))
    #expect(caller.may(.administer) == (text == "admin"))
    #expect(Permission(text + "x") == (text.hasPrefix("write-node") ? .writeNode("mi-1x") : nil))
  }
}
