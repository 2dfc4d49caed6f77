import Collectors
import Inventory

/// Follows one package through dpkg's log.
///
/// A package counts as installed with a version from the line that says so until the line that says
/// it is gone, or until another version is unpacked in its place: then the files of that one are there,
/// whatever comes of configuring it. The collector says the same of every state.
struct DpkgPackageTrack: Sendable {
  let package: DpkgLogPackage
  private(set) var track: PackageTrack
  /// The version that is unpacked and not yet installed in full.
  private var unpacked: String?
  /// Whether its files are being, or have been, removed.
  private var isRemoved = false
  /// Whether a removal was given up after the files were gone; dpkg still goes on from that version.
  private var isTorn = false

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
    isRemoved = action == .remove || action == .disappear
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
      isTorn = false
    case .notInstalled, .configFiles:
      track.isKnown = true
      unpacked = nil
      isTorn = false
      if track.held != nil { track.change(to: nil, at: instant) }
    case .triggersAwaited, .triggersPending:
      if !track.isKnown { expect(version, at: instant) }
    case .unpacked:
      if !track.isKnown { beginInTheMiddle(version, at: instant) }
      exchange(for: version, at: instant)
    case .halfInstalled:
      if !track.isKnown { beginInTheMiddle(version, at: instant) }
      if isRemoved, track.held != nil {
        isTorn = true
        track.change(to: nil, at: instant)
      }
    case .halfConfigured:
      if !track.isKnown { beginInTheMiddle(version, at: instant) }
    }
  }

  /// The files of another version are there in place of those of one that was installed.
  ///
  /// Of the same version dpkg says too little: what was unpacked before comes back in the same words.
  private mutating func exchange(for version: String?, at instant: Instant) {
    guard let version, version == unpacked, track.held?.version != version,
      track.held != nil || isTorn
    else { return }
    isTorn = false
    unpacked = nil
    track.change(to: version, installedAt: instant, at: instant)
  }

  private mutating func expect(_ version: String?, at instant: Instant) {
    // After an attempt that failed, dpkg names the version that the attempt left unpacked.
    track.expect(version, isVague: unpacked != nil || isTorn, at: instant)
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
