package import AWSProtocol

// Why a request's signature is not accepted.

extension AWSError {
  static let missing = AWSError(
    "MissingAuthenticationTokenException", "Request is missing Authentication Token")

  static func incomplete(_ message: String) -> AWSError {
    AWSError("IncompleteSignatureException", message)
  }

  static func invalid(_ message: String) -> AWSError {
    AWSError("InvalidSignatureException", message)
  }

  package static let mismatch = invalid(
    "The request signature we calculated does not match the signature you provided. Check your "
      + "AWS Secret Access Key and signing method. Consult the service documentation for details.")

  /// The key is not known, or disabled, or its session token is not the right one.
  package static let unrecognized = AWSError(
    "UnrecognizedClientException", "The security token included in the request is invalid.")
}
