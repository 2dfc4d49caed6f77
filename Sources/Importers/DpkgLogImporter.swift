import Collectors
public import Foundation
public import Inventory

/// Works out the past of a machine's packages from dpkg's logs and from what is installed now.
///
/// A log line gives the time of the machine's own clock without saying how far that is from UTC.
/// Hence the time zone, in which the hour that a clock change repeats is read so that time does not
/// go back from one line to the next.
public struct DpkgLogImporter: Sendable {
  /// The time zone of the machine that wrote the logs.
  public let timeZone: TimeZone

  /// Takes the time zone of the machine that wrote the logs, by default that of this one.
  public init(timeZone: TimeZone = .current) { self.timeZone = timeZone }

  /// Reads logs, plain or packed by gzip, given in any order.
  ///
  /// Throws a ``CollectorError`` that names the file where one cannot be read or unpacked. Lines
  /// that do not parse, and whatever does not fit the present state, become warnings.
  ///
  /// - Parameters:
  ///   - paths: the files `dpkg.log`, `dpkg.log.1`, `dpkg.log.2.gz`, …
  ///   - current: the packages installed now, from ``ApplicationCollector``.
  ///   - capturedAt: when `current` was collected; later lines are left out.
  public func history(
    paths: [String], current: [Item], capturedAt: Instant
  ) throws -> PackageHistory {
    var replay = DpkgLogReplay()
    let reading = try readPackageLog(
      DpkgLogLine.self, paths: paths, timeZone: timeZone, capturedAt: capturedAt,
      timeOf: DpkgLogLine.time
    ) { replay.take($0, at: $1) }
    return PackageHistory(
      of: .dpkgLog, tracks: replay.tracks.map { ($0.package, $0.track) }, current: current,
      capturedAt: capturedAt, reading: reading)
  }
}
