import Collectors
import Inventory

/// One line of `dnf.rpm.log`: `2026-03-03T10:00:00+0000 SUBDEBUG Installed: bash-5.1-2.x86_64`.
struct RpmLogLine: PackageLogLine {
  static var owner: String { "dnf's" }

  /// What becomes of a package.
  enum Event: Hashable, Sendable {
    case arrived(RpmLogPackage)
    /// It takes the place of another version, whose own line comes later.
    case replacing(RpmLogPackage)
    case reinstalled(RpmLogPackage)
    /// A later version, or an earlier one, took its place.
    case replaced(RpmLogPackage)
    case left(RpmLogPackage)
    /// It came, or came again: yum 3 says the same of both.
    case installed(RpmLogPackage)
    /// It came in the place of whatever other version was there, which yum 3 does not name.
    case updated(RpmLogPackage)
    /// All of that name are gone; the versions are not named.
    case erased(name: String)
  }

  var time: TextTime
  var event: Event?

  /// Reads a line; those that speak of no package have no event.
  init?(_ line: ArraySlice<UInt8>) {
    guard let (time, count) = TextTime.read(line) else { return nil }
    self.time = time
    let words = line.dropFirst(count).split(separator: 0x20).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard words.count >= 2 else { return nil }
    // Warnings and the output of scripts are of other levels, or name no package; those of dnf.log are
    // of levels that this log does not have.
    guard Self.levels.contains(words[0]) else { return nil }
    if words[0] == YumLog.level {
      guard words.count >= 3, let event = Self.yumEvent(words[1], words[2]) else { return nil }
      self.event = event
      return
    }
    guard words[0] == "SUBDEBUG", words.count == 3, words[1].hasSuffix(":"),
      let make = Self.event(words[1].dropLast())
    else { return }
    guard let package = RpmLogPackage(words[2]) else { return nil }
    event = make(package)
  }

  static func time(_ line: ArraySlice<UInt8>) -> TextTime? { TextTime.read(line)?.time }

  /// Scripts of packages write lines of their own there.
  static func isForeign(_ line: ArraySlice<UInt8>) -> Bool { !line.contains(0) }

  private static let levels: Set<String> = [
    "SUBDEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", YumLog.level,
  ]

  private static func yumEvent(_ word: String, _ name: String) -> Event? {
    let package = RpmLogPackage(name)
    switch word {
    case "Installed:", "Dep-Installed:": return package.map(Event.installed)
    case "Updated:", "Dep-Updated:": return package.map(Event.updated)
    case "Erased:", "Obsoleted:":
      // Which of both it is, depends on the version of yum.
      return package.map(Event.left) ?? .erased(name: name)
    default: return nil
    }
  }

  private static func event(_ word: Substring) -> ((RpmLogPackage) -> Event)? {
    switch word {
    case "Installed", "Install": Event.arrived
    case "Upgrade", "Downgrade", "Updated": Event.replacing
    case "Reinstall", "Reinstalled": Event.reinstalled
    case "Upgraded", "Downgraded", "Cleanup": Event.replaced
    case "Erase", "Erased", "Remove", "Removed", "Obsoleted": Event.left
    default: nil
    }
  }
}

/// A package as dnf names it: `name-epoch:version-release.architecture`.
struct RpmLogPackage: LoggedPackage {
  var name: String
  var epoch: String
  var version: String
  var release: String
  var architecture: String

  /// Nil where a part is missing, as for the keys that rpm keeps as packages.
  init?(_ word: String) {
    guard let dot = word.lastIndex(of: "."),
      let second = word[..<dot].lastIndex(of: "-"),
      let first = word[..<second].lastIndex(of: "-")
    else { return nil }
    architecture = String(word[word.index(after: dot)...])
    release = String(word[word.index(after: second)..<dot])
    (epoch, version) = Self.splitEpoch(word[word.index(after: first)..<second])
    // Older tools write the epoch before the name.
    let (leading, name) = Self.splitEpoch(word[..<first])
    self.name = name
    if epoch == "0" { epoch = leading }
    guard !name.isEmpty, !version.isEmpty, !release.isEmpty, !architecture.isEmpty,
      !name.contains(":"), !version.contains(":"), !architecture.contains("-")
    else { return nil }
  }

  /// Takes the parts one by one; nil where one is missing.
  init?(
    name: String?, epoch: String?, version: String?, release: String?, architecture: String?
  ) {
    guard let name, let version, let release, let architecture, !name.isEmpty, !version.isEmpty,
      !release.isEmpty, !architecture.isEmpty
    else { return nil }
    self.name = name
    self.epoch = RpmForm.epoch(epoch) ?? "0"
    self.version = version
    self.release = release
    self.architecture = architecture
  }

  private static func splitEpoch(_ text: Substring) -> (String, String) {
    guard let colon = text.firstIndex(of: ":"), colon > text.startIndex,
      text[..<colon].utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return ("0", String(text)) }
    return (String(text[..<colon]), String(text[text.index(after: colon)...]))
  }

  /// `epoch:version-release`, the epoch always there.
  var fullVersion: String { "\(epoch):\(version)-\(release)" }

  var label: String { "\(name)-\(fullVersion).\(architecture)" }

  var key: PackageKey {
    PackageKey(name: name, architecture: architecture, version: fullVersion)
  }

  static func key(of item: Item) -> PackageKey {
    PackageKey(
      name: item["Name"] ?? "", architecture: item["Architecture"] ?? "",
      version: version(of: item))
  }

  static func version(of item: Item) -> String {
    RpmForm.fullVersion(
      epoch: item["Epoch"], version: item["Version"] ?? "", release: item["Release"] ?? "")
  }

  /// A package of which only the name, and perhaps the architecture, is known.
  init(unknownVersionOf name: String, architecture: String) {
    self.name = name
    self.architecture = architecture
    (epoch, version, release) = ("", "", "")
  }

  func item(version: String, installedAt: Instant?, present: Item?) -> Item {
    var values = ["Name": AgentForm.field(name)]
    if !architecture.isEmpty { values["Architecture"] = architecture }
    if !self.version.isEmpty {
      values["Version"] = AgentForm.field(self.version)
      values["Release"] = AgentForm.field(release)
      values["Epoch"] = RpmForm.epoch(epoch)
    }
    values["InstalledTime"] = installedAt?.description
    return Item(values)
  }
}

/// How the agent of Systems Manager writes what rpm says.
enum RpmForm {
  /// Nil where rpm has no epoch, which 0 says too: the attribute is then left out, as the agent does.
  static func epoch(_ text: String?) -> String? {
    guard let text, !isNone(text) else { return nil }
    return text
  }

  /// Whether a text says that there is no epoch.
  static func isNone(_ text: String) -> Bool {
    ["", "0", "(none)", "None", "null"].contains(text)
  }

  /// `epoch:version-release`, the epoch always there.
  static func fullVersion(epoch text: String?, version: String, release: String) -> String {
    "\(epoch(text) ?? "0"):\(version)-\(release)"
  }
}
