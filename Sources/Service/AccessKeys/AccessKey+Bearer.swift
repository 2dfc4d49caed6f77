import Crypto
import FoundationEssentials

// A token that is sent as it is: the key's id, a point, and a secret of which the store has the hash.

extension AccessKey {
  /// Letters and digits of a token's secret part: 256 random bits.
  private static let secretCount = 43

  /// Gives a bearer key a new token.
  mutating func renewToken() {
    let secret = AccessKeyStore.random(
      Self.secretCount,
      of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    token = "\(id).\(secret)"
    self.secret = Array(SHA256.hash(data: Array(secret.utf8)))
  }

  /// Whether a token's secret part is that of this key; in a time that tells nothing of where they differ.
  ///
  /// - Parameter now: milliseconds since 1970.
  package func isSecret(_ text: Substring, now: Int64) -> Bool {
    guard isBearer else { return false }
    let digest = SHA256.hash(data: Array(text.utf8))
    // Comparing a digest with bytes takes the same time wherever they differ.
    return digest == secret
      || previousValidUntil > now && previousSecret.map { digest == $0 } ?? false
  }
}
