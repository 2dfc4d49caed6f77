import AWSClient
import Collectors
import Foundation
import Terminal

extension ClientHost {
  /// A program may go and ask somewhere for keys; nobody waits for longer.
  private static let secondsMax = 60.0
  private static let outputBytesMax = 1 << 16

  /// Ctrl-C stops it, and programs are run as those of collectors are.
  static let thisProgram = ClientHost(
    isStopped: { Interruption.isRequested },
    output: { path, arguments in
      var tool = Tool(
        path: path, arguments: arguments,
        limits: .init(secondsMax: secondsMax, outputBytesMax: outputBytesMax))
      tool.environment = ProcessInfo.processInfo.environment
      tool.folder = FileManager.default.currentDirectoryPath
      return try tool.output()
    })
}
