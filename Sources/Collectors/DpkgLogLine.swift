import Inventory

/// One line of dpkg's log, its time still in the clock of the machine that wrote it.
struct DpkgLogLine: Hashable, Sendable {
  /// What the line says.
  enum Event: Hashable, Sendable {
    /// An action begins: `install`, `upgrade`, `remove`, …, with the versions before and after.
    case action(Action, DpkgLogPackage, old: String?, new: String?)
    /// A package has reached a state with a version.
    case status(DpkgPackage.State, DpkgLogPackage, version: String?)
    /// A line that says nothing of a package, such as `startup archives unpack`.
    case other
  }

  /// What dpkg sets out to do with a package.
  enum Action: String, Sendable {
    case install, upgrade, configure, trigproc, remove, purge, disappear
  }

  /// The local time, read as if it were UTC, in seconds since 1970.
  var localSeconds: Int64
  var event: Event

  /// Bytes of `YYYY-MM-DD HH:MM:SS`.
  static let timeByteCount = 19

  /// Reads a line without its newline; nil where it is none of dpkg's.
  init?(_ line: ArraySlice<UInt8>) {
    guard let seconds = Self.localSeconds(line), line.count > Self.timeByteCount + 1,
      line[line.startIndex + Self.timeByteCount] == 0x20
    else { return nil }
    let words = line.dropFirst(Self.timeByteCount + 1).split(separator: 0x20).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard let first = words.first, let event = Self.event(first, words) else { return nil }
    localSeconds = seconds
    self.event = event
  }

  private static func event(_ first: String, _ words: [String]) -> Event? {
    switch first {
    case "status":
      guard words.count == 4, let state = DpkgPackage.State(rawValue: words[1]),
        let package = DpkgLogPackage(words[2])
      else { return nil }
      return .status(state, package, version: version(words[3]))
    case "startup", "conffile":
      return words.count >= 3 ? .other : nil
    default:
      guard let action = Action(rawValue: first), words.count == 4,
        let package = DpkgLogPackage(words[1])
      else { return nil }
      return .action(action, package, old: version(words[2]), new: version(words[3]))
    }
  }

  private static func version(_ word: String) -> String? { word == "<none>" ? nil : word }

  /// The time at the beginning of a line, read as if it were UTC.
  static func localSeconds(_ line: ArraySlice<UInt8>) -> Int64? {
    guard line.count >= timeByteCount else { return nil }
    let start = line.startIndex
    func number(_ from: Int, _ count: Int) -> Int? {
      var value = 0
      for i in (start + from)..<(start + from + count) {
        guard (0x30...0x39).contains(line[i]) else { return nil }
        value = value * 10 + Int(line[i] - 0x30)
      }
      return value
    }
    guard line[start + 4] == 0x2d, line[start + 7] == 0x2d, line[start + 10] == 0x20,
      line[start + 13] == 0x3a, line[start + 16] == 0x3a,
      let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2)
    else { return nil }
    // A leap second is the last second of its minute to everyone but the clock that shows it.
    let civil = CivilTime(
      year: year, month: month, day: day, hour: hour, minute: minute, second: min(second, 59))
    guard civil.isValid, second <= 60, year >= 1970 else { return nil }
    return civil.instant.seconds
  }
}

/// A package as the log names it, `bash:amd64`.
struct DpkgLogPackage: Hashable, Sendable {
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

  /// An item with all that a log can know.
  func item(version: String, installedAt: Instant?) -> Item {
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
