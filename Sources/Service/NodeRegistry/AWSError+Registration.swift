package import AWSProtocol

// Why a node is not registered or not believed.

extension AWSError {
  static let activation = AWSError(
    "InvalidActivation",
    "The activation isn't valid: it was deleted, or the id and the code don't belong together.")

  /// Credentials that count no more, of a node that is registered: its agent reads them from its file again.
  static let expired = AWSError(
    "ExpiredTokenException", "The security token included in the request is expired.")

  /// Of one that was taken out, with credentials from before.
  static func notRegistered(_ id: String) -> AWSError {
    AWSError("AccessDeniedException", "The managed node \(id) isn't registered any more.")
  }

  /// Of a node that is not known, no longer registered, or not who it says.
  package static let denied = AWSError(
    "AccessDeniedException", "The managed node isn't registered with this key and fingerprint.")
}
