import XML

/// A repository that dnf or yum may install from.
struct RPMRepository: Sendable {
  let id: String
  /// Of several repositories with packages of one name those with the lowest number count alone.
  let priority: Int
  /// Where its metadata lie.
  let metadata: RPMMetadata?
}

/// The metadata of a repository as dnf or yum fetched them.
struct RPMMetadata: Sendable {
  /// Bytes of `repomd.xml`, which names the others.
  private static let indexBytesMax = 4 << 20

  /// The list of packages; nil where it is not there.
  let primary: String?
  /// What is said of updates; nil where it is not there.
  let advisories: String?
  /// When they were fetched, or found unchanged, in seconds since 1970.
  let fetchedSeconds: Int64

  /// Reads `repomd.xml` in a folder; throws where it is none or names files outside of the folder.
  ///
  /// With `isFlat` the files lie beside it, as yum has them.
  init(in folder: String, isFlat: Bool, on machine: Machine) throws(CollectorError) {
    let path = folder + (isFlat ? "/repomd.xml" : "/repodata/repomd.xml")
    let index = RepositoryIndex()
    var paths: [String: String] = [:]
    try machine.readXML(path, max: Self.indexBytesMax, into: index)
    for (kind, location) in index.locations {
      let parts = location.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, parts[0] == "repodata", !parts[1].isEmpty, parts[1] != "..",
        !location.utf8.contains(0)
      else {
        throw CollectorError("\(machine.path(path)) names a file outside of it: \(location)")
      }
      let name = isFlat ? String(parts[1]) : location
      paths[kind] = "\(folder)/\(name)"
    }
    func first(_ names: String?...) -> String? {
      names.compactMap { $0 }.first { machine.exists($0) }
    }
    // yum unpacks what it fetches, and rather fetches a database than a document.
    let unpacked = isFlat ? folder + "/gen/" : nil
    primary = first(
      paths["primary"], unpacked.map { $0 + "primary.xml" },
      unpacked.map { $0 + "primary_db.sqlite" })
    advisories = first(paths["updateinfo"], unpacked.map { $0 + "updateinfo.xml" })
    // dnf touches a list that it found unchanged.
    fetchedSeconds =
      [path, primary].compactMap { $0 }
      .compactMap { machine.modificationSeconds(of: $0) }.max() ?? 0
  }
}

/// Reads `repomd.xml`.
private final class RepositoryIndex: XMLHandler {
  private(set) var locations: [String: String] = [:]
  private var kind = ""

  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest {
    switch name {
    case "repomd": return .children
    case "data":
      kind = attributes["type"] ?? ""
      return .children
    case "location":
      locations[kind] = attributes["href"]
      return .nothing
    default: return .nothing
    }
  }

  func ends(_ name: String, text: String) {}
}

/// The repositories that are switched on, with the metadata that were fetched of them.
struct RPMRepositories {
  private static let folders = ["etc/yum.repos.d", "etc/yum/repos.d", "etc/distro.repos.d"]
  private static let files = ["etc/dnf/dnf.conf", "etc/yum.conf"]
  /// dnf's folders have one for each repository, yum's have them by architecture and release.
  private static let caches = ["var/cache/dnf", "var/cache/libdnf5"]
  private static let yumCaches = ["var/cache/yum", "var/cache/yum/*", "var/cache/yum/*/*"]
  /// Bytes of a file that names repositories.
  private static let configurationBytesMax = 4 << 20

  let enabled: [RPMRepository]

  /// Reads the configuration and looks for metadata; throws where one of the files makes no sense.
  init(on machine: Machine) throws(CollectorError) {
    var sections: [String: [String: String]] = [:]
    let names = Self.folders.flatMap { folder in
      ((try? machine.names(in: folder)) ?? []).filter { $0.hasSuffix(".repo") }
        .map { "\(folder)/\($0)" }
    }
    for name in Self.files + names where machine.exists(name) {
      let bytes = try machine.bytes(of: name, max: Self.configurationBytesMax)
      sections.merge(Self.sections(String(decoding: bytes, as: UTF8.self))) { $1 }
    }
    sections["main"] = nil
    let places = Self.places(on: machine)
    var enabled: [RPMRepository] = []
    for (id, options) in sections.sorted(by: { $0.key < $1.key }) {
      guard ["1", "yes", "true", "on"].contains(options["enabled"]?.lowercased() ?? "1") else {
        continue
      }
      let priority = options["priority"].flatMap { Int($0) } ?? 99
      // Of several folders (another address, an older release) the one that was fetched last.
      var newest: RPMMetadata?
      for place in places where place.isOf(id) {
        let metadata = try RPMMetadata(in: place.folder, isFlat: place.isFlat, on: machine)
        if metadata.fetchedSeconds > newest?.fetchedSeconds ?? .min { newest = metadata }
      }
      enabled.append(RPMRepository(id: id, priority: priority, metadata: newest))
    }
    self.enabled = enabled
  }

  /// The options of each section of a configuration; a line that begins with a blank goes on.
  private static func sections(_ text: String) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var section = ""
    for line in text.split(whereSeparator: \.isNewline) {
      guard let first = line.first, first != "#", first != ";", !first.isWhitespace else {
        continue
      }
      if first == "[" {
        section = line.dropFirst().prefix { $0 != "]" }.trimmed
        sections[section, default: [:]]["enabled"] = sections[section]?["enabled"]
      } else if let equals = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
        let name = line[..<equals].trimmed.lowercased()
        sections[section, default: [:]][name] = line[line.index(after: equals)...].trimmed
      }
    }
    return sections
  }

  /// A folder with the metadata of one repository.
  private struct Place {
    var folder: String
    var name: Substring
    var isFlat: Bool

    /// dnf puts a dash and 16 digits behind the repository's name, made of its address.
    func isOf(_ id: String) -> Bool {
      if isFlat { return name == id }
      return name.utf8.count == id.utf8.count + 17 && name.hasPrefix(id + "-")
        && name.suffix(16).allSatisfy(\.isHexDigit)
    }
  }

  private static func places(on machine: Machine) -> [Place] {
    var places: [Place] = []
    for cache in caches {
      for name in (try? machine.names(in: cache)) ?? []
      where machine.exists("\(cache)/\(name)/repodata/repomd.xml") {
        places.append(Place(folder: "\(cache)/\(name)", name: Substring(name), isFlat: false))
      }
    }
    for cache in yumCaches.flatMap({ machine.expand($0) }) {
      for name in (try? machine.names(in: cache)) ?? []
      where machine.exists("\(cache)/\(name)/repomd.xml") {
        places.append(Place(folder: "\(cache)/\(name)", name: Substring(name), isFlat: true))
      }
    }
    return places
  }
}
