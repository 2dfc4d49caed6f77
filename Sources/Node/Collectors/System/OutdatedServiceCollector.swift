import Glibc
public import Inventory

/// Services that run code of files that were replaced: an upgrade does not reach them before they start anew.
///
/// Of containers it says nothing: their files are others than those of the machine's packages.
public struct OutdatedServiceCollector: Collector {
  private let isRoot: Bool

  /// Makes the collector.
  public init() { self.init(isRoot: geteuid() == 0) }

  /// Takes whether it is root that looks.
  init(isRoot: Bool) { self.isRoot = isRoot }

  /// `Custom:OutdatedService`.
  public var type: TypeName { .outdatedService }

  /// The numbers of the processes.
  public var volatileAttributes: Set<String> { ["Pids"] }

  /// Bytes of the lists of all processes together; those behind are not looked at, and not known.
  static let bytesMax = 1 << 30

  /// One item for each service, or session, that has such a process, and for each of which it cannot be
  /// known; by name.
  ///
  /// Throws where `proc` cannot be read, and where nothing can be known of others: only root is shown the
  /// files of processes of other users.
  public func collect(from machine: Machine) throws -> [Item] {
    // A mounted disk has an empty folder for it.
    guard machine.exists("proc/1/stat") else {
      throw CollectorError.unavailable("\(machine.path("proc/1")): nothing says what runs")
    }
    // Even root may not be shown some, as the first process of a container's host.
    guard isRoot || (try? machine.bytes(of: "proc/1/maps", max: ReplacedFiles.bytesMax)) != nil
    else {
      throw CollectorError.unavailable(
        "\(machine.path("proc/1/maps")) cannot be read: only root is shown what others run")
    }
    var found: [ProcessUnit: Outdated] = [:]
    var left = Self.bytesMax
    for process in try ProcessTable.all(on: machine)
    where !process.isKernelThread && !process.isInContainer {
      let look = Look(at: process, on: machine, bytesLeft: &left)
      if look.files.isEmpty, !look.isUnknown { continue }
      guard let unit = Self.unit(of: process, on: machine) else { continue }
      found[unit, default: Outdated()].add(look, process)
    }
    let owners = FileOwners(of: Set(found.values.flatMap(\.files)), on: machine)
    return found.sorted { $0.key.name < $1.key.name }.map { unit, outdated in
      outdated.item(of: unit, owners)
    }
  }

  private static func unit(of process: ProcessTable.Process, on machine: Machine) -> ProcessUnit? {
    ProcessUnit(
      cgroup: machine.text(of: "proc/\(process.id)/cgroup") ?? "",
      program: Outdated.program(process, on: machine))
  }
}

/// What was seen of one process.
private struct Look {
  /// Replaced files that it runs, in the order of their names.
  private(set) var files: [String] = []
  /// Whether it could not be seen.
  private(set) var isUnknown = false
  private(set) var program = ""

  init(at process: ProcessTable.Process, on machine: Machine, bytesLeft: inout Int) {
    var replaced = ReplacedFiles()
    do throws(CollectorError) {
      let max = min(ReplacedFiles.bytesMax, bytesLeft)
      var count = 0
      defer { bytesLeft -= count }
      try machine.stream("proc/\(process.id)/maps", max: max) { bytes throws(CollectorError) in
        count += bytes.count
        replaced.take(bytes)
      }
    } catch {
      // One that ended meanwhile runs nothing.
      isUnknown = machine.exists("proc/\(process.id)/maps")
    }
    // A file that came back under its name is the one that runs.
    files = replaced.files.filter { path, inode in
      machine.status(of: String(path.dropFirst())).map { UInt64($0.st_ino) != inode } ?? true
    }.map(\.key).sorted()
    if !files.isEmpty || isUnknown { program = Outdated.program(process, on: machine) }
  }
}

/// What a service runs that is outdated.
private struct Outdated {
  private(set) var files: Set<String> = []
  private var programs: Set<String> = []
  private var ids: [Int] = []

  mutating func add(_ look: Look, _ process: ProcessTable.Process) {
    files.formUnion(look.files)
    programs.insert(look.program)
    ids.append(process.id)
  }

  /// The file's name of what a process runs; where it is not shown, what the process calls itself.
  static func program(_ process: ProcessTable.Process, on machine: Machine) -> String {
    guard var path = machine.link(at: "proc/\(process.id)/exe") else { return process.name }
    if path.hasSuffix(" (deleted)") { path = String(path.dropLast(10)) }
    return String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
  }

  func item(of unit: ProcessUnit, _ owners: FileOwners) -> Item {
    var values = [
      "Name": text(cutTo: 1000, unit.name), "Kind": unit.kind,
      // What was seen counts, whatever else could not be seen.
      "State": files.isEmpty ? "unknown" : "replaced", "Programs": Self.list(programs),
      "Pids": Self.list(ids.map(String.init)),
    ]
    if !files.isEmpty { values["Files"] = Self.list(files) }
    let packages = owners.packages(of: files)
    if !packages.isEmpty { values["Packages"] = Self.list(packages) }
    return Item(values)
  }

  private static func list(_ words: some Collection<String>) -> String {
    text(cutTo: 4096, words.sorted().joined(separator: ","))
  }
}

/// Which packages of dpkg have files, looked for where there are any to look for.
struct FileOwners {
  private var packages: [String: String] = [:]

  /// Reads dpkg's lists of files once.
  init(of files: Set<String>, on machine: Machine) {
    let folder = "var/lib/dpkg/info"
    guard !files.isEmpty, let names = try? machine.names(in: folder) else { return }
    // Where `/lib` is a link, packages name their files as they came.
    var wanted: [[UInt8]: String] = [:]
    for file in files {
      wanted[Array(file.utf8)] = file
      if file.hasPrefix("/usr/") { wanted[Array(file.dropFirst(4).utf8)] = file }
    }
    for name in names where name.hasSuffix(".list") {
      guard let bytes = try? machine.bytes(of: "\(folder)/\(name)", max: 32 << 20) else { continue }
      for line in bytes.split(separator: 0x0a) {
        guard let file = wanted[Array(line)] else { continue }
        packages[file] = String(name.dropLast(5).prefix { $0 != ":" })
      }
    }
  }

  /// The packages that have some of the files.
  func packages(of files: Set<String>) -> Set<String> { Set(files.compactMap { packages[$0] }) }
}
