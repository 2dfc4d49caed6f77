import Inventory

/// What could be installed in the place of what is installed, and what waits for a restart.
struct PendingUpdates: Sendable {
  /// A package of which a newer version could be installed.
  struct Update: Sendable {
    /// `name.architecture`.
    var name: String
    var title: String
    var classification = "Updates"
    var severity = "Unspecified"
    var cveIDs: [String] = []
    var advisoryIDs: [String] = []
    /// Whether the administrator holds the installed version.
    var isHeld = false
  }

  /// A package that is installed and in use in an older version.
  struct Waiting: Sendable {
    /// `name.architecture`.
    var name: String
    var title: String
    var installedTime: String?
  }

  let updates: [Update]
  /// How many packages have no newer version.
  let installedCount: Int
  /// Packages without an update that wait for a restart.
  let waiting: [Waiting]
  /// How many wait, those with an update included.
  let waitingCount: Int
  /// Whether the machine asks for a restart; nil where that cannot be known.
  let needsRestart: Bool?
  /// When lists or metadata were last fetched.
  let fetchedSeconds: Int64
  /// What could not be read.
  var warnings: [String] = []

  /// Of the package manager that has packages: dpkg first, then rpm.
  ///
  /// Throws where there is none, or where it never fetched what there is to install.
  static func of(_ machine: Machine) throws -> PendingUpdates {
    let hasRPM = RPMPackages().isThere(on: machine)
    if machine.exists(DpkgPackages.path) {
      // Some machines of rpm have a dpkg without packages, to look into those of others.
      if try !hasRPM || machine.dpkgPackages().contains(where: \.isInstalled) {
        return try ofApt(on: machine)
      }
    }
    guard hasRPM else { throw CollectorError.unavailable("there is neither apt nor dnf") }
    return try ofRPM(machine.rpmPackages(), on: machine)
  }
}
