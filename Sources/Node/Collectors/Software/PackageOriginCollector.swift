public import Inventory

/// Whose packages are: the archive that apt has them from, the vendor whom rpm names.
///
/// dpkg does not keep where a package came from. What apt's lists have tells it; a machine without lists
/// says nothing, so that nothing is lost when they are cleared. An item has no version: an upgrade from the
/// same archive is no change of it.
public struct PackageOriginCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:PackageOrigin`.
  public var type: TypeName { .packageOrigin }

  /// One item for each package whose origin is known; throws where nothing tells of any.
  public func collect(from machine: Machine) throws -> [Item] {
    var told: [[Item]] = []
    // Without a list that says whose it is, there is nothing to tell of dpkg's packages.
    if machine.exists(DpkgPackages.path), let items = try Self.ofApt(machine) { told.append(items) }
    if RPMPackages().isThere(on: machine) { told.append(try Self.ofRPM(machine)) }
    guard !told.isEmpty else {
      throw CollectorError.unavailable("there is neither a list of apt nor a database of rpm")
    }
    return told.flatMap { $0 }
  }

  private static func ofApt(_ machine: Machine) throws -> [Item]? {
    guard machine.exists(AptLists.folder) else { return nil }
    let lists = try machine.aptLists()
    guard lists.fetchedSeconds != nil else { return nil }
    return try machine.dpkgPackages().filter(\.isInstalled).compactMap { package in
      lists.origin(of: package).map { origin in
        item(package.name, AgentForm.architecture(package.architecture), origin)
      }
    }
  }

  private static func ofRPM(_ machine: Machine) throws -> [Item] {
    // Several versions of a kernel are one item.
    var seen: Set<Item> = []
    return try machine.rpmPackages().compactMap { package in
      guard let vendor = package["Publisher"], !vendor.isEmpty else { return nil }
      let item = item(package["Name"] ?? "", package["Architecture"] ?? "", vendor)
      return seen.insert(item).inserted ? item : nil
    }
  }

  private static func item(_ name: String, _ architecture: String, _ origin: String) -> Item {
    [
      "Name": AgentForm.field(name), "Architecture": architecture,
      "Origin": AgentForm.field(origin),
    ]
  }
}
