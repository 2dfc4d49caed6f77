/// What a client needs of the program that it is a part of.
package struct ClientHost: Sendable {
  /// Whether the program was asked to stop, so that nothing is tried again.
  package var isStopped: @Sendable () -> Bool
  /// Runs a program with its arguments, in this process's environment and folder, and gives what it printed.
  ///
  /// It is killed after 60 seconds or 64 KiB.
  package var output: @Sendable (_ path: String, _ arguments: [String]) throws -> [UInt8]

  /// Takes both.
  package init(
    isStopped: @escaping @Sendable () -> Bool,
    output: @escaping @Sendable (_ path: String, _ arguments: [String]) throws -> [UInt8]
  ) {
    self.isStopped = isStopped
    self.output = output
  }
}
