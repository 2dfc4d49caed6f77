package import Inventory
import Packages

/// The packages that dpkg has installed, read from its own files.
package struct DpkgPackages: PackageSource {
  static let path = "var/lib/dpkg/status"
  /// A file for each package that is installed, in images that are built without dpkg.
  static let folder = "var/lib/dpkg/status.d"

  package init() {}

  /// Whether dpkg's files are on a machine.
  package func isThere(on machine: Machine) -> Bool {
    machine.exists(Self.path) || machine.exists(Self.folder)
  }

  /// The packages of a folder; each has the fields of the status file but the status.
  ///
  /// Throws where a file cannot be read.
  static func packages(inFolder folder: String, on machine: Machine) throws(CollectorError)
    -> [DpkgPackage]
  {
    var packages: [DpkgPackage] = []
    // Beside a package lies the list of its files.
    for name in try machine.names(in: folder) where !name.hasSuffix(".md5sums") {
      for var package in DpkgStatusReader.packages(in: try machine.bytes(of: "\(folder)/\(name)")) {
        if package.state == nil {
          (package.want, package.flag, package.state) = ("install", "ok", .installed)
        }
        packages.append(package)
      }
      guard packages.count <= DpkgStatusReader.packagesMax else {
        throw CollectorError(
          "\(machine.path(folder)) has more than \(DpkgStatusReader.packagesMax) packages")
      }
    }
    return packages
  }

  /// What is installed, by dpkg's files.
  package func packages(on machine: Machine) throws -> [Item] {
    try machine.dpkgPackages().lazy.filter(\.isInstalled).map {
      Self.item(of: $0, installedAt: Self.installedTime(of: $0, on: machine))
    }
  }

  /// The sources of what is installed.
  package func sources(on machine: Machine) throws -> [Item]? {
    try machine.dpkgPackages().lazy.filter(\.isInstalled).map(Self.sourceItem)
  }

  /// The item of a package's source.
  package static func sourceItem(of package: DpkgPackage) -> Item {
    let source = SourcePackage(
      dpkgField: package.source, ofPackage: package.name, package.version)
    return Item([
      "Name": AgentForm.field(package.name), "Version": AgentForm.field(package.version),
      "Architecture": AgentForm.architecture(package.architecture),
    ]).withSource(source)
  }

  /// dpkg writes a package's list of files whenever it unpacks it, and not again.
  ///
  /// Packages of which several architectures can be installed side by side have the architecture in
  /// the file's name.
  static func installedTime(of package: DpkgPackage, on machine: Machine) -> Instant? {
    let info = "var/lib/dpkg/info/\(package.name)"
    let seconds =
      machine.modificationSeconds(of: "\(info):\(package.architecture).list")
      ?? machine.modificationSeconds(of: "\(info).list")
    return seconds.map(Instant.init(seconds:))
  }

  /// The item of a package; the time is left out where it is unknown.
  package static func item(of package: DpkgPackage, installedAt: Instant?) -> Item {
    var values = [
      "Name": AgentForm.field(package.name),
      "Version": AgentForm.field(package.version),
      "Publisher": AgentForm.field(package.maintainer),
      "Architecture": AgentForm.architecture(package.architecture),
      "PackageId": AgentForm.packageID(
        name: package.name, version: package.version, architecture: package.architecture),
    ]
    // The agent leaves these out where they are empty.
    if !package.section.isEmpty { values["ApplicationType"] = AgentForm.field(package.section) }
    if !package.homepage.isEmpty { values["URL"] = AgentForm.field(package.homepage) }
    if !package.summary.isEmpty { values["Summary"] = AgentForm.field(package.summary) }
    values["InstalledTime"] = installedAt?.description
    return Item(values)
  }
}
