package import Inventory
import PlainText

/// What the process says to its caller when it ends.
package enum ExitStatus: Int32, Sendable {
  /// There is an answer.
  case found = 0
  /// The question was fine, and nothing answers it.
  case nothingFound = 1
  /// The command line does not say what to do.
  case usage = 2
  /// Something that was read is not what it should be.
  case badInput = 3
  /// The store could not do it.
  case storeError = 4
  /// Stopped by Ctrl-C, as a shell reports it.
  case interrupted = 130
}

/// Why a command ends without its answer: one line for people and a status for programs.
package struct CommandFailure: Error, CustomStringConvertible {
  /// The status of the process.
  package var status: ExitStatus
  /// One line that names the input and the way out; empty where all has been said.
  package var message: String

  /// Takes the status and the line.
  package init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  package var description: String { message }

  /// Ends with a status after everything has been said.
  package static func silent(_ status: ExitStatus) -> CommandFailure { CommandFailure(status, "") }
}

/// Reads a node id of the command line.
package func parseNode(_ text: String) throws -> NodeID {
  do { return try NodeID(text) } catch {
    throw CommandFailure(.usage, "\"\(text.onOneLine)\": \(error)")
  }
}

/// Reads an inventory type of the command line; `Application` is short for `AWS:Application`.
package func parseType(_ text: String) throws -> TypeName {
  if !text.contains(":"), let type = try? TypeName("AWS:" + text) { return type }
  do { return try TypeName(text) } catch {
    throw CommandFailure(
      .usage,
      "type \"\(text.onOneLine)\": \(error)" + didYouMean(text, among: TypeDefinition.spellings))
  }
}
