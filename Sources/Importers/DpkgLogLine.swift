import Collectors
import Inventory

/// One line of dpkg's log, its time still in the clock of the machine that wrote it.
struct DpkgLogLine: PackageLogLine, Hashable, Sendable {
  static var owner: String { "dpkg's" }

  /// What the line says.
  enum Event: Hashable, Sendable {
    /// An action begins: `install`, `upgrade`, `remove`, …, with the versions before and after.
    case action(Action, DpkgLogPackage, old: String?, new: String?)
    /// A package has reached a state with a version.
    case status(DpkgPackage.State, DpkgLogPackage, version: String?)
  }

  /// What dpkg sets out to do with a package.
  enum Action: String, Sendable {
    case install, upgrade, configure, trigproc, remove, purge, disappear
  }

  var time: TextTime
  /// Nil for a line such as `startup archives unpack`.
  var event: Event?

  /// Bytes of `YYYY-MM-DD HH:MM:SS`.
  static let timeByteCount = 19

  /// Reads a line without its newline; nil where it is none of dpkg's.
  init?(_ line: ArraySlice<UInt8>) {
    guard let time = Self.time(line), line.count > Self.timeByteCount + 1,
      line[line.startIndex + Self.timeByteCount] == 0x20
    else { return nil }
    let words = line.dropFirst(Self.timeByteCount + 1).split(separator: 0x20).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard let first = words.first else { return nil }
    self.time = time
    if first == "startup" || first == "conffile" {
      guard words.count >= 3 else { return nil }
    } else {
      guard let event = Self.event(first, words) else { return nil }
      self.event = event
    }
  }

  private static func event(_ first: String, _ words: [String]) -> Event? {
    switch first {
    case "status":
      guard words.count == 4, let state = DpkgPackage.State(rawValue: words[1]),
        let package = DpkgLogPackage(words[2])
      else { return nil }
      return .status(state, package, version: version(words[3]))
    default:
      guard let action = Action(rawValue: first), words.count == 4,
        let package = DpkgLogPackage(words[1])
      else { return nil }
      return .action(action, package, old: version(words[2]), new: version(words[3]))
    }
  }

  private static func version(_ word: String) -> String? { word == "<none>" ? nil : word }

  /// The time at the beginning of a line, `YYYY-MM-DD HH:MM:SS`.
  static func time(_ line: ArraySlice<UInt8>) -> TextTime? {
    guard line.count >= timeByteCount, line[line.startIndex + 10] == 0x20,
      let (time, count) = TextTime.read(line.prefix(timeByteCount)), count == timeByteCount
    else { return nil }
    return time
  }
}

/// A package as the log names it, `bash:amd64`.
struct DpkgLogPackage: LoggedPackage {
  var name: String
  /// In dpkg's own words.
  var architecture: String

  /// Nil where either part is missing: logs written before dpkg knew several architectures.
  init?(_ word: String) {
    guard let colon = word.utf8.firstIndex(of: 0x3a), colon > word.startIndex else { return nil }
    name = String(word[..<colon])
    architecture = String(word[word.index(after: colon)...])
    guard !architecture.isEmpty else { return nil }
  }

  var label: String { "\(name):\(architecture)" }

  var key: PackageKey {
    PackageKey(
      name: AgentForm.field(name), architecture: AgentForm.architecture(architecture))
  }

  static func key(of item: Item) -> PackageKey {
    PackageKey(name: item["Name"] ?? "", architecture: item["Architecture"] ?? "")
  }

  static func version(of item: Item) -> String { item["Version"] ?? "" }

  static func form(_ version: String) -> String { AgentForm.field(version) }

  func item(version: String, installedAt: Instant?, present: Item?) -> Item {
    var values = [
      "Name": AgentForm.field(name), "Version": AgentForm.field(version),
      "Architecture": AgentForm.architecture(architecture),
      "PackageId": AgentForm.packageID(
        name: name, version: version, architecture: architecture),
    ]
    values["InstalledTime"] = installedAt?.description
    return Item(values)
  }
}
