public import Inventory

extension Report.Source {
  /// dpkg's log.
  public static let dpkgLog = Self("dpkg-log", tellsEveryChange: true)
  /// Copies of dpkg's status file.
  public static let debianPackages = Self("debian-packages", tellsEveryChange: false)
  /// apt's history.
  public static let aptHistory = Self("apt-history", tellsEveryChange: true)
  /// dnf's log of rpm.
  public static let rpm = Self("rpm", tellsEveryChange: true)
  /// dnf's log of rpm alone, of which packages may be missing.
  public static let rpmAlone = Self("rpm", tellsEveryChange: false)
  /// pacman's log with the packages that are there now, which make it whole.
  public static let pacmanLog = Self("pacman-log", tellsEveryChange: true)
  /// pacman's log alone, of which packages may be missing.
  public static let pacmanLogAlone = Self("pacman-log", tellsEveryChange: false)
  /// Alpine's database of packages.
  public static let apk = Self("apk", tellsEveryChange: false)
  /// osquery's log, which tells what its looks found and not what was between two of them.
  public static let osquery = Self("osquery", tellsEveryChange: false)
  /// Inventories of the agents of FusionInventory, OCS and GLPI.
  public static let ocsInventory = Self("ocsinventory", tellsEveryChange: false)
  /// CycloneDX bills of materials.
  public static let cycloneDX = Self("cyclonedx", tellsEveryChange: false)
  /// SPDX documents.
  public static let spdx = Self("spdx", tellsEveryChange: false)
  /// Ansible's facts of packages.
  public static let ansible = Self("ansible", tellsEveryChange: false)
  /// Puppet's packages: of its resources, its facts or PuppetDB.
  public static let puppet = Self("puppet", tellsEveryChange: false)
  /// A copy of a bucket of a Resource Data Sync.
  public static let resourceDataSync = Self("resource-data-sync", tellsEveryChange: false)
  /// Systems Manager, or a service of its form.
  public static let aws = Self("aws", tellsEveryChange: false)
}
