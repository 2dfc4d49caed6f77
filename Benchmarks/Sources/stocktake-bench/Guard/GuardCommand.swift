import ArgumentParser
import FleetModel
import Foundation
import HistoryStore

/// Fails where the store has become much slower, measured against others in the same run.
struct GuardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "guard",
    abstract: "Fail where the store has become twice as slow as it was.",
    discussion: """
      Compares CPU seconds with those of a bare LMDB and of SQLite on the same small fleet, in turns
      in one process, and takes the best of some rounds. Only ratios count, with wide bounds: noise
      does not reach them, a doubling does. The status is 1 where a bound is passed.

        stocktake-bench guard
        stocktake-bench guard --rounds 9

      After a change that makes something faster, set its bound in GuardBound.swift to 1.7 times
      the ratio that this prints.
      """)

  @Option(help: "Rounds of which the best counts.") var rounds = 5

  func validate() throws {
    guard rounds > 0 else { throw ValidationError("--rounds is at least 1") }
  }

  func run() throws {
    let fleet = GuardFleet()
    var best: [GuardFigure: Double] = [:]
    for _ in 0..<rounds {
      for (figure, seconds) in try GuardRound(fleet: fleet).run() {
        best[figure] = min(best[figure] ?? .infinity, seconds)
      }
    }
    var isSlower = false
    for bound in GuardBound.all {
      let ratio = (best[bound.ours] ?? 0) / (best[bound.theirs] ?? 1)
      let verdict = ratio > bound.ratioMax ? "SLOWER" : "ok"
      isSlower = isSlower || ratio > bound.ratioMax
      print(
        bound.title.padding(toLength: 56, withPad: " ", startingAt: 0)
          + "\(decimal(ratio, 3)), at most \(decimal(bound.ratioMax, 3)): \(verdict)")
    }
    if isSlower { throw ExitCode(1) }
  }
}

/// What is measured in a round, in CPU seconds.
enum GuardFigure { case append, load, rival, state, rivalState, who, rivalWho }

/// One round: everything once, on new stores.
struct GuardRound {
  let fleet: GuardFleet

  private static let appended = 100_000
  /// Questions are short; they are asked often enough for the clock of CPU time.
  private static let repetitions = 20

  func run() throws -> [GuardFigure: Double] {
    var seconds: [GuardFigure: Double] = [:]
    seconds[.append] = try BareAppend.run(recordCount: Self.appended).cpu
    let workspace = try Workspace()
    var loader = Loader(store: workspace.store, groupCount: 64)
    for body in fleet.bodies { try loader.take(body) }
    try loader.flush()
    seconds[.load] = loader.usage.cpu
    let rival = try SQLiteStore()
    try rival.define(fleet.catalogue)
    var usage = Usage()
    try usage.measure {
      for start in stride(from: 0, to: fleet.steps.count, by: 64) {
        try rival.store(fleet.steps[start..<min(fleet.steps.count, start + 64)])
      }
    }
    seconds[.rival] = usage.cpu
    (seconds[.state], seconds[.rivalState]) = try compare("asof", workspace.store) { query in
      try rival.state(of: fleet.numbers[query.host ?? ""] ?? -1, at: query.time ?? 0)
    }
    (seconds[.who], seconds[.rivalWho]) = try compare("who", workspace.store) { query in
      try rival.holders(
        of: query.name ?? "", version: query.version ?? "", at: query.time ?? 0)
    }
    return seconds
  }

  private func compare(
    _ kind: String, _ store: HistoryStore, rival: (FleetQuery) throws -> Int
  ) throws -> (ours: Double, theirs: Double) {
    var asking = Asking(questions: Questions(store: store), queries: fleet.queries)
    asking.repetitions = Self.repetitions
    guard let outcome = try asking.ask(kind), outcome.wrong == 0 else {
      throw Failure("wrong answers to questions of kind \(kind)")
    }
    let queries = fleet.queries.filter { $0.q == kind }
    var usage = Usage()
    try usage.measure {
      for _ in 0..<outcome.repetitions {
        for query in queries where try rival(query) != query.count {
          throw Failure("SQLite answers \(query.json) otherwise")
        }
      }
    }
    return (outcome.usage.cpu, usage.cpu)
  }
}
