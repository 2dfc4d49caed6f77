public import Inventory

/// The kernel that runs beside those that are installed, and whether the machine asks for a restart.
///
/// Flaws of a kernel are there until the machine starts anew, however new its packages are.
public struct RunningKernelCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:RunningKernel`.
  public var type: TypeName { .kernel }

  /// One item; throws where nothing tells which kernel runs.
  ///
  /// In a container the kernel is not that of its packages, and is compared with none.
  public func collect(from machine: Machine) throws -> [Item] {
    guard let release = machine.line(of: "proc/sys/kernel/osrelease") else {
      throw CollectorError.unavailable(
        "\(machine.path("proc/sys/kernel/osrelease")): nothing says which kernel runs")
    }
    let build = machine.line(of: "proc/sys/kernel/version")
    var values = ["Release": text(cutTo: 200, release)]
    values["Build"] = build.map { text(cutTo: 200, $0) }
    var reasons: [String] = []
    var isOlder: Bool?
    let kernels = try InstalledKernels(on: machine)
    if !Virtualization.isContainer(machine), let newest = kernels.newest(beside: release) {
      let running = kernels.named(release)
      values["Package"] = running?.package
      values["Version"] = Self.builtVersion(on: machine, build) ?? running?.version
      values["NewestPackage"] = newest.package
      values["NewestVersion"] = newest.version
      values["NewestRelease"] = newest.release
      isOlder = kernels.isOlder(
        release: release, version: Self.builtVersion(on: machine, build), than: newest)
      if isOlder == true { reasons.append("kernel") }
    }
    let waiting = try Self.waiting(on: machine)
    if waiting.isRequested { reasons.append("packages") }
    // That nobody asks for a restart says nothing of a kernel that cannot be compared.
    if !reasons.isEmpty || isOlder == false {
      values["RestartNeeded"] = reasons.isEmpty ? "false" : "true"
    }
    if !reasons.isEmpty { values["Reasons"] = reasons.joined(separator: ",") }
    if !waiting.packages.isEmpty {
      values["Packages"] = text(cutTo: 4096, waiting.packages.joined(separator: ","))
    }
    return [Item(values)]
  }

  /// The version of the package that the kernel was built as, where it says so itself.
  ///
  /// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)`; Ubuntu has a file for it, `Ubuntu
  /// 5.15.0-45.48-generic 5.15.39`.
  static func builtVersion(on machine: Machine, _ build: String?) -> String? {
    if let line = machine.line(of: "proc/version_signature") {
      let words = line.split(separator: " ")
      if words.count >= 2, words[0] == "Ubuntu", let dash = words[1].lastIndex(of: "-") {
        return String(words[1][..<dash])
      }
    }
    let words = build?.split(separator: " ") ?? []
    guard let mark = words.firstIndex(of: "Debian"), mark + 1 < words.count,
      words[mark + 1].first?.isNumber == true
    else { return nil }
    return String(words[mark + 1])
  }

  /// The packages that ask for a restart, by what they leave behind on Debian and its kin, and by rpm's
  /// times of installation.
  private static func waiting(
    on machine: Machine
  ) throws -> (isRequested: Bool, packages: [String]) {
    if let folder = RestartRequest.folder(on: machine) {
      return (true, RestartRequest.packages(in: folder, on: machine))
    }
    guard RPMPackages().isThere(on: machine) else { return (false, []) }
    let waiting = try RPMRestart(machine.rpmPackages(), on: machine).waiting
    let names = Set(waiting.map { String($0.name.prefix { $0 != "." }) })
    let packages = names.filter { !RPMRestart.isKernel(["Name": $0]) }
    return (!packages.isEmpty, packages.sorted())
  }
}

/// What packages of Debian and its kin leave behind when they ask for a restart.
enum RestartRequest {
  /// The folder that has the request; nil where there is none.
  static func folder(on machine: Machine) -> String? {
    ["run", "var/run"].first { machine.exists("\($0)/reboot-required") }
  }

  /// The packages that asked, in the order of their names.
  static func packages(in folder: String, on machine: Machine) -> [String] {
    let list = machine.text(of: "\(folder)/reboot-required.pkgs") ?? ""
    return Set(list.split(whereSeparator: \.isNewline).map(\.trimmed)).sorted()
  }
}
