import XMLReading

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
    let reader = PrimaryReader(installed)
    try machine.readXML(path, max: Self.listBytesMax, into: reader)
    guard reader.isList else {
      throw CollectorError("\(machine.path(path)) is no list of packages of a repository")
    }
    for (name, packages) in reader.best where priorities[name, default: priority] == priority {
      priorities[name] = priority
      best.merge(packages) { max($0, $1) }
    }
  }
}

/// Reads `primary.xml`.
private final class PrimaryReader: XMLHandler {
  private let installed: RPMInstalled
  /// By name, and then by `name.architecture`.
  private(set) var best: [String: [String: RPMVersion]] = [:]
  /// Whether the document is a list of packages at all.
  private(set) var isList = false
  private var name = ""
  private var architecture = ""
  private var version: RPMVersion?

  init(_ installed: RPMInstalled) { self.installed = installed }

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
    case "package":
      guard let version, installed.architectures.contains(architecture) else { return }
      let key = "\(self.name).\(architecture)"
      best[self.name, default: [:]].merge([key: version]) { max($0, $1) }
    default: break
    }
  }
}
