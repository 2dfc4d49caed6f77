import Collectors
public import Foundation
public import Inventory

/// Works out the past of a machine's rpm packages from the logs and histories of dnf and yum, and from
/// what is installed now.
///
/// rpm's own database has when each present package was installed and nothing of those that are
/// gone, so that it tells no past state. `dnf.rpm.log` tells each coming and going with its second,
/// `history.sqlite` which transaction it belongs to, and who wanted it and why.
public struct RpmImporter: Sendable {
  /// `Custom:DnfTransaction`.
  public static let transactionType = TypeName(stored: "Custom:DnfTransaction")

  /// The time zone of lines that have none; today's dnf writes the offset.
  public let timeZone: TimeZone
  /// When the last line of a log of yum was written, which has no years; nil for when its file was.
  public let time: Instant?

  /// Takes the time zone of lines that have none, and when a log without years ends.
  public init(timeZone: TimeZone = .current, at time: Instant? = nil) {
    self.timeZone = timeZone
    self.time = time
  }

  /// Reads logs, plain or packed, and databases of dnf's history, given in any order.
  ///
  /// Which a file is, its first bytes tell. A file that cannot be read or unpacked, or is none of these,
  /// is one of the ``PackageHistory/failures``, or a ``CollectorError`` that names it where it is the
  /// only one. Lines that do not parse, and whatever does not fit the present state, become warnings.
  ///
  /// - Parameters:
  ///   - paths: the files `dnf.rpm.log`, `dnf.rpm.log.1`, …, `yum.log`, `history.sqlite`,
  ///     `transaction_history.sqlite`.
  ///   - current: the packages installed now, as items of `AWS:Application` with `Release` and
  ///     `Epoch`. Nil where they are not known: then packages that nothing names are in no observation.
  ///   - capturedAt: when `current` was collected; later lines and transactions are left out.
  public func history(
    paths: [String], current: [Item]?, capturedAt: Instant
  ) throws -> PackageHistory {
    try packages(of: sources(paths, capturedAt), current: current, capturedAt: capturedAt)
  }

  /// The same in the form of all importers, and with it each transaction of a history of dnf as an
  /// item of `Custom:DnfTransaction`.
  public func imported(
    paths: [String], current: [Item]?, capturedAt: Instant, node: NodeID
  ) throws -> ImportedHistory {
    let sources = try sources(paths, capturedAt)
    var history = try packages(of: sources, current: current, capturedAt: capturedAt)
      .imported(node: node)
    let ended = sources.transactions.compactMap { transaction in
      transaction.end.flatMap { end in
        transaction.item.map { LoggedTransaction(start: transaction.start, end: end, item: $0) }
      }
    }
    let list = TransactionList(of: .rpm, type: Self.transactionType, transactions: ended)
    history.reports = .merging(history.reports, list.reports(node: node))
    return history
  }

  private func sources(_ paths: [String], _ capturedAt: Instant) throws -> RpmSources {
    if time != nil, !paths.contains(where: YumLog.isLog) {
      throw CollectorError(
        "--at is for a log of yum, whose lines have no year; \(paths.joined(separator: ", ")): the times"
          + " of these are their own")
    }
    var sources = RpmSources()
    var logs: [String] = []
    let paths = Set(paths).sorted()
    for path in paths {
      guard DnfHistory.isDatabase(path) else {
        logs.append(path)
        continue
      }
      do throws(CollectorError) { try sources.add(path, capturedAt: capturedAt) } catch {
        if paths.count == 1 { throw error }
        sources.failures.append(error.message)
      }
    }
    sources.finish()
    guard !logs.isEmpty else { return sources }
    let yum = YumLog(timeZone: timeZone, time: time, now: capturedAt)
    do throws(CollectorError) {
      let log = try PackageLog<RpmLogLine>(
        paths: logs, timeZone: timeZone, capturedAt: capturedAt
      ) { bytes, path throws(CollectorError) in try yum.withYears(bytes, path) }
      sources.log = log.read { sources.lines.append(RpmEvent(event: $0, moment: $1)) }
    } catch {
      if logs.count == paths.count { throw error }
      sources.failures.append(error.message)
    }
    return sources
  }

  private func packages(
    of sources: RpmSources, current: [Item]?, capturedAt: Instant
  ) throws -> PackageHistory {
    var replay = RpmLogReplay()
    for event in sources.events { replay.take(event.event, at: event.moment) }
    var history = PackageHistory(
      of: current == nil ? .rpmAlone : .rpm, tracks: replay.tracks, current: current,
      capturedAt: capturedAt, reading: sources.reading)
    history.warnAloneIfOlder(replay.tracks.map(\.1), current)
    return history
  }
}
