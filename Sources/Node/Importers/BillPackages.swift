import Collectors
import Inventory
import JSONTape
import Packages

/// A component of a bill of materials, as far as it is wanted.
struct BillComponent {
  /// Texts that are package URLs, or are meant to be.
  var packageURLs: [String] = []
  /// The component's own name and version.
  var name: String?
  var version: String?
  var publisher: String?
  var summary: String?
  var homepage: String?
  /// Files that the component was found in.
  var files: [String] = []
  /// The source that a package was built from, where the bill names it beside the package URL.
  var source: BillSource?
  /// Whether the bill says that it is the source of packages.
  var isSource = false
}

/// The packages of one bill.
struct BillPackages {
  private var list = PackageList()
  private(set) var count = 0
  /// Packages of kinds that no type is for, and those without a package URL.
  private var others: [String: Int] = [:]
  /// The first package URL of each type that cannot be read.
  private var unread: [TypeName: String] = [:]

  mutating func add(_ component: BillComponent) {
    count += 1
    var urls: [PackageURL] = []
    for text in component.packageURLs {
      if let url = PackageURL(text) {
        urls.append(url)
      } else if let kind = PackageURL.type(of: text).flatMap(PackageKind.init(packageURLType:)) {
        if unread[kind.type] == nil { unread[kind.type] = text }
      }
    }
    if urls.isEmpty { others["no package URL", default: 0] += 1 }
    for url in Self.distinct(urls) {
      guard let kind = PackageKind(packageURLType: url.type) else {
        others[url.type.printable, default: 0] += 1
        continue
      }
      for package in component.packages(url, kind) { list.add(package) }
    }
  }

  /// The URLs without those that say less of a package that another of them names too.
  private static func distinct(_ urls: [PackageURL]) -> [PackageURL] {
    let full = urls.filter { $0.qualifiers["arch"] != nil && $0.qualifiers["arch"] != "source" }
    return urls.filter { url in
      url.qualifiers["arch"] != nil
        || !full.contains { ($0.type, $0.name, $0.version) == (url.type, url.name, url.version) }
    }
  }

  /// The types with all their packages; one of which a package cannot be read is not among them.
  func content(
    of path: String, warnings: inout Warnings
  ) -> [(type: TypeName, items: [Item])] {
    var others = others
    if list.leftOutCount > 0 { others["sources and keys"] = list.leftOutCount }
    if !others.isEmpty {
      let kinds = others.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      warnings.add("\(path): left out by kind: \(kinds.prefix(20).joined(separator: ", "))")
    }
    for (type, text) in unread.sorted(by: { $0.key < $1.key }) {
      warnings.add(
        "\(path): \(type) is left out, because a package URL cannot be read:"
          + " \(Collectors.text(cutTo: 100, text).printable)")
    }
    return list.content.filter { type, _ in
      unread[type == .packageSource ? .application : type] == nil
    }
  }
}

extension BillComponent {
  /// The packages that a package URL names: one, or one for each folder where it was found.
  fileprivate func packages(_ url: PackageURL, _ kind: PackageKind) -> [ForeignPackage] {
    var package = ForeignPackage(
      kind, name: ownName(url, kind), version: url.version ?? version ?? "")
    package.architecture = url.qualifiers["arch"] ?? ""
    if kind.isOfSystem, isSource || url.isSource { package.architecture = "source" }
    package.epoch = url.qualifiers["epoch"]
    package.publisher = publisher.map { kind == .debian || kind == .apk ? Self.address($0) : $0 }
    package.summary = summary
    package.homepage = homepage
    package.platform = url.qualifiers["platform"]
    let upstream = url.qualifiers["upstream"]
    if kind == .rpm, let upstream, upstream.hasSuffix(".rpm") { package.sourceFile = upstream }
    package.source =
      upstream.flatMap { SourcePackage(upstream: $0, ofVersion: package.item["Version"] ?? "") }
      ?? source?.package(of: kind)
    let folders = PackageFolder.all(of: kind, name: package.name, files: files)
    guard !folders.isEmpty else { return [package] }
    return folders.map { folder in
      var found = package
      found.path = folder
      return found
    }
  }

  /// The name as the collector has it.
  ///
  /// Package URLs have the names of PyPI and npm in another form than the packages themselves; the
  /// component's own name counts where it is the same name.
  private func ownName(_ url: PackageURL, _ kind: PackageKind) -> String {
    switch kind {
    case .python:
      if let name, Self.normal(name) == Self.normal(url.name) { return name }
      return url.name.lowercased().replacing("_", with: "-")
    case .node:
      guard let scope = url.namespace else {
        return name?.lowercased() == url.name.lowercased() ? name ?? url.name : url.name
      }
      // Nothing but a scope stands before a slash, and each begins with an at sign.
      return (scope.hasPrefix("@") ? "" : "@") + scope + "/" + url.name
    default: return url.name
    }
  }

  /// PEP 503's form of a name.
  private static func normal(_ name: String) -> String {
    name.lowercased().split { "-_.".contains($0) }.joined(separator: "-")
  }

  /// `Someone (s@example.org)`, as SPDX writes it, in the form of Debian and Alpine.
  private static func address(_ text: String) -> String {
    guard text.hasSuffix(")"), let open = text.lastIndex(of: "("),
      text[open...].contains("@")
    else { return text }
    return text[..<open] + "<" + text[text.index(after: open)...].dropLast() + ">"
  }
}

/// A source as bills name it beside a package URL.
struct BillSource: Equatable {
  var name: String
  var version: String
  var release: String?
  var epoch: String?

  /// trivy's words of CycloneDX, `SrcName`, `SrcVersion`, `SrcRelease` and `SrcEpoch`; nil without the first
  /// two.
  init?(properties: [String: String]) {
    guard let name = properties["SrcName"], let version = properties["SrcVersion"], !name.isEmpty
    else { return nil }
    (self.name, self.version) = (name, version)
    (release, epoch) = (properties["SrcRelease"], properties["SrcEpoch"])
  }

  /// trivy's words of SPDX, `built package from: glibc 2.36-9`.
  init?(sourceInfo text: String) {
    guard let start = text.firstRange(of: "built package from: ") else { return nil }
    let words = text[start.upperBound...].split(separator: " ")
    guard words.count == 2 else { return nil }
    let (epoch, version) = ForeignPackage.splitEpoch(String(words[1]))
    (name, self.version, self.epoch) = (String(words[0]), version, epoch)
  }

  /// The source, in the form of the package manager: rpm's names tell no epoch.
  func package(of kind: PackageKind) -> SourcePackage {
    var full = version + (release.map { $0.isEmpty ? "" : "-\($0)" } ?? "")
    if kind == .debian, let epoch, !RpmForm.isNone(epoch) { full = "\(epoch):\(full)" }
    return SourcePackage(name: name, version: full)
  }
}

extension PackageURL {
  /// Whether it names the source of packages and not a package.
  fileprivate var isSource: Bool {
    if qualifiers["type"] == "source" || qualifiers["kind"] == "source" { return true }
    if ["true", "yes", "1"].contains(qualifiers["source"]) { return true }
    let file = qualifiers["file_name"] ?? ""
    return [".src.rpm", ".nosrc.rpm", ".dsc"].contains { file.hasSuffix($0) }
  }
}

/// Where packages of languages lie, by the files that describe them.
enum PackageFolder {
  /// The folders in the order of their names, each once; none where no file tells one.
  static func all(of kind: PackageKind, name: String, files: [String]) -> [String] {
    Set(files.compactMap { one(of: kind, name: name, file: $0) }).sorted()
  }

  /// The folder that the collector would name for a package that is described by a file; nil where
  /// the file is another one, such as a list of what a program needs.
  static func one(of kind: PackageKind, name: String, file: String) -> String? {
    var parts = file.split(separator: "/", omittingEmptySubsequences: true)[...]
    guard let last = parts.popLast() else { return nil }
    switch kind {
    case .python:
      if last.hasSuffix(".egg-info") || last.hasSuffix(".dist-info") { break }
      guard last == "METADATA" || last == "PKG-INFO", let folder = parts.popLast(),
        folder.hasSuffix(".dist-info") || folder.hasSuffix(".egg-info")
      else { return nil }
    case .node:
      // @scope/name/package.json, or name/package.json.
      guard last == "package.json", name.hasSuffix(String(parts.last ?? "/")) else { return nil }
    case .gem:
      guard last.hasSuffix(".gemspec"), parts.contains("specifications") else { return nil }
    default: return nil
    }
    return "/" + parts.joined(separator: "/")
  }
}
