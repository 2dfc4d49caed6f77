import Inventory
import Synchronization

/// What several collectors need of a machine: read by the first of them, once in a collection.
final class Memory: Sendable {
  fileprivate let apkPackages = Once<[ApkPackage], CollectorError>()
  fileprivate let aptLists = Once<AptLists, any Error>()
  fileprivate let accounts = Once<Accounts, CollectorError>()
  fileprivate let applications = Once<[Item], any Error>()
  fileprivate let dpkgPackages = Once<[DpkgPackage], CollectorError>()
  fileprivate let pendingUpdates = Once<PendingUpdates, any Error>()
  fileprivate let rpmPackages = Once<[Item], any Error>()
  fileprivate let softwarePlaces = Once<SoftwarePlaces, Never>()
}

extension Machine {
  /// The users and groups.
  func accounts() throws(CollectorError) -> Accounts {
    try memory.accounts.get { () throws(CollectorError) in try Accounts(on: self) }
  }

  /// The packages that apk has installed.
  func apkPackages() throws(CollectorError) -> [ApkPackage] {
    try memory.apkPackages.get { () throws(CollectorError) in try ApkPackages.read(on: self) }
  }

  /// What apt's lists say of the packages that dpkg has installed.
  func aptLists() throws -> AptLists {
    try memory.aptLists.get {
      try AptLists(on: self, installed: dpkgPackages().filter(\.isInstalled))
    }
  }

  /// The items of `AWS:Application`.
  func applications() throws -> [Item] {
    try memory.applications.get { try ApplicationCollector.applications(on: self) }
  }

  /// The packages that dpkg knows, in any state.
  func dpkgPackages() throws(CollectorError) -> [DpkgPackage] {
    try memory.dpkgPackages.get { () throws(CollectorError) in
      let hasFolder = exists(DpkgPackages.folder)
      var reader = DpkgStatusReader()
      if !hasFolder || exists(DpkgPackages.path) {
        try stream(DpkgPackages.path) { reader.take($0) }
        reader.end()
      }
      guard reader.count <= DpkgStatusReader.packagesMax else {
        throw CollectorError(
          "\(path(DpkgPackages.path)) has \(reader.count) packages, more than"
            + " \(DpkgStatusReader.packagesMax)")
      }
      guard hasFolder else { return reader.packages }
      var known: Set<[String]> = []
      for package in reader.packages { known.insert([package.name, package.architecture]) }
      return try reader.packages
        + DpkgPackages.packages(inFolder: DpkgPackages.folder, on: self).filter {
          known.insert([$0.name, $0.architecture]).inserted
        }
    }
  }

  /// What apt or dnf could install beside what is installed.
  func pendingUpdates() throws -> PendingUpdates {
    try memory.pendingUpdates.get { try PendingUpdates.of(self) }
  }

  /// The packages that rpm has installed, as items of `AWS:Application`.
  func rpmPackages() throws -> [Item] {
    try memory.rpmPackages.get { try RPMPackages.read(on: self) }
  }

  /// Where packages of languages lie.
  func softwarePlaces() -> SoftwarePlaces {
    memory.softwarePlaces.get { SoftwarePlaces(on: self) }
  }
}

/// A value, or the reason why there is none, that is worked out at the first call and kept.
private final class Once<Value: Sendable, Failure: Error>: Sendable {
  private let result = Mutex<Result<Value, Failure>?>(nil)

  /// What `make` came to at the first call; a second caller waits for it.
  func get(_ make: () throws(Failure) -> Value) throws(Failure) -> Value {
    try result.withLock { known in
      if let known { return known }
      let made = Result { () throws(Failure) in try make() }
      known = made
      return made
    }.get()
  }
}
