import Crypto

/// The key that a day's requests to one service in one Region are signed with.
///
/// Making one takes four HMACs: keep it for the day.
package struct SigningKey: Sendable {
  private let key: SymmetricKey

  /// Source: AWS, "Signing AWS API requests: derive a signing key".
  ///
  /// - Parameters:
  ///   - secret: the secret access key's bytes.
  ///   - date: `YYYYMMDD`.
  package init(secret: [UInt8], date: String, region: String, service: String) {
    var key = SymmetricKey(data: Array("AWS4".utf8) + secret)
    for part in [date, region, service, "aws4_request"] {
      let code = HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key)
      key = SymmetricKey(data: Array(code))
    }
    self.key = key
  }

  /// The signature of a text.
  func sign(_ text: String) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
  }

  /// Whether a signature is that of a text; in a time that tells nothing of where they differ.
  func isValid(_ signature: [UInt8], of text: String) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(
      signature, authenticating: Array(text.utf8), using: key)
  }
}
