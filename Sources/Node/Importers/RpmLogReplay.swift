import Inventory

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
  /// The slots of all versions of a name.
  private var named: [String: [Int]] = [:]

  mutating func take(_ event: RpmLogLine.Event, at moment: LogMoment) {
    switch event {
    case .arrived(let package): arrive(package, at: moment)
    case .replacing(let package):
      arrive(package, at: moment)
      replacements[Place(package)] = (package, moment.instant)
    case .reinstalled(let package): reinstall(package, at: moment)
    case .replaced(let package):
      // rpm deletes the old version at the end; it was replaced when the new one came.
      let slot = slot(package)
      let last = tracks[slot].1.changes.last?.instant ?? .distantPast
      if let replacement = replacements.removeValue(forKey: Place(package)),
        replacement.package != package, replacement.instant >= last
      {
        leave(slot, package, at: replacement.instant)
      } else {
        leave(slot, package, at: moment.instant)
      }
    case .left(let package): leave(slot(package), package, at: moment.instant)
    case .installed(let package):
      if slots[package].map({ tracks[$0].1.held != nil }) ?? false {
        reinstall(package, at: moment)
      } else {
        arrive(package, at: moment)
      }
    case .updated(let package):
      endAll(of: package.name, but: package, at: moment.instant)
      take(.installed(package), at: moment)
    case .erased(let name): endAll(of: name, but: nil, at: moment.instant)
    }
  }

  private mutating func arrive(_ package: RpmLogPackage, at moment: LogMoment) {
    let slot = slot(package)
    tracks[slot].1.expect(nil, at: moment.instant)
    tracks[slot].1.change(to: package.fullVersion, at: moment)
  }

  private mutating func reinstall(_ package: RpmLogPackage, at moment: LogMoment) {
    let slot = slot(package)
    let isRepeated = tracks[slot].1.changes.last?.instant == moment.instant
    tracks[slot].1.expect(package.fullVersion, at: moment.instant)
    // dnf writes a line for the old and one for the new of the same.
    if !isRepeated { tracks[slot].1.change(to: package.fullVersion, at: moment) }
  }

  /// All versions of a name are gone but one; where the log has told of none, there was one of which
  /// nothing but the name is known.
  private mutating func endAll(
    of name: String, but package: RpmLogPackage?, at instant: Instant
  ) {
    let others = (named[name] ?? []).filter {
      package == nil || tracks[$0].0.architecture == package?.architecture
    }
    for slot in others where tracks[slot].1.held != nil && tracks[slot].0 != package {
      tracks[slot].1.end(at: instant)
    }
    guard others.isEmpty else { return }
    let unknown = RpmLogPackage(
      unknownVersionOf: name, architecture: package?.architecture ?? "")
    leave(slot(unknown), unknown, at: instant)
  }

  private mutating func leave(_ slot: Int, _ package: RpmLogPackage, at instant: Instant) {
    tracks[slot].1.expect(package.fullVersion, at: instant)
    tracks[slot].1.end(at: instant)
  }

  private mutating func slot(_ package: RpmLogPackage) -> Int {
    if let slot = slots[package] { return slot }
    slots[package] = tracks.count
    named[package.name, default: []].append(tracks.count)
    tracks.append((package, PackageTrack(label: package.label)))
    return tracks.count - 1
  }
}
