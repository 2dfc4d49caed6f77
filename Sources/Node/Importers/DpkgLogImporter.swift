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

  /// Reads logs, plain or packed, given in any order.
  ///
  /// A file that cannot be read or unpacked, or is no log of dpkg, is one of the
  /// ``PackageHistory/failures``, or a ``CollectorError`` that names it where it is the only one. Lines
  /// that do not parse, and whatever does not fit the present state, become warnings.
  ///
  /// - Parameters:
  ///   - paths: the files `dpkg.log`, `dpkg.log.1`, `dpkg.log.2.gz`, …
  ///   - current: the packages installed now, from ``ApplicationCollector``.
  ///   - capturedAt: when `current` was collected; later lines are left out.
  public func history(
    paths: [String], current: [Item], capturedAt: Instant
  ) throws -> PackageHistory {
    let log = try PackageLog<DpkgLogLine>(
      paths: paths, timeZone: timeZone, capturedAt: capturedAt)
    var architectures = DpkgArchitectures(current)
    log.forEachEvent { if let package = $0.package { architectures.add(package) } }
    var replay = DpkgLogReplay()
    let reading = log.read { event, moment in
      let package = event.package.map(architectures.resolved)
      replay.take(package.map(event.of) ?? event, at: moment)
    }
    replay.finish()
    return PackageHistory(
      of: .dpkgLog, tracks: replay.tracks.map { ($0.package, $0.track) }, current: current,
      capturedAt: capturedAt, reading: reading)
  }
}
