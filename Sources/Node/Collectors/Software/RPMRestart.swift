import Inventory
import Packages

/// Which packages of rpm are in use in an older version until the machine starts anew.
///
/// These are a kernel that is newer than the one that runs, and packages that everything has loaded
/// once they were installed after the start. Source: Red Hat's article 27943, which dnf's
/// needs-restarting follows too.
struct RPMRestart {
  private static let core: Set = [
    "dbus", "dbus-broker", "dbus-daemon", "glibc", "linux-firmware", "microcode_ctl", "systemd",
  ]
  /// What stands behind `kernel` in the names of packages that are one.
  private static let flavours: Set<Substring> = [
    "", "-64k", "-64k-core", "-core", "-lt", "-lt-core", "-ml", "-ml-core", "-rt", "-rt-core",
    "-uek", "-uek-core",
  ]

  /// Whether it is known what runs; it is not of a machine that is only looked at.
  let isKnown: Bool
  /// The packages, in the order of their names.
  let waiting: [PendingUpdates.Waiting]

  init(_ items: [Item], on machine: Machine) {
    guard let running = machine.line(of: "proc/sys/kernel/osrelease"),
      let start = Self.start(of: machine)
    else {
      isKnown = false
      waiting = []
      return
    }
    isKnown = true
    let later = items.filter { item in
      Self.core.contains(item["Name"] ?? "")
        && item["InstalledTime"].flatMap { Instant(captureTime: $0) }.map { $0 > start } ?? false
    }
    waiting = (Self.kernels(items, newerThan: running) + later).map { item in
      let name = "\(item["Name"] ?? "").\(item["Architecture"] ?? "")"
      return PendingUpdates.Waiting(
        name: name, title: "\(item["Name"] ?? "") \(RPMVersion(item).text)",
        installedTime: item["InstalledTime"])
    }.sorted { $0.name < $1.name }
  }

  /// When the machine started, or the container, which is later than its machine.
  private static func start(of machine: Machine) -> Instant? {
    let lines = machine.text(of: "proc/stat")?.split(separator: "\n") ?? []
    guard let line = lines.first(where: { $0.hasPrefix("btime ") }),
      let seconds = Int64(line.dropFirst(6).trimmed)
    else { return nil }
    return Instant(seconds: max(seconds, machine.modificationSeconds(of: "proc/1") ?? 0))
  }

  /// Whether a package is a kernel.
  static func isKernel(_ item: Item) -> Bool {
    guard let name = item["Name"], name.hasPrefix("kernel") else { return false }
    let flavour = name.dropFirst(6)
    // Amazon Linux has "kernel6.12".
    return flavours.contains(flavour) || flavour.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// What a kernel calls itself that runs: "5.14.0-70.el9.x86_64".
  static func release(of item: Item) -> String {
    "\(item["Version"] ?? "")-\(item["Release"] ?? "").\(item["Architecture"] ?? "")"
  }

  /// The newest kernels, of the kind that runs where that is known, if it is an older one that runs.
  private static func kernels(_ items: [Item], newerThan running: String) -> [Item] {
    let kernels = items.filter(isKernel)
    // Some have "+rt" behind it.
    let release = running.prefix { $0 != "+" }
    func runs(_ item: Item) -> Bool { release == self.release(of: item) }
    let names = Set(kernels.filter(runs).compactMap { $0["Name"] })
    let parts = release.split(separator: "-", maxSplits: 1)
    guard parts.count == 2, let dot = parts[1].lastIndex(of: ".") else { return [] }
    let version = RPMVersion(
      epoch: nil, version: String(parts[0]), release: String(parts[1][..<dot]))
    let candidates = names.isEmpty ? kernels : kernels.filter { names.contains($0["Name"] ?? "") }
    return Dictionary(grouping: candidates) { $0["Name"] }.values.compactMap { kernels in
      kernels.max { RPMVersion($0) < RPMVersion($1) }
    }.filter { RPMVersion($0).withoutEpoch > version }
  }
}
