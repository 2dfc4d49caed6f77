import Crypto
import CryptoExtras
import FoundationEssentials
package import Inventory

/// A node that registered: who it is, and the keys by which it proves that.
package struct ManagedNode: Sendable, Codable, Equatable {
  /// `mi-` and 17 hexadecimal digits.
  package var id: String
  package var account: String
  package var region: String
  /// The activation it last registered with.
  package var activation: String
  package var name: String?
  package var role: String
  /// Made by the agent, and bound by it to the hardware.
  var fingerprint: String
  /// DER of the SubjectPublicKeyInfo, RSA.
  var publicKey: [UInt8]
  /// The key before an exchange, until the new one was used: an agent that missed the answer to its
  /// exchange has this one still.
  var previousKey: [UInt8]?
  /// When the key came, in milliseconds since 1970.
  var keyTime: Int64
  /// When it first registered, in milliseconds since 1970.
  package var registered: Int64
  /// Counts how often it was taken out: credentials from before are void.
  var generation: Int
  /// Whether it was taken out of the fleet.
  ///
  /// It may come back by its fingerprint.
  package var isDeregistered = false

  /// The scope it is in.
  package var scope: Scope? { try? Scope(account: account, region: region) }

  /// A public key that can be used; nil for anything that is no RSA key of 2,048 bits at least.
  static func key(base64 text: String) -> [UInt8]? {
    guard text.utf8.count <= keyLengthMax, let data = Data(base64Encoded: text),
      (try? _RSA.Signing.PublicKey(derRepresentation: data)) != nil
    else { return nil }
    return Array(data)
  }

  /// Characters of a public key that are looked at: one of 8,192 bits has some 1,400.
  private static let keyLengthMax = 4096

  /// Which of its keys made a signature over a text; nil where none did.
  ///
  /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes. Source: observed on
  /// amazon-ssm-agent 3.3.
  func signer(of signature: [UInt8], over text: String) -> Signer? {
    if Self.isValid(signature, text, publicKey) { return .current }
    return previousKey.map { Self.isValid(signature, text, $0) } == true ? .previous : nil
  }

  enum Signer { case current, previous }

  private static func isValid(_ signature: [UInt8], _ text: String, _ key: [UInt8]) -> Bool {
    guard let key = try? _RSA.Signing.PublicKey(derRepresentation: Data(key)) else {
      return false
    }
    return key.isValidSignature(
      _RSA.Signing.RSASignature(rawRepresentation: Data(signature)),
      for: SHA256.hash(data: Array(text.utf8)), padding: .PSS)
  }

  /// What the table of keys looks a key up by.
  static func digest(_ key: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: key)) }
}
