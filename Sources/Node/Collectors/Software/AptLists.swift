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

  private static let folder = "var/lib/apt/lists"
  /// Bytes of one list, unpacked.
  private static let listBytesMax = 512 << 20

  /// When the newest list was fetched, in seconds since 1970; nil where there is none.
  private(set) var fetchedSeconds: Int64?
  /// By `name:architecture`.
  private(set) var candidates: [String: Candidate] = [:]

  /// Looks for newer versions of packages; `installed` has their versions by `name:architecture`.
  init(on machine: Machine, installed: [String: String]) throws {
    let names = try machine.names(in: Self.folder)
    let releases = names.compactMap { Release($0, in: Self.folder, on: machine) }
    for name in names {
      guard let plain = Self.plainName(name), plain.hasSuffix("_Packages") else { continue }
      let release = releases.first { plain.hasPrefix($0.prefix) }
      if release?.isAutomatic == false { continue }
      let path = "\(Self.folder)/\(name)"
      let isSecurity = release?.isSecurity ?? name.contains("security")
      let scanner = Mutex(StanzaScanner(installed: installed))
      try Self.read(path, isPlain: plain == name, on: machine) { chunk in
        scanner.withLock { $0.take(chunk) }
      }
      merge(scanner.withLock { $0.finish() }, isSecurity: isSecurity)
      let seconds = machine.modificationSeconds(of: path) ?? 0
      fetchedSeconds = max(fetchedSeconds ?? 0, seconds)
    }
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
    for line in head.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[String(line[..<colon])] = line[line.index(after: colon)...].trimmed.lowercased()
    }
    isSecurity = ["Suite", "Codename", "Label", "Archive"].contains {
      fields[$0]?.contains("security") ?? false
    }
    isAutomatic = fields["NotAutomatic"] != "yes"
  }
}

/// Looks through stanzas for newer versions of installed packages, piece by piece.
private struct StanzaScanner {
  private let installed: [String: DebianVersion]
  private let names: Set<String>
  private var rest: [UInt8] = []
  private var name = ""
  private var version = ""
  private var architecture = ""
  private var newer: [String: String] = [:]

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

  mutating func finish() -> [String: String] {
    line(rest[...])
    endStanza()
    return newer
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
    let found = DebianVersion(version)
    if own < found, newer[key].map({ DebianVersion($0) < found }) ?? true { newer[key] = version }
  }
}
