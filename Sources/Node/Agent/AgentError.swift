/// Why an agent could not do what it was to do; who runs it decides what follows from it.
package struct AgentError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was in the way.
  package enum Code: Sendable {
    /// What it was given does not let it begin: its folder, the server's address, no registration.
    case setup
    /// A file of its folder is not what it wrote.
    case damaged
    /// Its folder could not be written.
    case disk
    /// The server is away, or answers what makes no sense.
    case server
    /// Something could not be collected, or the server refused it.
    case incomplete
  }

  /// What was in the way.
  package let code: Code
  /// One sentence that names it.
  package let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
