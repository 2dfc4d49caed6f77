import Collectors
public import Foundation
public import Inventory

/// Works out the past of a machine's packages from pacman's log.
public struct PacmanLogImporter: Sendable {
  /// The time zone of lines that have none, which pacman wrote until 2019.
  public let timeZone: TimeZone

  /// Takes the time zone of the machine that wrote the log, by default that of this one.
  public init(timeZone: TimeZone = .current) { self.timeZone = timeZone }

  /// Reads logs, plain or packed, given in any order.
  ///
  /// A file that cannot be read or unpacked, or is no log of pacman, is one of the
  /// ``PackageHistory/failures``, or a ``CollectorError`` that names it where it is the only one. Lines
  /// that do not parse, and whatever does not fit the present state, become warnings.
  ///
  /// - Parameters:
  ///   - paths: the file `pacman.log` and what was rotated from it.
  ///   - current: the packages installed now, as items of `AWS:Application`. Nil where they are
  ///     not known: then packages that no line names are in no observation.
  ///   - capturedAt: when `current` was collected; later lines are left out.
  public func history(
    paths: [String], current: [Item]?, capturedAt: Instant
  ) throws -> PackageHistory {
    var replay = PacmanLogReplay()
    let reading = try PackageLog<PacmanLogLine>(
      paths: paths, timeZone: timeZone, capturedAt: capturedAt
    ).read { replay.take($0, at: $1) }
    var history = PackageHistory(
      of: current == nil ? .pacmanLogAlone : .pacmanLog, tracks: replay.tracks, current: current,
      capturedAt: capturedAt, reading: reading)
    history.warnAloneIfOlder(replay.tracks.map(\.1), current)
    return history
  }
}

/// One line of pacman's log: `[2026-03-03T10:00:00+0100] [ALPM] installed bash (5.1-2)`.
struct PacmanLogLine: PackageLogLine {
  static var owner: String { "pacman's" }

  /// A package that had one version and has another; nil is none.
  struct Event: Hashable, Sendable {
    var package: PacmanPackage
    var old: String?
    var new: String?
  }

  var time: TextTime
  var event: Event?

  init?(_ line: ArraySlice<UInt8>) {
    guard line.first == 0x5b, let (time, count) = TextTime.read(line.dropFirst()) else {
      return nil
    }
    let rest = line.dropFirst(1 + count)
    guard rest.first == 0x5d else { return nil }
    self.time = time
    var words = rest.dropFirst().split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
    // Before 2013 the part of pacman that speaks was not named.
    if words.first == "[ALPM]" { words.removeFirst() }
    event = Self.event(words)
  }

  /// Scripts of packages write lines of their own there.
  static func isForeign(_ line: ArraySlice<UInt8>) -> Bool { !line.contains(0) }

  static func time(_ line: ArraySlice<UInt8>) -> TextTime? {
    line.first == 0x5b ? TextTime.read(line.dropFirst())?.time : nil
  }

  private static func event(_ words: [String]) -> Event? {
    guard words.count >= 3, words[2].hasPrefix("("), words[words.count - 1].hasSuffix(")") else {
      return nil
    }
    let package = PacmanPackage(name: words[1])
    let versions = words[2...].joined(separator: " ").dropFirst().dropLast()
      .split(separator: " ").map(String.init)
    let isOne = versions.count == 1
    switch words[0] {
    case "installed" where isOne: return Event(package: package, old: nil, new: versions[0])
    case "removed" where isOne: return Event(package: package, old: versions[0], new: nil)
    case "reinstalled" where isOne:
      return Event(package: package, old: versions[0], new: versions[0])
    case "upgraded", "downgraded":
      guard versions.count == 3, versions[1] == "->" else { return nil }
      return Event(package: package, old: versions[0], new: versions[2])
    default: return nil
    }
  }
}

/// A package as pacman's log names it: without an architecture.
struct PacmanPackage: LoggedPackage {
  var name: String

  var label: String { name }

  // pacman has a package once, whatever its architecture.
  var key: PackageKey { PackageKey(name: AgentForm.field(name), architecture: "") }

  static func key(of item: Item) -> PackageKey {
    PackageKey(name: item["Name"] ?? "", architecture: "")
  }

  static func version(of item: Item) -> String { item["Version"] ?? "" }

  static func form(_ version: String) -> String { AgentForm.field(version) }

  func item(version: String, installedAt: Instant?, present: Item?) -> Item {
    var values = ["Name": AgentForm.field(name), "Version": AgentForm.field(version)]
    // The architecture is part of what items are matched by, so that an upgrade shows as one.
    values["Architecture"] = present?["Architecture"]
    values["InstalledTime"] = installedAt?.description
    return Item(values)
  }
}

/// Follows all packages through the lines of pacman's log.
struct PacmanLogReplay {
  /// In the order of their first lines.
  private(set) var tracks: [(PacmanPackage, PackageTrack)] = []
  private var slots: [PacmanPackage: Int] = [:]

  mutating func take(_ event: PacmanLogLine.Event, at moment: LogMoment) {
    let slot = slots[event.package] ?? tracks.count
    if slot == tracks.count {
      slots[event.package] = slot
      tracks.append((event.package, PackageTrack(label: event.package.label)))
    }
    tracks[slot].1.expect(event.old, at: moment.instant)
    tracks[slot].1.change(to: event.new, at: moment)
  }
}
