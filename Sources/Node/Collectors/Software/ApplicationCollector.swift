public import Inventory

/// The packages that dpkg, rpm, apk, opkg, snap and flatpak have installed.
public struct ApplicationCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:Application`.
  public var type: TypeName { .application }

  /// `1.1`, the version that the agent of Systems Manager sends.
  public var schemaVersion: String { "1.1" }

  /// The package managers that are asked, one after the other.
  static let sources: [any PackageSource] = [
    DpkgPackages(), RPMPackages(), ApkPackages(), OpkgPackages(), SnapPackages(), FlatpakPackages(),
  ]

  /// One item for each installed package, one package manager after the other.
  ///
  /// Throws where there is none, and where one of them cannot be read: a list without the packages of
  /// one would say that they were removed.
  public func collect(from machine: Machine) throws -> [Item] { try machine.applications() }

  /// The same without looking whether it was done before.
  static func applications(on machine: Machine) throws -> [Item] {
    let there = sources.filter { $0.isThere(on: machine) }
    guard !there.isEmpty else {
      throw CollectorError(
        "\(machine.path(DpkgPackages.path)): No such file or directory, and no other package manager"
      )
    }
    return try there.flatMap { try $0.packages(on: machine) }
  }
}
