import Glibc
import Synchronization
import Packages

/// What apt knows of packages that it could install, read from its own lists.
///
/// Source of the names: the URI of a file with "/" as "_". Lists that are packed by something else than
/// apt's own defaults are unpacked by apt's helper, one process a list. Pins and phased updates are not
/// followed; suites that are not automatic (experimental, backports) are passed over.
struct AptLists {
  /// The best version of an installed package that apt could install.
  struct Candidate {
    var version: String
    var isSecurity: Bool
  }

  static let folder = "var/lib/apt/lists"
  /// Bytes of one list, unpacked.
  private static let listBytesMax = 512 << 20

  /// When the newest list was fetched, in seconds since 1970; nil where there is none.
  private(set) var fetchedSeconds: Int64?
  /// By `name:architecture`.
  private(set) var candidates: [String: Candidate] = [:]
  /// Archives that can have had the installed version, by `name:architecture`.
  private var archives: [String: [String: Standing]] = [:]

  /// What an archive shows of the installed version of a package.
  private enum Standing: Int {
    /// It has a newer one.
    case newer
    /// It has this one.
    case same
  }

  /// Looks for packages that are installed: for newer versions, and for whose they are.
  init(on machine: Machine, installed packages: [DpkgPackage]) throws {
    var installed: [String: String] = [:]
    for package in packages { installed[package.key] = package.version }
    let names = try machine.names(in: Self.folder)
    let releases = names.compactMap { Release($0, in: Self.folder, on: machine) }
    for name in names {
      guard let plain = Self.plainName(name), plain.hasSuffix("_Packages") else { continue }
      let release = releases.first { plain.hasPrefix($0.prefix) }
      let path = "\(Self.folder)/\(name)"
      let isSecurity = release?.isSecurity ?? name.contains("security")
      let scanner = Mutex(StanzaScanner(installed: installed))
      try Self.read(path, isPlain: plain == name, on: machine) { chunk in
        scanner.withLock { $0.take(chunk) }
      }
      let found = scanner.withLock { $0.finish() }
      if release?.isAutomatic != false { merge(found.newer, isSecurity: isSecurity) }
      if let origin = release?.origin { merge(found, of: origin) }
      let seconds = machine.modificationSeconds(of: path) ?? 0
      fetchedSeconds = max(fetchedSeconds ?? 0, seconds)
    }
  }

  /// Whose an installed package is, in the word `Origin` of a Release file; nil where that is not known.
  ///
  /// Whose list has the version. Where none has it any more, because a newer one took its place: whose
  /// list has a newer one, if it is one alone. Archives go forward, so that a version that is newer than
  /// all of an archive was never in it.
  func origin(of package: DpkgPackage) -> String? {
    let all = archives[package.key] ?? [:]
    let same = all.filter { $0.value == .same }
    let found = same.isEmpty ? all : same
    return found.count == 1 ? found.first?.key : nil
  }

  private mutating func merge(_ found: StanzaScanner.Found, of origin: String) {
    for package in found.newer.keys where archives[package]?[origin] == nil {
      archives[package, default: [:]][origin] = .newer
    }
    for package in found.same { archives[package, default: [:]][origin] = .same }
  }

  private static func plainName(_ name: String) -> String? {
    for suffix in [".lz4", ".gz", ".xz", ".zst", ".bz2"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return name
  }

  private static func read(
    _ path: String, isPlain: Bool, on machine: Machine,
    to take: @escaping @Sendable ([UInt8]) -> Void
  ) throws {
    if isPlain { return try machine.stream(path, max: listBytesMax, to: take) }
    let helper = "/usr/lib/apt/apt-helper"
    guard unsafe access(helper, X_OK) == 0 else {
      throw CollectorError(
        "\(machine.path(path)) is packed, and there is no \(helper) to unpack it")
    }
    try Tool(
      path: helper, arguments: ["cat-file", try machine.realPath(of: path)],
      limits: .init(secondsMax: 25, outputBytesMax: listBytesMax)
    ).stream(to: take)
  }

  private mutating func merge(_ found: [String: String], isSecurity: Bool) {
    for (package, version) in found {
      let new = DebianVersion(version)
      if let known = candidates[package] {
        let old = DebianVersion(known.version)
        // The same version in two suites is a security update where one of them says so.
        if old == new { candidates[package]?.isSecurity = known.isSecurity || isSecurity }
        guard old < new else { continue }
      }
      candidates[package] = Candidate(version: version, isSecurity: isSecurity)
    }
  }
}

/// What a suite's Release file says of it.
private struct Release {
  /// How the names of the suite's lists begin.
  let prefix: String
  let isSecurity: Bool
  let isAutomatic: Bool
  /// Whose archive it is; nil where it does not say.
  let origin: String?

  init?(_ name: String, in folder: String, on machine: Machine) {
    guard let suffix = ["InRelease", "Release"].first(where: { name.hasSuffix("_" + $0) }) else {
      return nil
    }
    prefix = String(name.dropLast(suffix.count))
    var head = ""
    // The sums of all files follow, which are of no use here.
    try? machine.stream("\(folder)/\(name)") { chunk in
      if head.utf8.count < 8192 { head += String(decoding: chunk.prefix(8192), as: UTF8.self) }
    }
    var fields: [String: String] = [:]
    var origin: String?
    for line in head.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].trimmed
      if origin == nil, line[..<colon] == "Origin", !value.isEmpty { origin = value }
      fields[String(line[..<colon])] = value.lowercased()
    }
    self.origin = origin
    isSecurity = ["Suite", "Codename", "Label", "Archive"].contains {
      fields[$0]?.contains("security") ?? false
    }
    isAutomatic = fields["NotAutomatic"] != "yes"
  }
}

/// Looks through stanzas for installed packages, piece by piece.
private struct StanzaScanner {
  /// What a list has of the packages that are installed, by `name:architecture`.
  struct Found {
    /// The newest version, of those of which there is one that is newer than what is installed.
    var newer: [String: String] = [:]
    /// Those of which it has the installed version.
    var same: Set<String> = []
  }

  private let installed: [String: DebianVersion]
  private let names: Set<String>
  private var rest: [UInt8] = []
  private var name = ""
  private var version = ""
  private var architecture = ""
  private var found = Found()

  init(installed: [String: String]) {
    self.installed = installed.mapValues { DebianVersion($0) }
    names = Set(installed.keys.map { String($0.prefix { $0 != ":" }) })
  }

  mutating func take(_ chunk: [UInt8]) {
    var start = 0
    for end in chunk.indices where chunk[end] == 0x0a {
      if rest.isEmpty {
        line(chunk[start..<end])
      } else {
        rest += chunk[start..<end]
        line(rest[...])
        rest.removeAll(keepingCapacity: true)
      }
      start = end + 1
    }
    rest += chunk[start...]
  }

  mutating func finish() -> Found {
    line(rest[...])
    endStanza()
    return found
  }

  private mutating func line(_ line: ArraySlice<UInt8>) {
    switch line.first {
    case nil: endStanza()
    case UInt8(ascii: "P"): if let text = Self.value(line, "Package: ") { name = text }
    case UInt8(ascii: "V") where names.contains(name):
      if let text = Self.value(line, "Version: ") { version = text }
    case UInt8(ascii: "A") where names.contains(name):
      if let text = Self.value(line, "Architecture: ") { architecture = text }
    default: break
    }
  }

  private static func value(_ line: ArraySlice<UInt8>, _ field: StaticString) -> String? {
    let count = field.utf8CodeUnitCount
    guard line.count > count,
      unsafe line.starts(
        with: UnsafeBufferPointer(
          start: field.utf8Start, count: count))
    else { return nil }
    return String(decoding: line.dropFirst(count), as: UTF8.self)
  }

  private mutating func endStanza() {
    defer { (name, version, architecture) = ("", "", "") }
    guard !version.isEmpty else { return }
    let key = "\(name):\(architecture)"
    guard let own = installed[key] else { return }
    let listed = DebianVersion(version)
    if own == listed { found.same.insert(key) }
    guard own < listed else { return }
    if found.newer[key].map({ DebianVersion($0) < listed }) ?? true { found.newer[key] = version }
  }
}
