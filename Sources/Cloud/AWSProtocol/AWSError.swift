/// An error in the words of AWS: what an SDK raises under its name.
package struct AWSError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The shape's name, such as `InvalidFilter`.
  package var name: String
  /// What is wrong and how to mend it.
  package var message: String
  package var description: String { "\(name): \(message)" }
  /// 400 where the request is at fault, 500 where the server is, 429 where it is overloaded.
  package var status: Int
  /// Further members of the shape, such as `TypeName`.
  package var members: [String: String]
  /// What went wrong in the server itself: for its log, never for the client.
  package var cause: String?

  package init(
    _ name: String, _ message: String, status: Int = 400, members: [String: String] = [:]
  ) {
    self.name = name
    self.message = message
    self.status = status
    self.members = members
  }

  /// The names that any operation may throw, whatever it declares.
  package static let ofAll: Set<String> = [
    "AccessDeniedException", "InternalServerError", "SerializationException", "ThrottlingException",
    "ValidationException",
  ]

  /// A request that breaks a constraint of its shape.
  package static func validation(_ message: String) -> AWSError {
    AWSError("ValidationException", message)
  }

  /// A request that has not the kinds of its shape.
  package static func serialization(_ message: String) -> AWSError {
    AWSError("SerializationException", message)
  }

  /// The server could not do it, and says no more to the client.
  package static let internalError = AWSError(
    "InternalServerError", "An error occurred on the server side.", status: 500)

  /// More than the server takes on at a time.
  ///
  /// SDKs look at the name. Agents that ask for credentials look at the status: of all that say "not now"
  /// it is the one after which they do not sleep for a day.
  package static let throttling = AWSError(
    "ThrottlingException", "Rate exceeded", status: 429)
}
