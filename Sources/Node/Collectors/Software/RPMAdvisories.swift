import XML
import Packages

/// What a repository says of updates: why they were made, and how severe what they mend is.
struct RPMAdvisory: Sendable {
  var id = ""
  /// `security`, `bugfix`, `enhancement` or `newpackage`.
  var kind = ""
  var title = ""
  var severity = ""
  /// The CVE numbers that it refers to.
  var cveIDs: [String] = []
}

/// Reads `updateinfo.xml` and keeps the advisories that speak of packages that are asked for.
final class RPMAdvisoryReader: XMLHandler {
  /// CVE numbers of one advisory that are kept; those of a kernel have some hundred.
  private static let cveMax = 1000

  /// Whether this version of a package, by `name.architecture`, is one that may be installed.
  private let isWanted: (String, RPMVersion) -> Bool
  private let take: (String, RPMAdvisory) -> Void
  private var advisory = RPMAdvisory()
  /// The packages of the advisory that are wanted.
  private var packages: Set<String> = []

  /// Takes the question, and who gets each package with its advisory.
  init(
    isWanted: @escaping (String, RPMVersion) -> Bool,
    take: @escaping (String, RPMAdvisory) -> Void
  ) {
    self.isWanted = isWanted
    self.take = take
  }

  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest {
    switch name {
    case "update":
      advisory = RPMAdvisory(kind: attributes["type"] ?? "")
      packages = []
      return .children
    case "id", "title", "severity": return .text
    case "updates", "references", "pkglist", "collection": return .children
    case "reference":
      if attributes["type"] == "cve", let id = attributes["id"],
        advisory.cveIDs.count < Self.cveMax
      {
        advisory.cveIDs.append(id)
      }
    case "package":
      guard let package = attributes["name"], let architecture = attributes["arch"] else { break }
      let key = "\(package).\(architecture)"
      let version = RPMVersion(
        epoch: attributes["epoch"], version: attributes["version"] ?? "",
        release: attributes["release"] ?? "")
      if isWanted(key, version) { packages.insert(key) }
    default: break
    }
    return .nothing
  }

  func ends(_ name: String, text: String) {
    switch name {
    case "id": advisory.id = text.trimmed
    case "title": advisory.title = text.trimmed
    case "severity": advisory.severity = text.trimmed
    case "update": for package in packages { take(package, advisory) }
    default: break
    }
  }
}
