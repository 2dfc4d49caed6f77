import Inventory
import Packages

/// The kernels that package managers have installed, and which of them is the newest.
struct InstalledKernels {
  /// A package that is a kernel.
  struct Kernel {
    /// The package.
    let package: String
    /// Its version, as its package manager shows it.
    let version: String
    /// What it calls itself when it runs.
    let release: String
    /// What sort it is of: `amd64`, `generic`; of rpm the package's name.
    fileprivate let flavour: String
    fileprivate let order: Order

    fileprivate enum Order {
      case debian(DebianVersion)
      case rpm(RPMVersion)
    }
  }

  /// In the order of their versions, the oldest first.
  private let kernels: [Kernel]

  /// Whether there are none.
  var isEmpty: Bool { kernels.isEmpty }

  /// Finds them among the packages of dpkg and of rpm; throws where these cannot be read.
  init(on machine: Machine) throws {
    var kernels: [Kernel] = []
    if DpkgPackages().isThere(on: machine) {
      kernels += try machine.dpkgPackages().filter(\.isInstalled).compactMap(Self.kernel)
    }
    if RPMPackages().isThere(on: machine) {
      kernels += try machine.rpmPackages().filter(RPMRestart.isKernel).map { item in
        Kernel(
          package: item["Name"] ?? "", version: RPMVersion(item).text,
          release: RPMRestart.release(of: item), flavour: item["Name"] ?? "",
          order: .rpm(RPMVersion(item)))
      }
    }
    self.kernels = kernels.sorted(by: Self.precedes)
  }

  /// The kernel that calls itself so; of several, as `kernel` and `kernel-core`, the one named first.
  func named(_ release: String) -> Kernel? {
    // Some of rpm have "+rt" behind what their package is called by.
    let short = String(release.prefix { $0 != "+" })
    return kernels.first { $0.release == release } ?? kernels.first { $0.release == short }
  }

  /// The newest of the sort of a kernel that runs; of all where none of its sort is installed.
  func newest(beside release: String) -> Kernel? {
    let flavour = named(release)?.flavour ?? Self.flavour(of: release)
    return kernels.last { $0.flavour == flavour } ?? kernels.last
  }

  /// Whether a kernel is older than another; nil where they are in no order.
  ///
  /// `version` is that of the package that it was built as, where it says so: of one that was upgraded in
  /// its place, the kernel that runs has the same name.
  func isOlder(release: String, version: String?, than other: Kernel) -> Bool? {
    switch other.order {
    case .debian(let newest):
      if let version = version ?? named(release)?.version { return DebianVersion(version) < newest }
      // Of a sort of its own nothing follows from the numbers of another one.
      guard Self.flavour(of: release) == other.flavour else { return nil }
      return DebianVersion(release) < DebianVersion(other.release)
    case .rpm(let newest):
      let short = release.prefix { $0 != "+" }
      let parts = short.split(separator: "-", maxSplits: 1)
      guard parts.count == 2, let dot = parts[1].lastIndex(of: ".") else { return nil }
      let running = RPMVersion(
        epoch: nil, version: String(parts[0]), release: String(parts[1][..<dot]))
      return running < newest.withoutEpoch
    }
  }

  private static func precedes(_ a: Kernel, _ b: Kernel) -> Bool {
    switch (a.order, b.order) {
    case (.debian(let first), .debian(let second)):
      first == second ? a.package < b.package : first < second
    case (.rpm(let first), .rpm(let second)):
      first == second ? a.package < b.package : first < second
    case (.debian, .rpm): true
    case (.rpm, .debian): false
    }
  }

  /// The kernel that a package of dpkg is: its name ends with what it calls itself.
  ///
  /// Names without a number are of packages that only need the newest one.
  private static func kernel(_ package: DpkgPackage) -> Kernel? {
    let beginnings = [
      "linux-image-unsigned-", "linux-image-", "proxmox-kernel-", "pve-kernel-",
    ]
    guard let beginning = beginnings.first(where: { package.name.hasPrefix($0) }) else {
      return nil
    }
    var release = package.name.dropFirst(beginning.count)
    guard release.first?.isNumber == true, release.contains("."), !release.hasSuffix("-dbg"),
      !release.hasSuffix("-dbgsym")
    else { return nil }
    for end in ["-unsigned", "-signed"] where release.hasSuffix(end) {
      release = release.dropLast(end.count)
    }
    return Kernel(
      package: package.name, version: package.version, release: String(release),
      flavour: flavour(of: String(release)), order: .debian(DebianVersion(package.version)))
  }

  /// What stands behind the numbers: `amd64` of `6.1.0-28-amd64`, `cloud-amd64`, `generic`.
  private static func flavour(of release: String) -> String {
    release.split(separator: "-").drop { $0.first?.isNumber == true }.joined(separator: "-")
  }
}
