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
    let units = try ServiceUnits(on: machine)
    let states = try machine.isLive && machine.exists("run/systemd/system") ? SystemdStates() : nil
    guard !units.files.isEmpty else {
      return try scripts(on: machine)
    }
    let files = units.read(on: machine)
    let needed = files.mapValues { Set($0.words("Unit", "Requires") + $0.words("Unit", "BindsTo")) }
    var dependents: [String: [String]] = [:]
    for (name, others) in needed {
      for other in others { dependents[other, default: []].append(name) }
    }
    return files.sorted { $0.key < $1.key }.map { name, file in
      var values = [
        "Name": name, "StartType": units.startType(name, file, machine),
        "DisplayName": text(cutTo: 1000, Self.description(of: name, file)),
        "ServiceType": Self.serviceType(file),
      ]
      values["ServicesDependedOn"] = Self.list(needed[name])
      values["DependentServices"] = Self.list(dependents[name])
      values["Status"] = states?.status(of: name)
      return Item(values)
    }
  }

  /// The description with the unit's own names filled in, as far as the unit alone tells.
  private static func description(of name: String, _ file: UnitFile) -> String {
    let text = file["Unit", "Description"] ?? name
    let short = String(name.dropLast(".service".count))
    let names: [Character: String] = ["n": name, "N": short, "p": short, "%": "%"]
    var rest = text[...]
    var filled = ""
    while let percent = rest.firstIndex(of: "%") {
      filled += rest[..<percent]
      let mark = rest[percent...].prefix(2)
      filled += mark.last.flatMap { names[$0] } ?? String(mark)
      rest = rest[percent...].dropFirst(2)
    }
    return filled + rest
  }

  /// What systemd makes of a unit that names no type.
  private static func serviceType(_ file: UnitFile) -> String {
    if let type = file["Service", "Type"] { return type }
    if file["Service", "BusName"] != nil { return "dbus" }
    return file["Service", "ExecStart"] == nil ? "oneshot" : "simple"
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
    guard machine.exists("etc/init.d") else {
      throw CollectorError.unavailable("there is neither systemd nor /etc/init.d")
    }
    return try machine.names(in: "etc/init.d").filter { !$0.contains(".") && $0 != "README" }.map {
      [
        "Name": $0, "DisplayName": $0, "ServiceType": "sysv",
        "StartType": enabled.contains($0) ? "Automatic" : "Manual",
      ]
    }
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
