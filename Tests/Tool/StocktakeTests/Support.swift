import Foundation
import Testing

/// What a run of the program left behind.
struct Run {
  var status: Int32
  var output: String
  var errors: String

  /// The output as JSON.
  func json() throws -> Any {
    try JSONSerialization.jsonObject(with: Data(output.utf8), options: [.fragmentsAllowed])
  }

  /// The output as a list of JSON objects.
  func objects() throws -> [[String: Any]] {
    try #require(try json() as? [[String: Any]])
  }

  /// The lines of the output.
  var lines: [String] { output.split(separator: "\n").map(String.init) }
}

/// A directory of its own with a store in it, and the built program to ask it.
final class Bench {
  let directory: String
  var environment = ["TZ": "Europe/Berlin", "PATH": "/usr/bin:/bin"]
  let program: String

  init() throws {
    // The program lies beside the tests' own, wherever the build put both.
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let beside = URL(fileURLWithPath: tests).deletingLastPathComponent().path
    let fromArgument = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    program = try #require(
      [beside, fromArgument.path].map { $0 + "/stocktake" }.first {
        FileManager.default.isExecutableFile(atPath: $0)
      })
    directory =
      FileManager.default.temporaryDirectory.path + "/stocktake-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    environment["STOCKTAKE_STORE"] = directory + "/store"
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// Writes a file into the directory and gives its path.
  func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let path = directory + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Writes a text into the directory and gives its path.
  func file(_ name: String, _ text: String) throws -> String { try file(name, text.utf8) }

  /// Starts the program; its output goes to files, so that no pipe can fill up.
  func start(_ arguments: [String], input: String? = nil) throws -> (Process, () throws -> Run) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = environment
    let id = UUID().uuidString
    let output = try file("\(id).out", "")
    let errors = try file("\(id).err", "")
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
    let source = try input.map { try file("\(id).in", $0) } ?? "/dev/null"
    process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: source))
    try process.run()
    return (
      process,
      {
        // A program that hangs must not take the tests with it.
        let latest = Date().addingTimeInterval(120)
        while process.isRunning, Date() < latest { usleep(2000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return Run(
          status: process.terminationStatus,
          output: try String(contentsOfFile: output, encoding: .utf8),
          errors: try String(contentsOfFile: errors, encoding: .utf8))
      }
    )
  }

  /// Runs the program to its end.
  func run(_ arguments: String..., input: String? = nil) throws -> Run {
    try start(arguments, input: input).1()
  }

  /// Runs the program with a list of arguments.
  func run(_ arguments: [String]) throws -> Run { try start(arguments).1() }

  /// A report of applications as a line of JSON.
  static func report(_ node: String, _ time: String, _ versions: [String: String]) -> String {
    let items = versions.sorted { $0.key < $1.key }.map {
      #"{"Name":"\#($0.key)","Version":"\#($0.value)","Architecture":"x86_64"}"#
    }
    return #"{"InstanceId":"\#(node)","Items":[{"TypeName":"AWS:Application","#
      + #""SchemaVersion":"1.1","CaptureTime":"\#(time)","Content":[\#(items.joined(separator: ","))]}]}"#
  }

  /// A small fleet with a past.
  func fill() throws {
    let lines = [
      Self.report("web-1", "2026-03-01T00:00:00Z", ["bash": "5.1", "openssl": "3.0.1"]),
      Self.report("web-2", "2026-03-01T00:00:00Z", ["bash": "5.1", "openssl": "3.0.1"]),
      Self.report("web-1", "2026-03-02T00:00:00Z", ["bash": "5.1", "openssl": "3.0.2"]),
      Self.report("web-1", "2026-03-03T00:00:00Z", ["curl": "8.0", "openssl": "3.0.2"]),
    ]
    let run = try run(
      "ingest", try file("fill.jsonl", lines.joined(separator: "\n")), "--format", "json")
    try #require(run.status == 0, "\(run.errors)")
  }
}
