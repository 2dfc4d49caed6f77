/// Why a request's signature is not accepted, by AWS's names.
package struct SignatureError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The error's shape, such as `InvalidSignatureException`.
  package var name: String
  package var message: String
  package var description: String { message }

  package init(_ name: String, _ message: String) {
    self.name = name
    self.message = message
  }

  static let missing = SignatureError(
    "MissingAuthenticationTokenException", "Request is missing Authentication Token")

  static func incomplete(_ message: String) -> SignatureError {
    SignatureError("IncompleteSignatureException", message)
  }

  static func invalid(_ message: String) -> SignatureError {
    SignatureError("InvalidSignatureException", message)
  }

  package static let mismatch = invalid(
    "The request signature we calculated does not match the signature you provided. Check your "
      + "AWS Secret Access Key and signing method. Consult the service documentation for details.")

  /// The key is not known, or disabled, or its session token is not the right one.
  package static let unrecognized = SignatureError(
    "UnrecognizedClientException", "The security token included in the request is invalid.")
}
