import Glibc
import SQLite
import XML
import Packages

/// The best version that the repositories have of each package of which some version is installed.
///
/// A package is here a name and an architecture. Memory: one entry for each, however many packages the
/// repositories have.
struct RPMCandidates {
  /// Bytes of a list of packages, unpacked; the largest there are have some 700 MB.
  static let listBytesMax = 2 << 30

  /// By `name.architecture`.
  private(set) var best: [String: RPMVersion] = [:]
  /// The priority of the repositories that have a name, which those with a higher number do not add to.
  private var priorities: [String: Int] = [:]

  /// Reads the list of a repository; throws where it is missing or makes no sense.
  ///
  /// Repositories are read in the order of their priorities, the lowest number first. `installed` has
  /// the names and architectures of which there can be updates.
  mutating func read(
    _ path: String, priority: Int, installed: RPMInstalled, on machine: Machine
  ) throws(CollectorError) {
    let listed =
      path.hasSuffix(".sqlite")
      ? try Self.database(path, installed, on: machine)
      : try Self.document(path, installed, on: machine)
    for (name, packages) in listed.best where priorities[name, default: priority] == priority {
      priorities[name] = priority
      best.merge(packages) { max($0, $1) }
    }
  }

  private static func document(
    _ path: String, _ installed: RPMInstalled, on machine: Machine
  ) throws(CollectorError) -> ListedPackages {
    let reader = PrimaryReader(installed)
    try machine.readXML(path, max: listBytesMax, into: reader)
    guard reader.isList else {
      throw CollectorError("\(machine.path(path)) is no list of packages of a repository")
    }
    return reader.listed
  }

  /// Reads the database that yum 3 fetches in the place of `primary.xml`.
  private static func database(
    _ path: String, _ installed: RPMInstalled, on machine: Machine
  ) throws(CollectorError) -> ListedPackages {
    guard let status = machine.status(of: path), machine.isFile(path),
      status.st_size <= listBytesMax
    else {
      throw CollectorError(
        "\(machine.path(path)) is no regular file, or has more than \(listBytesMax) bytes")
    }
    let place = try machine.realPath(of: path)
    var listed = ListedPackages(installed: installed)
    do throws(SQLiteFault) {
      let file = try SQLiteFile(path: place)
      let wanted: Set = ["name", "arch", "epoch", "version", "release"]
      guard try file.columns(ofTable: "packages")?.isSuperset(of: wanted) == true else {
        throw SQLiteFault(reason: "is no list of packages of a repository")
      }
      try file.rows("SELECT name, arch, epoch, version, release FROM packages") { row in
        guard let name = row.text(at: 0), installed.names.contains(name) else { return }
        listed.add(
          name, row.text(at: 1) ?? "",
          RPMVersion(
            epoch: row.text(at: 2), version: row.text(at: 3) ?? "", release: row.text(at: 4) ?? ""))
      }
    } catch {
      throw CollectorError("\(machine.path(path)) \(error.reason)")
    }
    return listed
  }
}

/// The newest version of each package that a list has.
private struct ListedPackages {
  let installed: RPMInstalled
  /// By name, and then by `name.architecture`.
  private(set) var best: [String: [String: RPMVersion]] = [:]

  init(installed: RPMInstalled) { self.installed = installed }

  mutating func add(_ name: String, _ architecture: String, _ version: RPMVersion) {
    guard installed.architectures.contains(architecture),
      installed.namesOfModules.contains(name) == version.isOfModule
    else { return }
    best[name, default: [:]].merge(["\(name).\(architecture)": version]) { max($0, $1) }
  }
}

/// Reads `primary.xml`.
private final class PrimaryReader: XMLHandler {
  private(set) var listed: ListedPackages
  private var installed: RPMInstalled { listed.installed }
  /// Whether the document is a list of packages at all.
  private(set) var isList = false
  private var name = ""
  private var architecture = ""
  private var version: RPMVersion?

  init(_ installed: RPMInstalled) { listed = ListedPackages(installed: installed) }

  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest {
    switch name {
    case "metadata":
      isList = true
      return .children
    case "package":
      (self.name, architecture, version) = ("", "", nil)
      return .children
    case "name": return .text
    // Most packages are not installed; the name comes first, and the rest is passed over.
    case "arch": return installed.names.contains(self.name) ? .text : .nothing
    case "version":
      guard installed.names.contains(self.name) else { return .nothing }
      version = RPMVersion(
        epoch: attributes["epoch"], version: attributes["ver"] ?? "",
        release: attributes["rel"] ?? "")
      return .nothing
    default: return .nothing
    }
  }

  func ends(_ name: String, text: String) {
    switch name {
    case "name": self.name = text
    case "arch": architecture = text
    case "package": if let version { listed.add(self.name, architecture, version) }
    default: break
    }
  }
}
