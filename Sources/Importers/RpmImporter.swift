import Collectors
public import Foundation
public import Inventory

/// Works out the past of a machine's rpm packages from dnf's logs and history, and from what is
/// installed now.
///
/// rpm's own database has when each present package was installed and nothing of those that are
/// gone, so that it tells no past state. `dnf.rpm.log` tells each coming and going with its second,
/// `history.sqlite` which transaction it belongs to, and who wanted it and why.
public struct RpmImporter: Sendable {
  /// `Custom:DnfTransaction`.
  public static let transactionType = TypeName(stored: "Custom:DnfTransaction")

  /// The time zone of lines that have none; today's dnf writes the offset.
  public let timeZone: TimeZone

  /// Takes the time zone of lines that have none.
  public init(timeZone: TimeZone = .current) { self.timeZone = timeZone }

  /// Reads logs, plain or packed by gzip, and databases of dnf's history, given in any order.
  ///
  /// Which a file is, its first bytes tell. Throws a ``CollectorError`` that names the file where one
  /// cannot be read or unpacked. Lines that do not parse, and whatever does not fit the present state,
  /// become warnings.
  ///
  /// - Parameters:
  ///   - paths: the files `dnf.rpm.log`, `dnf.rpm.log.1`, …, `history.sqlite`.
  ///   - current: the packages installed now, as items of `AWS:Application` with `Release` and
  ///     `Epoch`.
  ///   - capturedAt: when `current` was collected; later lines and transactions are left out.
  public func history(
    paths: [String], current: [Item], capturedAt: Instant
  ) throws -> PackageHistory {
    try packages(of: sources(paths, capturedAt), current: current, capturedAt: capturedAt)
  }

  /// The same in the form of all importers, and with it each transaction of a history of dnf as an
  /// item of `Custom:DnfTransaction`.
  public func imported(
    paths: [String], current: [Item], capturedAt: Instant, node: NodeID
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
    var sources = RpmSources()
    var logs: [String] = []
    for path in Set(paths).sorted() {
      if DnfHistory.isDatabase(path) {
        try sources.add(path, capturedAt: capturedAt)
      } else {
        logs.append(path)
      }
    }
    sources.finish()
    guard !logs.isEmpty else { return sources }
    sources.log = try readPackageLog(
      RpmLogLine.self, paths: logs, timeZone: timeZone, capturedAt: capturedAt,
      timeOf: RpmLogLine.time
    ) { sources.lines.append(RpmEvent(event: $0, instant: $1)) }
    return sources
  }

  private func packages(
    of sources: RpmSources, current: [Item], capturedAt: Instant
  ) throws -> PackageHistory {
    var replay = RpmLogReplay()
    for event in sources.events { replay.take(event.event, at: event.instant) }
    return PackageHistory(
      of: .rpm, tracks: replay.tracks, current: current, capturedAt: capturedAt,
      reading: sources.reading)
  }
}
