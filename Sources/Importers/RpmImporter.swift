import Collectors
public import Foundation
public import Inventory

/// Works out the past of a machine's rpm packages from dnf's logs and from what is installed now.
///
/// rpm's own database has when each present package was installed and nothing of those that are
/// gone, so that it tells no past state; `dnf.rpm.log` tells each coming and going.
public struct RpmImporter: Sendable {
  /// The time zone of lines that have none; today's dnf writes the offset.
  public let timeZone: TimeZone

  /// Takes the time zone of lines that have none.
  public init(timeZone: TimeZone = .current) { self.timeZone = timeZone }

  /// Reads logs, plain or packed by gzip, given in any order.
  ///
  /// Throws a ``CollectorError`` that names the file where one cannot be read or unpacked. Lines
  /// that do not parse, and whatever does not fit the present state, become warnings.
  ///
  /// - Parameters:
  ///   - paths: the files `dnf.rpm.log`, `dnf.rpm.log.1`, …
  ///   - current: the packages installed now, as items of `AWS:Application` with `Release` and
  ///     `Epoch`.
  ///   - capturedAt: when `current` was collected; later lines are left out.
  public func history(
    paths: [String], current: [Item], capturedAt: Instant
  ) throws -> PackageHistory {
    var replay = RpmLogReplay()
    let reading = try readPackageLog(
      RpmLogLine.self, paths: paths, timeZone: timeZone, capturedAt: capturedAt,
      timeOf: RpmLogLine.time
    ) { replay.take($0, at: $1) }
    return PackageHistory(
      of: .rpm, tracks: replay.tracks, current: current, capturedAt: capturedAt,
      reading: reading)
  }
}

/// Follows all packages through the lines of dnf's log, each version as a package of its own,
/// because several versions of one package can be installed.
struct RpmLogReplay {
  private struct Place: Hashable {
    var name: String
    var architecture: String

    init(_ package: RpmLogPackage) {
      name = package.name
      architecture = package.architecture
    }
  }

  /// In the order of their first lines.
  private(set) var tracks: [(RpmLogPackage, PackageTrack)] = []
  private var slots: [RpmLogPackage: Int] = [:]
  /// When a version came that takes the place of another one that has not left yet.
  private var replacements: [Place: (package: RpmLogPackage, instant: Instant)] = [:]

  mutating func take(_ event: RpmLogLine.Event, at instant: Instant) {
    switch event {
    case .arrived(let package): arrive(package, at: instant)
    case .replacing(let package):
      arrive(package, at: instant)
      replacements[Place(package)] = (package, instant)
    case .reinstalled(let package):
      let slot = slot(package)
      let isRepeated = tracks[slot].1.changes.last?.instant == instant
      tracks[slot].1.expect(package.fullVersion, at: instant)
      // dnf writes a line for the old and one for the new of the same.
      if !isRepeated {
        tracks[slot].1.change(to: package.fullVersion, installedAt: instant, at: instant)
      }
    case .replaced(let package):
      // rpm deletes the old version at the end; it was replaced when the new one came.
      let slot = slot(package)
      let last = tracks[slot].1.changes.last?.instant ?? .distantPast
      if let replacement = replacements.removeValue(forKey: Place(package)),
        replacement.package != package, replacement.instant >= last
      {
        leave(slot, package, at: replacement.instant)
      } else {
        leave(slot, package, at: instant)
      }
    case .left(let package): leave(slot(package), package, at: instant)
    }
  }

  private mutating func arrive(_ package: RpmLogPackage, at instant: Instant) {
    let slot = slot(package)
    tracks[slot].1.expect(nil, at: instant)
    tracks[slot].1.change(to: package.fullVersion, installedAt: instant, at: instant)
  }

  private mutating func leave(_ slot: Int, _ package: RpmLogPackage, at instant: Instant) {
    tracks[slot].1.expect(package.fullVersion, at: instant)
    tracks[slot].1.change(to: nil, at: instant)
  }

  private mutating func slot(_ package: RpmLogPackage) -> Int {
    if let slot = slots[package] { return slot }
    slots[package] = tracks.count
    tracks.append((package, PackageTrack(label: package.label)))
    return tracks.count - 1
  }
}
