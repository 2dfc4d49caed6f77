import FleetModel
import Foundation

/// A fleet that another process makes up, so that its memory is not taken for the store's.
final class GrowthFleet {
  /// Where the reports come from, one a line.
  var requestsFile: String { "/dev/fd/\(reports.fileHandleForReading.fileDescriptor)" }
  /// Where the questions are, once all reports are read.
  let queriesFile: String

  /// This very program.
  static var program: URL { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath() }

  private let process = Process()
  private let reports = Pipe()

  init(_ shape: FleetShape, questionCount: Int) throws {
    queriesFile =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("stocktake-bench-\(UUID().uuidString).json").path
    process.executableURL = Self.program
    process.arguments = [
      "fleet", "--nodes", "\(shape.nodeCount)", "--days", "\(shape.dayCount)",
      "--items", "\(shape.itemCount)", "--seed", "\(shape.seed)", "--requests", "-",
      "--queries", queriesFile, "--questions", "\(questionCount)",
    ]
    process.standardOutput = reports
    process.standardError = FileHandle.nullDevice
    try process.run()
    // The other end is the child's alone, so that reading ends when the child does.
    try reports.fileHandleForWriting.close()
  }

  deinit {
    if process.isRunning { process.terminate() }
    try? FileManager.default.removeItem(atPath: queriesFile)
  }

  /// Waits until all is written.
  func finish() throws {
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure("the fleet was not made up") }
  }
}
