package import Inventory
import Logging
import ServiceLifecycle
import Synchronization

/// How the store is checked while the server runs, and what the last check found.
///
/// The check itself runs in a process of its own, for a damaged page may end the one that reads it. This
/// decides when, and remembers the result.
package final class StoreCheck: Sendable {
  /// What a check found.
  package struct Report: Sendable {
    /// The kinds of ends.
    package enum Outcome: Sendable, Equatable {
      /// Every row is as it was written.
      case sound
      /// The first of what is wrong, and how many there are.
      case damaged([String], count: Int)
      /// It did not come to an end, and says nothing of the store.
      case unfinished(String)
    }

    package var finished: Instant
    package var milliseconds: Int64
    package var outcome: Outcome
    /// Records of the log that were read.
    package var records: Int
    /// Rows of tables that were read.
    package var rows: Int

    package init(
      finished: Instant, milliseconds: Int64, outcome: Outcome, records: Int = 0, rows: Int = 0
    ) {
      self.finished = finished
      self.milliseconds = milliseconds
      self.outcome = outcome
      self.records = records
      self.rows = rows
    }
  }

  private let report: Mutex<Report?>
  private let due: @Sendable (Instant?) -> Instant?
  private let run: @Sendable () async -> Report

  /// Makes the keeper of checks.
  ///
  /// - Parameters:
  ///   - last: what is known from before this start.
  ///   - due: when the next check is to begin, told when the last one ended; nil for never.
  ///   - run: checks the store.
  package init(
    last: Report?, due: @escaping @Sendable (Instant?) -> Instant?,
    run: @escaping @Sendable () async -> Report
  ) {
    report = Mutex(last)
    self.due = due
    self.run = run
  }

  /// What the last check found; nil before the first.
  var last: Report? { report.withLock { $0 } }

  /// When the next check is to begin.
  func nextDue() -> Instant? { due(last?.finished) }

  /// Checks now, and remembers what it found.
  func check() async -> Report {
    let new = await run()
    report.withLock { $0 = new }
    return new
  }
}

extension StoreCheck.Report {
  /// One line for people.
  var line: String {
    let words =
      switch outcome {
      case .sound: "sound"
      case .damaged(let problems, let count):
        "damaged, \(count) of it: \(problems.first ?? "it cannot be read")"
      case .unfinished(let reason): "not finished: \(reason)"
      }
    return "last check \(finished): \(words)"
  }
}

/// Looks after the store's file while the server runs: readers that died or hang, and checks.
struct StoreCare: Service {
  let watch: StoreWatch
  let check: StoreCheck?
  let now: @Sendable () -> Instant
  let logger: Logger

  /// Seconds between two looks; a look costs some 20 µs.
  static let secondsBetweenLooks = 60

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await watchReaders() }
        if let check { group.addTask { try await keepChecking(check) } }
        try await group.waitForAll()
      }
    }
  }

  private func watchReaders() async throws {
    while true {
      try await Task.sleep(for: .seconds(Self.secondsBetweenLooks))
      watch.look()
    }
  }

  private func keepChecking(_ check: StoreCheck) async throws {
    while let due = check.nextDue() {
      // In short steps, for the system's clock may be set meanwhile.
      let wait = due.seconds - now().seconds
      guard wait <= 0 else {
        try await Task.sleep(for: .seconds(min(wait, 60)))
        continue
      }
      let report = await check.check()
      try Task.checkCancellation()
      let facts: Logger.Metadata = [
        "milliseconds": "\(report.milliseconds)", "records": "\(report.records)",
        "rows": "\(report.rows)",
      ]
      switch report.outcome {
      case .sound: logger.notice("the store is sound", metadata: facts)
      case .damaged(let problems, let count):
        logger.critical(
          "the store is damaged: see stocktake verify, and keep the last backup",
          metadata: facts.merging(["problems": "\(count)", "first": "\(problems.first ?? "")"]) {
            $1
          })
      case .unfinished(let reason):
        logger.error("the check of the store did not end", metadata: ["reason": "\(reason)"])
      }
    }
  }
}
