import Inventory

/// The packages that opkg has installed, as OpenWrt, Yocto and Entware have it.
struct OpkgPackages: PackageSource {
  static let paths = ["usr/lib/opkg/status", "var/lib/opkg/status", "opt/lib/opkg/status"]

  func isThere(on machine: Machine) -> Bool { Self.paths.contains { machine.exists($0) } }

  func packages(on machine: Machine) throws -> [Item] {
    try Self.paths.filter { machine.exists($0) }.flatMap { path in
      DpkgStatusReader.packages(in: try machine.bytes(of: path)).filter(Self.isInstalled)
        .map(Self.item)
    }
  }

  /// opkg has other words than dpkg between what is wanted and what is, `install user installed`, and
  /// leaves packages of an image unpacked until its first start.
  private static func isInstalled(_ package: DpkgPackage) -> Bool {
    package.state == .installed || package.state == .unpacked
  }

  private static func item(_ package: DpkgPackage) -> Item {
    var values = [
      "Name": AgentForm.field(package.name), "Version": AgentForm.field(package.version),
      "Publisher": AgentForm.field(package.maintainer),
      "Architecture": AgentForm.architecture(package.architecture),
    ]
    if !package.section.isEmpty { values["ApplicationType"] = AgentForm.field(package.section) }
    if !package.homepage.isEmpty { values["URL"] = AgentForm.field(package.homepage) }
    if !package.summary.isEmpty { values["Summary"] = AgentForm.field(package.summary) }
    values["InstalledTime"] = Int64(package.installedTime).flatMap { seconds in
      (0...(1 << 40)).contains(seconds) ? Instant(seconds: seconds).description : nil
    }
    return Item(values)
  }
}
