import Collectors
import Inventory
import Packages

/// A package as another program tells it, whose item is the one that the collectors would give.
///
/// Bills, agents and facts all go through this, so that they agree with each other and with the
/// collectors on what a package is: which are left out, which type an ecosystem has, and how name,
/// version, epoch, release and architecture are written.
struct ForeignPackage {
  /// Whose package it is; what it is called elsewhere is in ``PackageKind``.
  var kind: PackageKind
  /// As the ecosystem writes it, `@scope/name` for Node.
  var name: String
  /// For rpm with the release behind the last dash, unless ``release`` has it.
  var version: String
  /// Only of rpm.
  var release: String?
  /// Where the source tells it apart from the version; nil where it says nothing of one.
  var epoch: String?
  /// In the package manager's own words; empty where it is not known.
  var architecture = ""
  var publisher: String?
  var summary: String?
  var homepage: String?
  /// Debian's section, rpm's group.
  var section: String?
  /// The file that rpm built the package from, `bash-5.1.8-9.el9.src.rpm`.
  var sourceFile: String?
  /// The source that it was built from; nil where it is not known.
  var source: SourcePackage?
  /// Of packages of languages: the folder where they are; empty where it is not known.
  var path = ""
  /// Of gems: what they were built for.
  var platform: String?

  /// Makes a package of which little is known.
  init(_ kind: PackageKind, name: String, version: String) {
    self.kind = kind
    self.name = name
    self.version = version
  }

  /// Whether it is a package that is installed: the sources of one are not, nor are the keys that rpm
  /// lists among its packages.
  var isInstalled: Bool {
    guard kind.isOfSystem else { return true }
    if ["source", "src", "nosrc", "dsc"].contains(architecture) { return false }
    return !(kind == .rpm && name == "gpg-pubkey")
  }

  /// The item, as the collectors write it.
  var item: Item {
    switch kind {
    case .python, .node:
      return ImportedItem.item(["Name": name, "Version": version, "Path": path])
    case .gem: return gem
    case .rpm: return rpm
    default:
      var values = common
      values["Version"] = AgentForm.field(fullVersion)
      if kind == .debian, !architecture.isEmpty {
        values["PackageId"] = AgentForm.packageID(
          name: name, version: fullVersion, architecture: architecture)
      }
      return ImportedItem.item(values)
    }
  }

  private var common: [String: String?] {
    [
      "Name": AgentForm.field(name), "Architecture": AgentForm.architecture(architecture),
      "Publisher": ImportedItem.agentField(publisher) ?? "",
      "Summary": ImportedItem.agentField(summary), "URL": ImportedItem.agentField(homepage),
      "ApplicationType": ImportedItem.agentField(section),
    ]
  }

  /// The version with the epoch in front, as dpkg and pacman write it: not `0`, and not twice.
  private var fullVersion: String {
    guard let epoch, !RpmForm.isNone(epoch), Self.splitEpoch(version).epoch == nil else {
      return version
    }
    return "\(epoch):\(version)"
  }

  private var rpm: Item {
    let (leading, rest) = Self.splitEpoch(version)
    var (version, release) = (rest, release)
    if release == nil, let dash = rest.lastIndex(of: "-") {
      version = String(rest[..<dash])
      release = String(rest[dash...].dropFirst())
    }
    var values = common
    values["Version"] = AgentForm.field(version)
    values["Release"] = .some(ImportedItem.present(release.map(AgentForm.field)))
    values["Epoch"] = .some(RpmForm.epoch(leading ?? epoch))
    values["PackageId"] = .some(ImportedItem.agentField(sourceFile))
    return ImportedItem.item(values)
  }

  private var gem: Item {
    var (version, platform) = (version, platform)
    // Bundler writes 1.13.1-x86_64-linux; a dash in a version itself stands before a word like beta.
    if let dash = version.firstIndex(of: "-"),
      GemPlatform.isOne(version[version.index(after: dash)...])
    {
      platform = String(version[version.index(after: dash)...])
      version = String(version[..<dash])
    }
    return ImportedItem.item([
      "Name": name, "Version": version, "Path": path,
      "Platform": platform == "ruby" ? nil : ImportedItem.present(platform),
    ])
  }

  /// `2:1.0` as its epoch and the rest; the epoch is nil where there is none.
  static func splitEpoch(_ version: String) -> (epoch: String?, rest: String) {
    guard let colon = version.firstIndex(of: ":"), colon > version.startIndex,
      version[..<colon].utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return (nil, version) }
    return (String(version[..<colon]), String(version[version.index(after: colon)...]))
  }
}

/// What gems are built for.
private enum GemPlatform {
  private static let processors: Set<Substring> = [
    "aarch64", "amd64", "arm", "arm64", "armv6l", "armv7l", "i386", "i486", "i586", "i686",
    "powerpc", "ppc64", "ppc64le", "riscv64", "s390x", "sparc", "universal", "x64", "x86", "x86_64",
  ]

  /// Whether a text is `java`, `x86_64-linux` or another platform of RubyGems.
  static func isOne(_ text: Substring) -> Bool {
    let first = text.prefix { $0 != "-" }
    return ["java", "jruby", "mswin32", "mswin64", "mingw32", "ruby"].contains(text)
      || processors.contains(first)
  }
}

/// Whose packages they are.
enum PackageKind: Hashable, Sendable {
  case debian, rpm, apk, arch, opkg
  /// Of a package manager that no collector reads.
  case otherSystem
  case python, node, gem

  /// Whether they are packages of the whole machine, which are of `AWS:Application`.
  var isOfSystem: Bool {
    switch self {
    case .python, .node, .gem: false
    default: true
    }
  }

  /// The type that their items are of.
  var type: TypeName {
    switch self {
    case .python: TypeName(stored: "Custom:PythonPackage")
    case .node: TypeName(stored: "Custom:NodePackage")
    case .gem: TypeName(stored: "Custom:RubyGem")
    default: .application
    }
  }

  /// By the type of a package URL; nil for kinds of packages that no type is for.
  init?(packageURLType type: String) {
    switch type {
    case "deb": self = .debian
    case "rpm": self = .rpm
    case "apk": self = .apk
    case "alpm": self = .arch
    case "opkg": self = .opkg
    case "pypi": self = .python
    case "npm": self = .node
    case "gem": self = .gem
    default: return nil
    }
  }

  /// By what the agents of FusionInventory, OCS and GLPI call it.
  init(agentName: String?) {
    switch agentName?.lowercased() {
    case "deb": self = .debian
    case "rpm": self = .rpm
    default: self = .otherSystem
    }
  }

  /// By the name of a manager of Ansible's package_facts.
  init(ansibleManager name: String) {
    switch name {
    case "apt": self = .debian
    case "rpm", "yum", "dnf", "dnf5", "zypper": self = .rpm
    case "apk": self = .apk
    case "pacman": self = .arch
    default: self = .otherSystem
    }
  }

  /// By the name of one of Puppet's providers.
  init(puppetProvider name: String) {
    switch name {
    case "apt", "dpkg", "aptitude": self = .debian
    case "rpm", "yum", "dnf", "dnfmodule", "tdnf", "zypper", "up2date", "urpmi", "aptrpm":
      self = .rpm
    case "apk": self = .apk
    case "pacman": self = .arch
    case "opkg": self = .opkg
    case "pip", "pip2", "pip3": self = .python
    case "npm": self = .node
    case "gem", "puppet_gem", "puppetserver_gem": self = .gem
    default: self = .otherSystem
    }
  }
}

/// Puts the packages of one source together, one item for each.
struct PackageList {
  private var order: [TypeName: [[String?]]] = [:]
  private var items: [TypeName: [[String?]: Item]] = [:]
  /// Sources and keys, which are no installed packages.
  private(set) var leftOutCount = 0
  private var sources = SourceList()

  /// Takes a package, unless it is none that is installed.
  ///
  /// One that is there already, told in another place of the same source, gets what it lacks.
  mutating func add(_ package: ForeignPackage) {
    guard package.isInstalled else {
      leftOutCount += 1
      return
    }
    let (type, item) = (package.kind.type, package.item)
    sources.add(item, package)
    let names =
      package.kind.isOfSystem
      ? ["Name", "Architecture", "Epoch", "Version", "Release"]
      : ["Name", "Version", "Path", "Platform"]
    let key = names.map { item[$0] }
    guard let known = items[type]?[key] else {
      items[type, default: [:]][key] = item
      order[type, default: []].append(key)
      return
    }
    let missing = item.attributes.filter { known[$0.name]?.isEmpty != false && !$0.value.isEmpty }
    let kept = known.attributes.filter { old in !missing.contains { $0.name == old.name } }
    items[type]?[key] = Item((kept + missing).map { (key: $0.name, value: $0.value) })
  }

  /// The types that there are packages of, in order, each with its items in the order of their names.
  var content: [(type: TypeName, items: [Item])] {
    let found = items.sorted { $0.key < $1.key }.map { type, table in
      (type, (order[type] ?? []).compactMap { table[$0] }.sorted(by: Item.precedes))
    }
    let sources = sources.items
    return found + (sources.isEmpty ? [] : [(.packageSource, sources)])
  }
}

/// The sources of packages that one source of them names.
private struct SourceList {
  private var told: [PackageKind: Set<Item>] = [:]
  private var untold: [PackageKind: [Item]] = [:]

  /// Takes a package and the item that it has.
  mutating func add(_ item: Item, _ package: ForeignPackage) {
    guard package.kind.isOfSystem else { return }
    if let source = package.source {
      told[package.kind, default: []].insert(item.withSource(source))
    } else {
      untold[package.kind, default: []].append(item)
    }
  }

  /// The items of `Custom:PackageSource`, in the order of their names.
  ///
  /// Who names sources of Debian and Alpine names those that are called otherwise than their packages:
  /// syft does, and who names none knows of none.
  var items: [Item] {
    var found = told.values.reduce(into: Set<Item>()) { $0.formUnion($1) }
    for kind in [PackageKind.debian, .apk] where told[kind] != nil {
      for item in untold[kind] ?? [] {
        let own = SourcePackage(name: item["Name"] ?? "", version: item["Version"] ?? "")
        found.insert(item.withSource(own))
      }
    }
    return found.sorted(by: Item.precedes)
  }
}

extension Item {
  /// An order of items by names and values, the name of the item first.
  static func precedes(_ a: Item, _ b: Item) -> Bool {
    let (first, second) = (a["Name"] ?? "", b["Name"] ?? "")
    if first != second { return first < second }
    return a.attributes.lexicographicallyPrecedes(b.attributes) {
      ($0.name, $0.value) < ($1.name, $1.value)
    }
  }
}
