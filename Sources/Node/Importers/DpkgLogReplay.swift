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
  /// A first line that says "installed": the end of an installation that began before the log, or the
  /// beginning of a removal.
  private var first: (version: String, moment: LogMoment, run: Int)?
  /// A first line that says "remove": of a package that was there, or of the files that it left.
  private var removal: (version: String?, moment: LogMoment)?
  /// Whether only files of it are left, of which a purge says "remove" once more.
  private var isLeftOver = false
  /// Whether the log begins while the package is being worked on, and what was there before is not known.
  private var isUndecided = false
  private var last: Instant?

  init(_ package: DpkgLogPackage) {
    self.package = package
    track = PackageTrack(label: package.label)
  }

  /// Takes the next line that speaks of the package.
  mutating func take(_ event: DpkgLogLine.Event, at moment: LogMoment, _ place: DpkgLogPlace) {
    last = moment.instant
    decide(before: event, place)
    switch event {
    case .startup: break
    case .action(let action, _, let old, let new):
      take(action, old: old, new: new, at: moment, place)
    case .status(let state, _, let version): take(state, version, at: moment, place)
    }
    if isUndecided, case .status(let state, _, _) = event,
      [.installed, .notInstalled, .configFiles].contains(state)
    {
      track.knownFrom = moment.instant
      isUndecided = false
    }
  }

  /// Ends the log.
  mutating func finish() {
    if let (version, moment) = removal { track.expect(version, at: moment.instant) }
    if first != nil { endInstallation() }
    if isUndecided { track.knownFrom = last }
  }

  /// Whether a version was set out to be unpacked that is not installed yet.
  var isUnpacking: Bool { unpacked != nil }

  /// Another architecture of the package takes its place, as its new version is of that one.
  mutating func isReplaced(at moment: LogMoment) {
    unpacked = nil
    track.change(to: nil, at: moment)
  }

  /// The package takes the place of its other architecture.
  mutating func replaces(with version: String, at moment: LogMoment) {
    track.expect(nil, at: moment.instant)
    track.change(to: version, at: moment)
    last = moment.instant
  }

  private mutating func take(
    _ action: DpkgLogLine.Action, old: String?, new: String?, at moment: LogMoment,
    _ place: DpkgLogPlace
  ) {
    isRemoved = action == .remove || action == .disappear
    if action == .install || action == .upgrade { isLeftOver = false }
    switch action {
    case .install:
      // A version before an installation is that of files left behind by a removed package.
      expect(nil, at: moment)
      unpacked = new
    case .upgrade:
      expect(old, at: moment)
      unpacked = new
    case .remove where !track.isKnown:
      removal = (old, moment)
    case .remove where isLeftOver: break
    case .remove, .disappear, .trigproc:
      expect(old, at: moment)
    case .purge:
      // It begins after the removal; alone it deletes what an earlier removal left.
      if !track.isKnown { expect(nil, at: moment) }
    case .configure:
      // It begins after the unpacking; alone it says that the log does not have that.
      if !track.isKnown { beginInTheMiddle(old, place) }
    }
  }

  private mutating func take(
    _ state: DpkgPackage.State, _ version: String?, at moment: LogMoment, _ place: DpkgLogPlace
  ) {
    switch state {
    case .installed:
      guard let version else { return }
      if !track.isKnown {
        // A run that the log has from its beginning would have said what it does before.
        if place.run > 0 {
          expect(version, at: moment)
        } else {
          first = (version, moment, place.run)
          return
        }
      }
      install(version, at: moment)
    case .notInstalled, .configFiles:
      track.isKnown = true
      unpacked = nil
      isTorn = false
      isLeftOver = true
      if track.held != nil { track.change(to: nil, at: moment) }
    case .triggersAwaited, .triggersPending:
      if !track.isKnown { expect(version, at: moment) }
    case .unpacked:
      if !track.isKnown { beginInTheMiddle(version, place) }
      exchange(for: version, at: moment)
    case .halfInstalled, .halfConfigured:
      if !track.isKnown {
        // Without an action before it, it is put out of order or removed for another package.
        if place.run > 0 { expect(version, at: moment) } else { beginInTheMiddle(version, place) }
      }
      if state == .halfInstalled, isRemoved, track.held != nil {
        isTorn = true
        track.change(to: nil, at: moment)
      }
    }
  }

  private mutating func install(_ version: String, at moment: LogMoment) {
    // Without an unpacking before it, a package is only back from running its triggers, or from
    // an attempt that was given up.
    if unpacked == version || track.held?.version != version {
      track.change(to: version, at: moment)
    }
    unpacked = nil
    isTorn = false
  }

  /// Says what a first line "installed" or "remove" was, now that the next one is there.
  private mutating func decide(before event: DpkgLogLine.Event, _ place: DpkgLogPlace) {
    if let (version, moment) = removal {
      removal = nil
      // A removal passes through other states before files alone are left.
      if case .status(.configFiles, _, _) = event {
        track.expect(nil, at: moment.instant)
        isLeftOver = true
      } else {
        track.expect(version, at: moment.instant)
      }
    }
    guard let (version, moment, run) = first else { return }
    if case .action(let action, _, version, _) = event, place.run == run,
      [.remove, .purge, .upgrade, .disappear].contains(action)
    {
      first = nil
      expect(version, at: moment)
    } else {
      endInstallation()
    }
  }

  private mutating func endInstallation() {
    guard let (version, moment, run) = first else { return }
    first = nil
    beginInTheMiddle(version, DpkgLogPlace(run: run, isBeginning: true))
    install(version, at: moment)
    track.knownFrom = moment.instant
    isUndecided = false
  }

  /// The files of another version are there in place of those of one that was installed.
  ///
  /// Of the same version dpkg says too little: what was unpacked before comes back in the same words.
  private mutating func exchange(for version: String?, at moment: LogMoment) {
    guard let version, version == unpacked, track.held?.version != version,
      track.held != nil || isTorn
    else { return }
    isTorn = false
    unpacked = nil
    track.change(to: version, at: moment)
  }

  private mutating func expect(_ version: String?, at moment: LogMoment) {
    // After an attempt that failed, dpkg names the version that the attempt left unpacked.
    track.expect(version, isVague: unpacked != nil || isTorn, at: moment.instant)
  }

  private mutating func beginInTheMiddle(_ version: String?, _ place: DpkgLogPlace) {
    track.isKnown = true
    unpacked = version
    isUndecided = place.isBeginning
    track.contradict(
      "the log begins in the middle of installing \(track.name(version)); what was installed before"
        + " is unknown"
        + (place.isBeginning ? ", and with it all before that" : " and counts as nothing"))
  }
}

/// Where a line stands in dpkg's log.
struct DpkgLogPlace: Sendable {
  /// How many runs of dpkg have begun in the log.
  var run = 0
  /// Whether the log may have begun within the run that wrote the line.
  var isBeginning = true
}

/// Follows all packages through the lines of a log, in their order.
struct DpkgLogReplay: Sendable {
  /// The longest that a run is thought to go on that had begun before the log.
  private static let runSeconds: Int64 = 86400

  /// In the order of their first lines.
  private(set) var tracks: [DpkgPackageTrack] = []
  private var slots: [DpkgLogPackage: Int] = [:]
  private var place = DpkgLogPlace()
  private var start: Instant?
  /// What was last set out to be unpacked, by name.
  private var arrivals: [String: (package: DpkgLogPackage, version: String)] = [:]

  /// Takes the next line.
  mutating func take(_ event: DpkgLogLine.Event, at moment: LogMoment) {
    let start = start ?? moment.instant
    self.start = start
    guard let package = event.package else { return place.run += 1 }
    place.isBeginning =
      place.run <= 1 && moment.instant.seconds - start.seconds <= Self.runSeconds
    if case .action(let action, _, _, let new?) = event, action == .install || action == .upgrade {
      arrivals[package.name] = (package, new)
    }
    if case .status(.unpacked, _, let version?) = event {
      takeExchange(of: package, version, at: moment)
    }
    tracks[slot(package)].take(event, at: moment, place)
  }

  /// Ends the log.
  mutating func finish() { for slot in tracks.indices { tracks[slot].finish() } }

  /// Where a new version is of another architecture, `upgrade` names the old one and all that follows
  /// the new one.
  private mutating func takeExchange(
    of package: DpkgLogPackage, _ version: String, at moment: LogMoment
  ) {
    guard let arrival = arrivals[package.name], arrival.version == version else { return }
    guard arrival.package != package else {
      arrivals[package.name] = nil
      return
    }
    // Two architectures beside each other each have an action of their own.
    guard let old = slots[arrival.package], tracks[old].track.held != nil,
      slots[package].map({ tracks[$0].track.held == nil && !tracks[$0].isUnpacking }) ?? true
    else { return }
    arrivals[package.name] = nil
    tracks[old].isReplaced(at: moment)
    tracks[slot(package)].replaces(with: version, at: moment)
  }

  private mutating func slot(_ package: DpkgLogPackage) -> Int {
    if let slot = slots[package] { return slot }
    slots[package] = tracks.count
    tracks.append(DpkgPackageTrack(package))
    return tracks.count - 1
  }
}
