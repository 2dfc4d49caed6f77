public import Inventory

/// The packages that dpkg knows and that are not plainly installed: held, half-installed, removed with
/// their configuration left.
public struct PackageStateCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:PackageState`.
  public var type: TypeName { .packageState }

  /// One item for each such package; none where there is no dpkg.
  public func collect(from machine: Machine) throws -> [Item] {
    guard machine.exists(DpkgPackages.path) else { return [] }
    let packages = try machine.dpkgPackages()
    return packages.compactMap { package in
      guard package.want != "install" || package.flag != "ok" || package.state != .installed,
        package.state != .notInstalled, !package.want.isEmpty
      else { return nil }
      return [
        "Name": package.name, "Architecture": AgentForm.architecture(package.architecture),
        "Version": package.version, "Want": package.want, "Flag": package.flag,
        "State": package.state?.rawValue ?? "unknown",
      ]
    }
  }
}
