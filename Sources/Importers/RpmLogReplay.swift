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
