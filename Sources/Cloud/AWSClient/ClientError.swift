/// Why a server or a service of AWS could not be asked; who asks decides what follows from it.
package struct ClientError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was in the way.
  package enum Code: Sendable {
    /// What was given or set does not say how to ask: no address, no Region, no such profile, no keys.
    case settings
    /// A shared file of AWS's tools cannot be read as one.
    case file
    /// A place that is meant for keys gave none.
    case credentials
    /// No answer came in time.
    case noAnswer
  }

  /// What was in the way.
  package let code: Code
  /// One sentence that names it, without anything secret.
  package let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
