import Inventory

/// Follows one package through the log.
///
/// A package counts as installed with a version from the line that says so until the line that says
/// it is gone, or until another version is installed in full. What held before the first line is
/// what that line says was there.
struct DpkgPackageTrack: Sendable {
  /// A version that is installed, and since when if the log tells.
  struct Held: Hashable, Sendable {
    var version: String
    var installedAt: Instant?
  }

  /// From `instant` on the package is held so, or not at all.
  struct Change: Hashable, Sendable {
    var instant: Instant
    var held: Held?
  }

  let package: DpkgLogPackage
  /// What held before the log.
  private(set) var initial: Held?
  /// What held from when on, in the order of the log.
  private(set) var changes: [Change] = []
  /// What does not fit together, one sentence each.
  private(set) var contradictions: [String] = []
  private var held: Held?
  /// The version that is unpacked and not yet installed in full.
  private var unpacked: String?
  private var isKnown = false

  init(_ package: DpkgLogPackage) { self.package = package }

  /// What holds after the last line.
  var last: Held? { held }

  /// Takes the next line that speaks of the package.
  mutating func take(_ event: DpkgLogLine.Event, at instant: Instant) {
    switch event {
    case .action(let action, _, let old, let new):
      take(action, old: old, new: new, at: instant)
    case .status(let state, _, let version):
      take(state, version, at: instant)
    case .other: return
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
      if !isKnown { expect(nil, at: instant) }
    case .configure:
      // It begins after the unpacking; alone it says that the log does not have that.
      if !isKnown { beginInTheMiddle(old, at: instant) }
    }
  }

  private mutating func take(
    _ state: DpkgPackage.State, _ version: String?, at instant: Instant
  ) {
    switch state {
    case .installed:
      if !isKnown { beginInTheMiddle(version, at: instant) }
      guard let version else { return }
      // Without an unpacking before it, a package is only back from running its triggers, or from
      // an attempt that was given up.
      if unpacked == version || held?.version != version {
        change(to: Held(version: version, installedAt: instant), at: instant)
      }
      unpacked = nil
    case .notInstalled, .configFiles:
      isKnown = true
      unpacked = nil
      if held != nil { change(to: nil, at: instant) }
    case .triggersAwaited, .triggersPending:
      if !isKnown { expect(version, at: instant) }
    case .unpacked, .halfConfigured, .halfInstalled:
      if !isKnown { beginInTheMiddle(version, at: instant) }
    }
  }

  /// The line can only be there if this version is installed, or none.
  private mutating func expect(_ version: String?, at instant: Instant) {
    if !isKnown {
      isKnown = true
      initial = version.map { Held(version: $0, installedAt: nil) }
      held = initial
      return
    }
    // After an attempt that failed, dpkg names the version that the attempt left unpacked.
    guard unpacked == nil, held?.version != version else { return }
    contradictions.append(
      "\(package.name):\(package.architecture): \(name(held?.version)) until \(instant), where the"
        + " log goes on with \(name(version)); lines seem to be missing")
    change(to: version.map { Held(version: $0, installedAt: nil) }, at: instant)
  }

  private mutating func beginInTheMiddle(_ version: String?, at instant: Instant) {
    isKnown = true
    unpacked = version
    contradictions.append(
      "\(package.name):\(package.architecture): the log begins in the middle of installing"
        + " \(name(version)); what was installed before is unknown and counts as nothing")
  }

  private mutating func change(to held: Held?, at instant: Instant) {
    self.held = held
    changes.append(Change(instant: instant, held: held))
  }

  private func name(_ version: String?) -> String { version ?? "nothing" }
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
    case .other: return
    }
  }
}
