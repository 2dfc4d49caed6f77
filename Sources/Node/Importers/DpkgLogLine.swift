import Collectors
import Inventory

/// One line of dpkg's log, its time still in the clock of the machine that wrote it.
struct DpkgLogLine: PackageLogLine, Hashable, Sendable {
  static var owner: String { "dpkg's" }

  /// What the line says.
  enum Event: Hashable, Sendable {
    /// A run of dpkg begins.
    case startup
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
  /// Nil for a line such as `conffile /etc/a keep`.
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
    switch first {
    case "conffile":
      guard words.count >= 3 else { return nil }
    case "startup":
      guard words.count >= 3 else { return nil }
      event = .startup
    default:
      guard let event = Self.event(first, words) else { return nil }
      self.event = event
    }
  }

  private static func event(_ first: String, _ words: [String]) -> Event? {
    switch first {
    case "status":
      guard words.count >= 4, let state = DpkgPackage.State(rawValue: words[1]),
        let package = DpkgLogPackage(words[2]), let versions = versions(words[3...], count: 1)
      else { return nil }
      return .status(state, package, version: versions[0])
    default:
      guard let action = Action(rawValue: first), words.count >= 4,
        let package = DpkgLogPackage(words[1]), let versions = versions(words[2...], count: 2)
      else { return nil }
      return .action(action, package, old: versions[0], new: versions[1])
    }
  }

  /// So many versions, nil where there is none; nil where there are not so many.
  ///
  /// dpkg translates `<none>`, and in some languages it has blanks: `<bat ere ez>`.
  private static func versions(_ words: ArraySlice<String>, count: Int) -> [String?]? {
    var versions: [String?] = []
    var isInside = false
    for word in words {
      if isInside {
        isInside = !word.hasSuffix(">")
      } else if word.hasPrefix("<") {
        versions.append(nil)
        isInside = !word.hasSuffix(">")
      } else {
        versions.append(word)
      }
    }
    return versions.count == count && !isInside ? versions : nil
  }

  /// The time at the beginning of a line, `YYYY-MM-DD HH:MM:SS`.
  static func time(_ line: ArraySlice<UInt8>) -> TextTime? {
    guard line.count >= timeByteCount, line[line.startIndex + 10] == 0x20,
      let (time, count) = TextTime.read(line.prefix(timeByteCount)), count == timeByteCount
    else { return nil }
    return time
  }
}

extension DpkgLogLine.Event {
  /// The same of another package.
  func of(_ package: DpkgLogPackage) -> Self {
    switch self {
    case .startup: self
    case .action(let action, _, let old, let new): .action(action, package, old: old, new: new)
    case .status(let state, _, let version): .status(state, package, version: version)
    }
  }

  /// The package that the line names.
  var package: DpkgLogPackage? {
    switch self {
    case .startup: nil
    case .action(_, let package, _, _), .status(_, let package, _): package
    }
  }
}

/// A package as the log names it, `bash:amd64`.
struct DpkgLogPackage: LoggedPackage {
  var name: String
  /// In dpkg's own words; empty where the log does not name it, as it did until 2012, and as it does
  /// of dpkg itself in the first lines of a new machine.
  var architecture: String

  init(name: String, architecture: String) {
    self.name = name
    self.architecture = architecture
  }

  /// Nil where it can be none.
  init?(_ word: String) {
    let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    architecture = parts.count > 1 ? String(parts[1]) : ""
    guard !name.isEmpty, parts.count == 1 || !architecture.isEmpty,
      name.utf8.allSatisfy({ Self.isOfName($0) })
    else { return nil }
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x2e, 0x5f: true
    default: false
    }
  }

  var label: String { architecture.isEmpty ? name : "\(name):\(architecture)" }

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
    var values = ["Name": AgentForm.field(name), "Version": AgentForm.field(version)]
    if !architecture.isEmpty {
      values["Architecture"] = AgentForm.architecture(architecture)
      values["PackageId"] = AgentForm.packageID(
        name: name, version: version, architecture: architecture)
    }
    values["InstalledTime"] = installedAt?.description
    return Item(values)
  }
}

/// Which architecture a package has that is named without one.
struct DpkgArchitectures {
  private var known: [String: Set<String>] = [:]

  /// Takes the packages that are there now.
  init(_ current: [Item]) {
    for item in current {
      guard let name = item["Name"], let architecture = item["Architecture"] else { continue }
      // The agent's word for it.
      known[name, default: []].insert(architecture == "x86_64" ? "amd64" : architecture)
    }
  }

  /// Takes a package as a line names it.
  mutating func add(_ package: DpkgLogPackage) {
    guard !package.architecture.isEmpty else { return }
    known[package.name, default: []].insert(package.architecture)
  }

  /// The package with its architecture, as far as any line or the present state tells.
  ///
  /// A machine that wrote such lines had one architecture, dpkg's own.
  func resolved(_ package: DpkgLogPackage) -> DpkgLogPackage {
    guard package.architecture.isEmpty, let names = known[package.name] else { return package }
    let native = known["dpkg"]?.count == 1 ? known["dpkg"]?.first : nil
    let choice = native.flatMap { names.contains($0) ? $0 : nil } ?? names.sorted().first
    return DpkgLogPackage(name: package.name, architecture: choice ?? "")
  }
}
