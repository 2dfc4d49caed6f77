import Inventory
import Packages

/// The packages of rpm that are installed, by what repositories know them by.
struct RPMInstalled {
  /// The name of every package.
  let names: Set<String>
  /// The architectures of all of them, and the one of packages for any machine.
  let architectures: Set<String>
  /// The names of packages that are of a module, and have updates of modules only; others have none.
  let namesOfModules: Set<String>
  private let byName: [String: [Item]]

  init(_ items: [Item]) {
    byName = Dictionary(grouping: items) { $0["Name"] ?? "" }
    names = Set(byName.keys)
    namesOfModules = Set(
      items.filter { RPMVersion($0).isOfModule }.compactMap { $0["Name"] })
    architectures = Set(items.compactMap { $0["Architecture"] }).union(["noarch"])
  }

  /// The newest installed package whose place one of this name and architecture could take.
  ///
  /// A package for any machine can become one of an architecture, and back.
  func newest(_ name: String, for architecture: String) -> Item? {
    (byName[name] ?? []).filter { item in
      [architecture, "noarch"].contains(item["Architecture"] ?? "") || architecture == "noarch"
    }.max { RPMVersion($0) < RPMVersion($1) }
  }
}

/// An installed package and the version that could be installed.
private struct RPMUpdate {
  let item: Item
  let installed: RPMVersion
  let version: RPMVersion

  /// Nil where the version is no newer than what is installed.
  init?(_ key: String, _ version: RPMVersion, _ all: RPMInstalled) {
    guard let dot = key.lastIndex(of: "."),
      let item = all.newest(String(key[..<dot]), for: String(key[dot...].dropFirst()))
    else { return nil }
    self.item = item
    self.version = version
    installed = RPMVersion(item)
    guard installed < version else { return nil }
  }
}

extension PendingUpdates {
  /// What dnf or yum could install beside what rpm has installed, from the metadata they fetched.
  ///
  /// `items` are the installed packages as `AWS:Application` has them.
  static func ofRPM(_ items: [Item], on machine: Machine) throws -> PendingUpdates {
    let repositories = try RPMRepositories(on: machine).enabled
    let fetched = repositories.compactMap { $0.metadata?.fetchedSeconds }.max()
    guard let fetched else {
      throw CollectorError.unavailable(
        "dnf and yum have no metadata of a repository that is switched on: run \"dnf makecache\" once"
      )
    }
    let installed = RPMInstalled(items)
    var warnings: [String] = []
    let found = try updates(of: repositories, installed, &warnings, on: machine)
    let advisories = try advisories(of: repositories, found, on: machine)
    let updates = found.map { key, found in
      let name = found.item["Name"] ?? ""
      var update = Update(
        name: key, title: "\(name) \(found.version.text) (installed \(found.installed.text))")
      update.explain(by: advisories[key] ?? [])
      return update
    }.sorted { $0.name < $1.name }
    let restart = RPMRestart(items, on: machine)
    return PendingUpdates(
      updates: updates, installedCount: items.count - Set(found.values.map(\.item)).count,
      waiting: restart.waiting, waitingCount: restart.waiting.count,
      needsRestart: restart.isKnown ? !restart.waiting.isEmpty : nil, fetchedSeconds: fetched,
      warnings: warnings)
  }

  /// What could be installed, by `name.architecture`.
  private static func updates(
    of repositories: [RPMRepository], _ installed: RPMInstalled, _ warnings: inout [String],
    on machine: Machine
  ) throws(CollectorError) -> [String: RPMUpdate] {
    var candidates = RPMCandidates()
    for repository in repositories.sorted(by: { $0.priority < $1.priority }) {
      // A repository that could never be reached must not hide what the others have.
      guard let path = repository.metadata?.primary else {
        warnings.append(
          "the repository \(repository.id) is switched on and has no list of packages")
        continue
      }
      try candidates.read(
        path, priority: repository.priority, installed: installed, on: machine)
    }
    var updates: [String: RPMUpdate] = [:]
    for (key, version) in candidates.best { updates[key] = RPMUpdate(key, version, installed) }
    return updates
  }

  /// The advisories of every version between the installed one and the new one, that included.
  private static func advisories(
    of repositories: [RPMRepository], _ updates: [String: RPMUpdate], on machine: Machine
  ) throws(CollectorError) -> [String: [RPMAdvisory]] {
    var advisories: [String: [RPMAdvisory]] = [:]
    for repository in repositories {
      guard let path = repository.metadata?.advisories else { continue }
      let reader = RPMAdvisoryReader { key, version in
        updates[key].map { $0.installed < version && version <= $0.version } ?? false
      } take: { key, advisory in
        advisories[key, default: []].append(advisory)
      }
      try machine.readXML(path, max: RPMCandidates.listBytesMax, into: reader)
    }
    return advisories
  }
}

extension PendingUpdates.Update {
  private static let kinds = [
    "security": "Security", "bugfix": "Bugfix", "enhancement": "Enhancement",
    "newpackage": "Newpackage",
  ]
  /// Kinds and severities, the gravest first.
  private static let order = ["security", "bugfix", "enhancement", "newpackage"]
  private static let severities = ["Critical", "Important", "Moderate", "Medium", "Low"]

  /// The place in ``severities``; some repositories write them small.
  private static func severity(_ advisory: RPMAdvisory) -> Int? {
    severities.firstIndex { $0.lowercased() == advisory.severity.lowercased() }
  }

  /// Takes the gravest kind and severity of all, and the title of the advisory that has them.
  mutating func explain(by advisories: [RPMAdvisory]) {
    func rank(_ advisory: RPMAdvisory) -> (Int, Int, String) {
      (
        Self.order.firstIndex(of: advisory.kind) ?? Self.order.count,
        Self.severity(advisory) ?? Self.severities.count,
        advisory.id
      )
    }
    guard let gravest = advisories.min(by: { rank($0) < rank($1) }) else { return }
    classification = Self.kinds[gravest.kind] ?? classification
    if let severity = advisories.compactMap(Self.severity).min() {
      self.severity = Self.severities[severity]
    }
    if !gravest.title.isEmpty { title += ": \(gravest.title)" }
    cveIDs = Set(advisories.flatMap(\.cveIDs)).sorted()
    advisoryIDs = Set(advisories.map(\.id)).sorted()
  }
}
