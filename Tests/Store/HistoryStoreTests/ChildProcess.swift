import CrashSupport
import Foundation
import Glibc
import HistoryStore
import Inventory
import Testing

/// A folder that lives as long as the value.
final class ScratchFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/stocktake-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The seed of a test's random numbers: a new one, or that of STOCKTAKE_SEED; printed.
func testSeed(_ what: String) -> UInt64 {
  let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
  let seed = given ?? UInt64.random(in: 0 ... .max)
  print("\(what): seed \(seed); STOCKTAKE_SEED repeats it")
  return seed
}

/// How often something is tried: more with `STOCKTAKE_TORTURE=1`, as `make torture` sets it.
func longForm(_ short: Int, _ long: Int) -> Int {
  ProcessInfo.processInfo.environment["STOCKTAKE_TORTURE"] == nil ? short : long
}

/// The `crash-writer` beside the test bundle, running.
final class ChildProcess {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var rest = Data()

  /// How it ended.
  struct End {
    var lines: [String]
    var status: Int32
    var wasKilled: Bool

    func numbers(_ word: String) -> [Int] {
      lines.compactMap { $0.hasPrefix(word + " ") ? Int($0.dropFirst(word.count + 1)) : nil }
    }

    func value(_ word: String) -> String? {
      lines.last { $0.hasPrefix(word + " ") }.map { String($0.dropFirst(word.count + 1)) }
    }
  }

  init(_ arguments: [String], _ variables: [String: String] = [:]) throws {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
    process.executableURL = folder.appendingPathComponent("crash-writer")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  /// Gives the child a line to read.
  func say(_ line: String) throws {
    try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
  }

  /// Tells the child that no line follows.
  func hangUp() throws { try input.fileHandleForWriting.close() }

  /// The next line; nil when the child has ended.
  func line() -> String? {
    while true {
      if let end = rest.firstIndex(of: 10) {
        let line = String(decoding: rest[rest.startIndex..<end], as: UTF8.self)
        rest = Data(rest[(end + 1)...])
        return line
      }
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { return nil }
      rest += more
    }
  }

  func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

  /// Reads to the end.
  func end(after lines: [String] = []) -> End {
    var lines = lines
    while let line = line() { lines.append(line) }
    process.waitUntilExit()
    return End(
      lines: lines, status: process.terminationStatus,
      wasKilled: process.terminationReason == .uncaughtSignal)
  }

  static func run(_ arguments: [String], _ variables: [String: String] = [:]) throws -> End {
    try ChildProcess(arguments, variables).end()
  }
}

/// Whether a numbered report is in a store: in full, or not at all; anything else is an issue.
func isStored(_ report: NumberedReport, in store: HistoryStore) throws -> Bool {
  var found = 0
  for name in NumberedReport.types {
    let state: InventoryState
    do {
      state = try store.state(
        of: report.node(), type: try TypeName(name), at: report.time)
    } catch let error as StoreError where error.code == .unknownName { continue }
    guard state.observedAt == report.time else { continue }
    found += 1
    let expected = report.items(name)
    let isSame =
      Set(state.items) == Set(expected) && state.items.count == expected.count
    #expect(isSame, "report \(report.number), \(name), seed \(report.seed)")
  }
  #expect(
    found == 0 || found == NumberedReport.types.count,
    "report \(report.number) is there in part, seed \(report.seed)")
  return found > 0
}

/// Expects all of a report or nothing of it while somebody writes: all types in one transaction.
func expectWholeOrAbsent(_ report: NumberedReport, in store: HistoryStore) throws {
  do {
    let states = try store.diff(of: report.node(), from: report.time, to: report.time)
    let found = states.count { $0.right.observedAt == report.time }
    #expect(
      found == 0 || found == NumberedReport.types.count,
      "report \(report.number) is there in part, seed \(report.seed)")
  } catch let error as StoreError where error.code == .unknownName {}
}
