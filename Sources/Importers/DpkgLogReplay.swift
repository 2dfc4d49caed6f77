import Collectors
import Inventory

/// Follows one package through dpkg's log.
///
/// A package counts as installed with a version from the line that says so until the line that says
/// it is gone, or until another version is installed in full.
struct DpkgPackageTrack: Sendable {
  let package: DpkgLogPackage
  private(set) var track: PackageTrack
  /// The version that is unpacked and not yet installed in full.
  private var unpacked: String?

  init(_ package: DpkgLogPackage) {
    self.package = package
    track = PackageTrack(label: package.label)
  }

  /// Takes the next line that speaks of the package.
  mutating func take(_ event: DpkgLogLine.Event, at instant: Instant) {
    switch event {
    case .action(let action, _, let old, let new):
      take(action, old: old, new: new, at: instant)
    case .status(let state, _, let version):
      take(state, version, at: instant)
    }
  }

  private mutating func take(
    _ action: DpkgLogLine.Action, old: String?, new: String?, at instant: Instant
  ) {
    switch action {
    case .install:
      // A version before an installation is that of files left behind by a removed package.
      expect(nil, at: instant)
      unpacked = new
    case .upgrade:
      expect(old, at: instant)
      unpacked = new
    case .remove, .disappear, .trigproc:
      expect(old, at: instant)
    case .purge:
      // It begins after the removal; alone it deletes what an earlier removal left.
      if !track.isKnown { expect(nil, at: instant) }
    case .configure:
      // It begins after the unpacking; alone it says that the log does not have that.
      if !track.isKnown { beginInTheMiddle(old, at: instant) }
    }
  }

  private mutating func take(
    _ state: DpkgPackage.State, _ version: String?, at instant: Instant
  ) {
    switch state {
    case .installed:
      if !track.isKnown { beginInTheMiddle(version, at: instant) }
      guard let version else { return }
      // Without an unpacking before it, a package is only back from running its triggers, or from
      // an attempt that was given up.
      if unpacked == version || track.held?.version != version {
        track.change(to: version, installedAt: instant, at: instant)
      }
      unpacked = nil
    case .notInstalled, .configFiles:
      track.isKnown = true
      unpacked = nil
      if track.held != nil { track.change(to: nil, at: instant) }
    case .triggersAwaited, .triggersPending:
      if !track.isKnown { expect(version, at: instant) }
    case .unpacked, .halfConfigured, .halfInstalled:
      if !track.isKnown { beginInTheMiddle(version, at: instant) }
    }
  }

  private mutating func expect(_ version: String?, at instant: Instant) {
    // After an attempt that failed, dpkg names the version that the attempt left unpacked.
    track.expect(version, isVague: unpacked != nil, at: instant)
  }

  private mutating func beginInTheMiddle(_ version: String?, at instant: Instant) {
    track.isKnown = true
    unpacked = version
    track.contradict(
      "the log begins in the middle of installing \(track.name(version)); what was installed before"
        + " is unknown and counts as nothing")
  }
}

/// Follows all packages through the lines of a log, in their order.
struct DpkgLogReplay: Sendable {
  /// In the order of their first lines.
  private(set) var tracks: [DpkgPackageTrack] = []
  private var slots: [DpkgLogPackage: Int] = [:]

  /// Takes the next line.
  mutating func take(_ event: DpkgLogLine.Event, at instant: Instant) {
    switch event {
    case .action(_, let package, _, _), .status(_, let package, _):
      if let slot = slots[package] {
        tracks[slot].take(event, at: instant)
      } else {
        slots[package] = tracks.count
        var track = DpkgPackageTrack(package)
        track.take(event, at: instant)
        tracks.append(track)
      }
    }
  }
}
