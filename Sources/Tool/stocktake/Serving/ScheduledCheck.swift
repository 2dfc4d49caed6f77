import Dispatch
import Files
import Glibc
import HistoryStore
import Inventory
import JSONTape
import PlainText
import Schedules
import Server
import Synchronization
import Terminal

/// Checks the store that is served, by schedule: `verify --quick` in a process of its own, which has the
/// processor and the disk when nobody else wants them.
struct ScheduledCheck: Sendable {
  /// The file in the store's directory that keeps what the last check found over restarts.
  static let fileName = "last-check"
  /// Daily, where nothing else is set.
  static let schedule = "rate(1 day)"

  /// Seconds that a check may take; its reader keeps old pages from being used again.
  private static let secondsMax = 6 * 3600
  /// Problems that are remembered; the log and `verify` itself tell all.
  private static let problemsMax = 10
  /// Bytes of what the process says, and of the file.
  private static let bytesMax = 1 << 20

  private let directory: String

  /// Makes the keeper of checks of a store in a directory; nil where the schedule is `none`.
  static func make(
    _ directory: String, _ store: HistoryStore, schedule text: String
  ) throws -> StoreCheck? {
    if text == "none" { return nil }
    guard let schedule = Schedule(text) else {
      throw CommandFailure(
        .usage,
        "setting checkSchedule is rate(1 day), cron(0 2 ? * SUN *) or none, not "
          + "\"\(text.onOneLine)\"")
    }
    let check = ScheduledCheck(directory: directory)
    let start = store.now
    let known = check.remembered()
    // A store that was never checked, or was damaged when it was, is checked at once, unless it is new.
    let isNew = try store.lastSequence.value == 0
    return StoreCheck(
      last: known,
      due: { last in
        if let last, last != known?.finished || known?.outcome == .sound {
          return schedule.next(after: last)
        }
        return isNew ? schedule.next(after: start) : start
      },
      run: { await check.run(store) })
  }

  private func run(_ store: HistoryStore) async -> StoreCheck.Report {
    let begin = ContinuousClock.now
    let child = CheckProcess()
    let end = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // It waits for a process: none of the threads that run tasks does.
        DispatchQueue(label: "stocktake.check").async {
          continuation.resume(
            returning: child.run(
              ["verify", "--quick", "--in-process", "--format", "ndjson", "--store", directory],
              secondsMax: Self.secondsMax, bytesMax: Self.bytesMax))
        }
      }
    } onCancel: {
      child.stop()
    }
    let elapsed = (ContinuousClock.now - begin).components
    var report = Self.report(end)
    report.finished = store.now
    report.milliseconds = elapsed.seconds * 1000 + elapsed.attoseconds / 1_000_000_000_000_000
    remember(report)
    return report
  }

  private static func report(_ end: CheckProcess.End) -> StoreCheck.Report {
    var report = StoreCheck.Report(
      finished: .distantPast, milliseconds: 0, outcome: .unfinished(end.words))
    if case .signalled(let signal) = end.ending, ChildProcess.crashes.contains(signal) {
      report.outcome = .damaged(["reading the file crashed (signal \(signal))"], count: 1)
      return report
    }
    let line = end.words.split(separator: "\n").last { $0.hasPrefix("{") }
    guard let line, let answer = try? JSONValue(parsing: Array(line.utf8)),
      case .bool(let isSound)? = answer["sound"]
    else { return report }
    let problems = (answer["problems"]?.elements ?? []).compactMap(\.text)
    report.outcome =
      isSound ? .sound : .damaged(Array(problems.prefix(problemsMax)), count: problems.count)
    report.records = RemoteServer.count(answer, "records")
    report.rows = RemoteServer.count(answer, "rows")
    return report
  }

  /// Keeps what a check found for the next start.
  private func remember(_ report: StoreCheck.Report) {
    // A check that did not end is due again at the next start.
    if case .unfinished = report.outcome { return }
    var members: [JSONValue.Member] = [
      .init("finished", .string(report.finished.description)),
      .init("milliseconds", .count(Int(report.milliseconds))),
      .init("records", .count(report.records)), .init("rows", .count(report.rows)),
      .init("sound", .bool(report.outcome == .sound)),
    ]
    if case .damaged(let problems, let count) = report.outcome {
      members.append(.init("problemCount", .count(count)))
      members.append(.init("problems", .array(problems.map { .string($0) })))
    }
    do throws(FileError) {
      try Files.replace(
        directory + "/" + Self.fileName,
        with: Array((JSONValue.object(members).compact + "\n").utf8))
    } catch { complain("\(error)") }
  }

  private func remembered() -> StoreCheck.Report? {
    guard
      let bytes = try? Files.read(directory + "/" + Self.fileName, bytesMax: Self.bytesMax),
      let answer = try? JSONValue(parsing: bytes),
      let finished = answer["finished"]?.text.flatMap(Instant.init(captureTime:)),
      case .bool(let isSound)? = answer["sound"]
    else { return nil }
    let problems = (answer["problems"]?.elements ?? []).compactMap(\.text)
    return StoreCheck.Report(
      finished: finished, milliseconds: Int64(RemoteServer.count(answer, "milliseconds")),
      outcome: isSound
        ? .sound : .damaged(problems, count: RemoteServer.count(answer, "problemCount")),
      records: RemoteServer.count(answer, "records"), rows: RemoteServer.count(answer, "rows"))
  }
}
