import Files
package import Inventory
import PlainText

/// The keys with which AWS, or a server like it, is asked.
package struct AWSCredentials: Sendable, CustomStringConvertible {
  package let keyID: String
  let secret: [UInt8]
  let sessionToken: String?
  /// When they end; nil for those that do not.
  let expiration: Instant?

  /// Takes what a service gave.
  package init(
    _ keyID: String, _ secret: String, _ sessionToken: String?, until end: Instant? = nil
  ) {
    self.keyID = keyID
    self.secret = Array(secret.utf8)
    self.sessionToken = sessionToken
    expiration = end
  }

  /// Those of the variables, if they are set.
  package static var ofEnvironment: AWSCredentials? {
    guard let keyID = environmentValue("AWS_ACCESS_KEY_ID"),
      let secret = environmentValue("AWS_SECRET_ACCESS_KEY")
    else { return nil }
    return AWSCredentials(keyID, secret, environmentValue("AWS_SESSION_TOKEN"))
  }

  /// The id alone: nothing that is secret gets into a message.
  package var description: String { keyID.onOneLine }
}
