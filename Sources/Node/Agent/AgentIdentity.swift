import Crypto
import CryptoExtras
import FoundationEssentials
import Inventory
import JSONTape
import Signatures

/// Who an agent is: a file for its owner alone, written before the server is asked.
///
/// An agent that was cut off while it registered asks again with the same key, and is told the same node.
package struct AgentIdentity: Codable {
  /// The server's address.
  package var server: String
  var region: String
  /// The certificates to trust, in PEM; nil for the system's.
  var certificates: String?
  /// The node's id; nil until the server has answered.
  package var node: String?
  /// What says which machine it is, whatever it is registered as.
  package var fingerprint: String
  /// The private key, RSA of 2,048 bits, in PEM.
  package var key: String

  /// The file's name in the agent's folder.
  static let fileName = "identity.json"
  /// Where an agent keeps what it has to remember.
  package static let standardFolder = "/var/lib/stocktake-agent"

  /// A new one, with a key of its own.
  package init(server: String, region: String, certificates: String?) throws {
    self.server = server
    self.region = region
    self.certificates = certificates
    fingerprint = UUID().uuidString.lowercased()
    key = try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
  }

  /// The one of a folder; nil where there is none.
  ///
  /// Throws ``AgentError`` where it is damaged.
  package static func read(_ folder: String) throws -> AgentIdentity? {
    guard let data = FileManager.default.contents(atPath: folder + "/" + fileName) else {
      return nil
    }
    do { return try JSONDecoder().decode(Self.self, from: data) } catch {
      throw AgentError(
        .damaged,
        "\(folder)/\(fileName) is damaged; remove it, and register this machine again")
    }
  }

  /// Writes it, for its owner alone; a crash leaves the one before.
  func write(_ folder: String) throws {
    try AgentFiles.write(Array(try JSONEncoder().encode(self)), Self.fileName, in: folder)
  }

  /// Registers with the code of an activation, and remembers the node.
  ///
  /// Throws `AWSError` where the server refuses it.
  package mutating func register(activation: String, code: String, folder: String) async throws {
    try write(folder)
    let key = try _RSA.Signing.PrivateKey(pemRepresentation: key)
    let answer = try await AgentLink(self).post(
      "RegisterManagedInstance",
      .object([
        .init("ActivationId", .string(activation)), .init("ActivationCode", .string(code)),
        .init("Fingerprint", .string(fingerprint)), .init("PublicKeyType", .string("Rsa")),
        .init("PublicKey", .string(key.publicKey.derRepresentation.base64EncodedString())),
      ])
    ) { call in call }
    guard let node = answer["InstanceId"]?.text else {
      throw AgentError(.server, "\(server) answered without a node's id")
    }
    self.node = node
    try write(folder)
  }
}
