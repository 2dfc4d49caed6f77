public import Inventory

/// The services of systemd; where there is no systemd, the scripts of `etc/init.d`.
///
/// What is installed and enabled is read from files. Whether a service runs only systemd knows: where it
/// runs, `systemctl show` is asked once for all of them.
public struct ServiceCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:Service`.
  public var type: TypeName { .service }

  /// One item for each service, by name; throws where there are neither units nor scripts.
  public func collect(from machine: Machine) throws -> [Item] {
    let units = try Units(on: machine)
    let states = try machine.isLive && machine.exists("run/systemd/system") ? SystemdStates() : nil
    guard !units.files.isEmpty else {
      return try scripts(on: machine)
    }
    let files = units.files.compactMapValues { path -> UnitFile? in
      let name = String(path.split(separator: "/").last ?? "")
      return UnitFile(path, dropIns: units.dropIns.paths(of: name), on: machine)
    }
    let needed = files.mapValues { Set($0.words("Unit", "Requires") + $0.words("Unit", "BindsTo")) }
    var dependents: [String: [String]] = [:]
    for (name, others) in needed {
      for other in others { dependents[other, default: []].append(name) }
    }
    return files.sorted { $0.key < $1.key }.map { name, file in
      var values = [
        "Name": name, "StartType": units.startType(name, file, machine),
        "DisplayName": text(cutTo: 1000, file["Unit", "Description"] ?? name),
        "ServiceType": file["Service", "Type"] ?? "simple",
      ]
      values["ServicesDependedOn"] = Self.list(needed[name])
      values["DependentServices"] = Self.list(dependents[name])
      values["Status"] = states?.status(of: name)
      return Item(values)
    }
  }

  /// Names in their order; nil where there are none.
  private static func list(_ names: (some Collection<String>)?) -> String? {
    guard let names, !names.isEmpty else { return nil }
    return text(cutTo: 4096, names.sorted().joined(separator: ","))
  }

  private func scripts(on machine: Machine) throws -> [Item] {
    let enabled = Set(
      ["2", "3", "5"].flatMap { (try? machine.names(in: "etc/rc\($0).d")) ?? [] }
        .filter { $0.hasPrefix("S") }.map { String($0.dropFirst(3)) })
    return try machine.names(in: "etc/init.d").filter { !$0.contains(".") && $0 != "README" }.map {
      [
        "Name": $0, "DisplayName": $0, "ServiceType": "sysv",
        "StartType": enabled.contains($0) ? "Automatic" : "Manual",
      ]
    }
  }
}

/// Where the units of services lie, and which are enabled.
private struct Units {
  /// Units at most.
  static let unitsMax = 10_000

  /// The path of each, by its name; that of the first folder counts.
  private(set) var files: [String: String] = [:]
  private(set) var dropIns = DropIns()
  private var wanted: Set<String> = []
  private var masked: Set<String> = []

  init(on machine: Machine) throws {
    let folders = [
      "lib/systemd/system", "usr/lib/systemd/system", "usr/local/lib/systemd/system",
      "run/systemd/system", "etc/systemd/system",
    ]
    for folder in folders {
      let names = (try? machine.names(in: folder)) ?? []
      dropIns.add(names, in: folder, on: machine)
      for name in names {
        if name.hasSuffix(".service"), !name.hasSuffix("@.service") {
          let path = "\(folder)/\(name)"
          let target = machine.link(at: path)
          masked.remove(name)
          if target == "/dev/null" { masked.insert(name) }
          // A link to another unit is a second name of it.
          if target != nil, target != "/dev/null" { continue }
          files[name] = target == nil ? path : files[name] ?? path
        } else if name.hasSuffix(".wants") || name.hasSuffix(".requires") {
          wanted.formUnion((try? machine.names(in: "\(folder)/\(name)")) ?? [])
        }
      }
    }
    guard files.count <= Self.unitsMax else {
      throw CollectorError("there are \(files.count) units, more than \(Self.unitsMax)")
    }
    guard dropIns.count <= DropIns.filesMax else {
      throw CollectorError(
        "there are \(dropIns.count) drop-in files of units, more than \(DropIns.filesMax)")
    }
  }

  /// In the words of Windows, which the type is made for.
  func startType(_ name: String, _ file: UnitFile, _ machine: Machine) -> String {
    if masked.contains(name) { return "Disabled" }
    if wanted.contains(name) { return "Automatic" }
    // One without an [Install] section starts when another unit asks for it.
    return "Manual"
  }
}

/// What systemd says of the services that it has loaded.
private struct SystemdStates {
  private var active: [String: String] = [:]

  init() throws {
    let tool = Tool(
      path: "/usr/bin/systemctl",
      arguments: [
        "show", "*.service", "--all", "--no-pager", "--property=Id,ActiveState",
      ])
    let text = String(decoding: try tool.output(), as: UTF8.self)
    var id = ""
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("Id=") { id = String(line.dropFirst(3)) }
      if line.hasPrefix("ActiveState=") { active[id] = String(line.dropFirst(12)) }
    }
  }

  /// `Running` or `Stopped`; one on its way is already what it will be.
  func status(of name: String) -> String {
    switch active[name] {
    case "active", "activating", "reloading": "Running"
    default: "Stopped"
    }
  }
}
