import CrashSupport
import Glibc
import HistoryStore
import Inventory
import LMDB

/// Writes numbered reports until it is killed, or looks at a store that may be damaged.
///
/// `write DIR SEED FROM COUNT sync|async|one` · `check DIR` · `open DIR` · `hold DIR COUNT` · `act DIR` (acts by
/// name and number, a line each, from standard input). Exit statuses: 0 sound, 1 problems, 4 a store error, 2
/// anything else.
@main struct CrashWriter {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      switch arguments.first {
      case "write": try await write(arguments)
      case "check": try check(arguments[1])
      case "open": try open(arguments[1])
      case "act": try act(arguments[1])
      case "hold": try hold(arguments[1], Int(arguments[2]) ?? 1)
      default: exit(2)
      }
    } catch let error as StoreError {
      say("ERROR \(error.code.rawValue) \(error)")
      exit(4)
    } catch {
      say("ERROR \(error)")
      exit(2)
    }
  }

  /// One line, in one system call, so that a kill cuts no line.
  static func say(_ line: String) {
    recordLine(line)
    let bytes = Array((line + "\n").utf8)
    _ = Glibc.write(1, bytes, bytes.count)
  }

  private static func write(_ arguments: [String]) async throws {
    guard arguments.count == 6, let seed = UInt64(arguments[2]), let from = Int(arguments[3]),
      let count = Int(arguments[4])
    else { exit(2) }
    let choices = Choices()
    fault = choices.fault
    var configuration = HistoryStore.Configuration()
    configuration.mapSize = choices.mapSize ?? configuration.mapSize
    if let tick = choices.killAtTick {
      // The clock is read inside a transaction, at each record.
      configuration.clock = {
        ticks += 1
        if isArmed && ticks == tick { dieNow() }
        return HistoryStore.systemClock()
      }
    }
    let store = try HistoryStore(path: arguments[1], configuration: configuration)
    say("OPEN")
    ticks = 0
    isArmed = true
    switch arguments[5] {
    case "async": try await writeConcurrently(store, seed, from..<(from + count))
    case "one": try writeInBatches(store, seed, from..<(from + count), sizeMax: 1, choices)
    default: try writeInBatches(store, seed, from..<(from + count), sizeMax: 4, choices)
    }
    say("DONE \(callCount)")
  }

  private static func writeInBatches(
    _ store: HistoryStore, _ seed: UInt64, _ numbers: Range<Int>, sizeMax: Int,
    _ choices: Choices
  ) throws {
    var next = numbers.lowerBound
    var commits = 0
    var failures = 0
    while next < numbers.upperBound {
      let batch = next..<min(next + 1 + next % sizeMax, numbers.upperBound)
      let reports = try batch.map { try NumberedReport(number: $0, seed: seed).report() }
      do {
        for result in try store.record(reports) { _ = try result.get() }
      } catch let error as StoreError {
        // A refused commit leaves nothing; the next try must do.
        say("REFUSED \(error.code.rawValue)")
        failures += 1
        guard failures < 3 else { throw error }
        continue
      }
      commits += 1
      if choices.killAfterCommit == commits { dieNow() }
      for number in batch { say("ACK \(number)") }
      next = batch.upperBound
    }
  }

  private static func writeConcurrently(
    _ store: HistoryStore, _ seed: UInt64, _ numbers: Range<Int>
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var next = numbers.lowerBound
      func add() {
        guard next < numbers.upperBound else { return }
        let number = next
        next += 1
        group.addTask {
          _ = try await store.record(NumberedReport(number: number, seed: seed).report())
          say("ACK \(number)")
        }
      }
      for _ in 0..<16 { add() }
      while try await group.next() != nil { add() }
    }
  }

  /// Verifies a store, then prints digests of everything that it answers.
  private static func check(_ path: String) throws {
    do {
      let store = try HistoryStore(path: path)
      let verification = try store.verify()
      for problem in verification.problems { say("PROBLEM \(problem)") }
      if !verification.isSound { exit(1) }
      say("ANSWERS \(try Answers.digest(of: store))")
    }
    say("ROWS \(try Rows.digest(of: path + "/stocktake.lmdb"))")
  }

  /// Reads the state as it is now, a number of times at once, until it is killed.
  private static func hold(_ path: String, _ count: Int) throws {
    let environment = try Environment(path: path + "/stocktake.lmdb", options: .init())
    func read(_ left: Int) throws {
      guard left > 0 else {
        say("READING")
        while true { pause() }
      }
      let reader = try environment.beginRead()
      try read(left - 1)
      _ = reader.id
    }
    try read(count)
  }

  /// Opens a store, asks it for everything, and writes to it.
  private static func open(_ path: String) throws {
    let store = try HistoryStore(path: path)
    _ = try Answers.digest(of: store)
    let report = try NumberedReport(number: 1_000_000, seed: 1).report()
    for result in try store.record([report]) { _ = try result.get() }
  }
}

/// How many times the clock was read.
nonisolated(unsafe) private var ticks = 0

/// What the parent chose: where this process dies or is refused.
private struct Choices {
  var fault: (call: Int, Fault)?
  var killAtTick: Int?
  var killAfterCommit: Int?
  var mapSize: Int?

  init() {
    func number(_ name: String) -> Int? {
      guard let text = getenv(name) else { return nil }
      return Int(String(cString: text))
    }
    if let call = number("CRASH_BEFORE_CALL") { fault = (call, .killBefore) }
    if let call = number("CRASH_IN_CALL") { fault = (call, .killHalfway) }
    if let call = number("CRASH_AFTER_CALL") { fault = (call, .killAfter) }
    if let call = number("SHORT_CALL") { fault = (call, .short) }
    if let call = number("FAIL_CALL") { fault = (call, .fail(ENOSPC)) }
    killAtTick = number("CRASH_AT_TICK")
    killAfterCommit = number("CRASH_AFTER_COMMIT")
    mapSize = number("MAP_SIZE")
  }
}
