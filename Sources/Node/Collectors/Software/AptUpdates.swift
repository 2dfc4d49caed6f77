import Inventory

extension PendingUpdates {
  /// What apt could install beside what dpkg has installed, from the lists it fetched.
  static func ofApt(on machine: Machine) throws -> PendingUpdates {
    let installed = try machine.dpkgPackages().filter(\.isInstalled)
    let lists = try machine.aptLists()
    guard let fetched = lists.fetchedSeconds else {
      throw CollectorError.unavailable("apt has no lists: run \"apt-get update\" once")
    }
    var withUpdate: Set<String> = []
    let updates = installed.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
      .compactMap { package -> Update? in
        lists.candidates[package.key].map { candidate in
          withUpdate.insert(package.name)
          return Update(
            name: "\(package.name).\(package.architecture)",
            title: "\(package.name) \(candidate.version) (installed \(package.version))",
            classification: candidate.isSecurity ? "Security" : "Updates",
            isHeld: package.want == "hold")
        }
      }
    let run = RestartRequest.folder(on: machine)
    let names = run.map { RestartRequest.packages(in: $0, on: machine) } ?? []
    let waiting = names.compactMap { name -> Waiting? in
      guard !withUpdate.contains(name), let package = installed.first(where: { $0.name == name })
      else { return nil }
      return Waiting(
        name: "\(name).\(package.architecture)", title: "\(name) \(package.version)",
        installedTime: DpkgPackages.installedTime(of: package, on: machine)?.description)
    }
    return PendingUpdates(
      updates: updates, installedCount: installed.count - updates.count, waiting: waiting,
      waitingCount: names.count, needsRestart: run != nil, fetchedSeconds: fetched)
  }
}
