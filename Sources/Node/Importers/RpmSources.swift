import Collectors
import Inventory

/// What became of a package, and when.
struct RpmEvent: Sendable {
  var event: RpmLogLine.Event
  var moment: LogMoment

  /// When it happened, at the latest.
  var instant: Instant { moment.instant }
}

/// What logs and histories of dnf tell together.
///
/// The history has every transaction with its beginning and end, also those that were not run by dnf's
/// command; the log has the second of each package in it, and what was before the history or is missing
/// in it. So a package of a transaction has the time that a line within the transaction has, else the
/// transaction's end; and lines within transactions say nothing else.
struct RpmSources: Sendable {
  /// In the order of their ends.
  private(set) var transactions: [DnfTransaction] = []
  /// The lines of the log.
  var lines: [RpmEvent] = []
  /// What reading the log gave.
  var log = PackageLogReading()
  /// Files that say nothing; one sentence each.
  var failures: [String] = []
  private var warnings = Warnings()
  private var recordCount = 0
  /// The numbers and times of the transactions that were read.
  private var known: Set<[Int64]> = []

  /// Reads a database of dnf's history.
  ///
  /// A copy of a database has the same transactions by the same numbers and times.
  mutating func add(_ path: String, capturedAt: Instant) throws(CollectorError) {
    var lateCount = 0
    var endless: [Int64] = []
    for transaction in try DnfHistory.transactions(inFileAt: path, warnings: &warnings) {
      guard known.insert([transaction.id, transaction.start.seconds]).inserted else { continue }
      recordCount += 1 + transaction.steps.count
      guard let end = transaction.end else {
        endless.append(transaction.id)
        continue
      }
      guard end <= capturedAt else {
        lateCount += 1
        continue
      }
      transactions.append(transaction)
    }
    for id in endless {
      warnings.add("\(path): transaction \(id) never came to its end and is left out")
    }
    if lateCount > 0 {
      warnings.add(
        "\(path): transactions left out because they are later than the present state of"
          + " \(capturedAt): \(lateCount)")
    }
  }

  /// Puts the transactions in their order, when all were read.
  mutating func finish() {
    transactions.sort { ($0.end ?? $0.start, $0.id) < ($1.end ?? $1.start, $1.id) }
  }

  /// What reading all of it gave.
  var reading: PackageLogReading {
    var reading = log
    let first = events.first?.instant
    reading.firstLine = [log.firstLine, first].compactMap { $0 }.min()
    // What is missing in the log is in the history.
    if let known = reading.knownFrom, let start = transactions.first?.start, start < known {
      reading.knownFrom = nil
    }
    reading.lineCount += recordCount
    reading.warnings += warnings.sentences
    reading.failures += failures
    return reading
  }

  /// All that happened, in the order of time.
  var events: [RpmEvent] {
    guard !transactions.isEmpty else { return lines }
    var events = lines.filter { transaction(at: $0.instant) == nil }
    var times: [RpmLogPackage: [LogMoment]] = [:]
    for line in lines where line.moment.isSure {
      if let package = line.event.package { times[package, default: []].append(line.moment) }
    }
    for transaction in transactions {
      let end = transaction.end ?? transaction.start
      for event in transaction.events {
        let logged = event.package.flatMap { times[$0] }?.first {
          $0.instant >= transaction.start && $0.instant <= end
        }
        events.append(
          RpmEvent(event: event, moment: logged ?? LogMoment(instant: end, isSure: true)))
      }
    }
    return events.enumerated().sorted {
      ($0.element.instant, $0.offset) < ($1.element.instant, $1.offset)
    }.map(\.element)
  }

  /// The transaction that ran then; nil where none did.
  private func transaction(at instant: Instant) -> DnfTransaction? {
    // The first that ended then or later: they run one after the other.
    var (low, high) = (0, transactions.count)
    while low < high {
      let middle = (low + high) / 2
      if transactions[middle].end ?? .distantPast < instant {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < transactions.count, transactions[low].start <= instant else { return nil }
    return transactions[low]
  }
}
