import Collectors
public import Foundation
public import Inventory

/// Reads inventories that the agents of OCS Inventory, FusionInventory (both XML) and GLPI (JSON) wrote.
///
/// Each file is a full state at its own `ACCESSLOG/LOGDATE`: `SOFTWARES` become `AWS:Application`,
/// `NETWORKS` `AWS:Network`, `LOCAL_USERS` `Custom:User`, `LOCAL_GROUPS` `Custom:Group`, and
/// `HARDWARE` with `OPERATINGSYSTEM` `AWS:InstanceInformation`. A type whose part is missing is in
/// no observation.
public struct OCSImporter: Sendable {
  /// The time zone of the machines that wrote the files, where these do not say it.
  public let timeZone: TimeZone
  /// The valid time of a file that names none; nil for when it was last written.
  public let time: Instant?

  /// Takes the time zone of the machines that wrote the files, and the valid time of files that name
  /// none.
  public init(timeZone: TimeZone = .current, at time: Instant? = nil) {
    self.timeZone = timeZone
    self.time = time
  }

  /// Reads files, plain or packed, given in any order.
  ///
  /// A file that cannot be read, is no such inventory or only the beginning of one, or has a time that
  /// cannot be understood, is one of the ``ImportedHistory/failures``, or a ``CollectorError`` that
  /// names it where it is the only one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    var states = StateHistory(of: .ocsInventory)
    try states.read(paths) { path, states in
      let inventory = try AgentInventory.read(path, &states.warnings)
      if inventory.isPartial {
        throw CollectorError(
          "\(path) says that it is a part of an inventory only, which is no full state; it gives no"
            + " observation")
      }
      let sections = inventory.sections
      let time = try DocumentTime(
        text: sections["ACCESSLOG"]?.first?["LOGDATE"], name: "LOGDATE", path: path,
        given: self.time, offset: sections["OPERATINGSYSTEM"]?.first?["TIMEZONE.OFFSET"]
      ).instant(in: timeZone, &states.warnings)
      states.recordsRead += sections.values.reduce(0) { $0 + $1.count }
      var reader = AgentReader(sections: sections)
      if let items = reader.applications {
        states.add(items, of: .application, schemaVersion: "1.1", at: time, place: path)
      }
      if let items = reader.networks { states.add(items, of: .network, at: time, place: path) }
      if let items = reader.users {
        states.add(items, of: TypeName(stored: "Custom:User"), at: time, place: path)
      }
      if let items = reader.groups {
        states.add(items, of: TypeName(stored: "Custom:Group"), at: time, place: path)
      }
      if let item = reader.instance(node) {
        states.add([item], of: .instanceInformation, at: time, place: path)
      }
      if reader.namelessCount > 0 {
        states.warnings.add(
          "\(path): \(reader.namelessCount) packages, users and groups without a name are left out")
      }
    }
    return states.history(node: node)
  }
}

/// Makes items of the parts of an inventory.
private struct AgentReader {
  let sections: AgentInventory.Sections
  /// Elements without the field that names them.
  private(set) var namelessCount = 0

  init(sections: AgentInventory.Sections) { self.sections = sections }

  /// The name of an element; nil, and counted, where it has none.
  private mutating func name(_ row: [String: String], _ field: String) -> String? {
    if let name = row[field], !name.isEmpty { return name }
    namelessCount += 1
    return nil
  }

  var applications: [Item]? {
    mutating get {
      guard let rows = sections["SOFTWARES"] else { return nil }
      var items: [Item] = []
      for row in rows {
        guard let name = name(row, "NAME") else { continue }
        let package = Self.package(row, name: name)
        if package.isInstalled { items.append(package.item) }
      }
      return items
    }
  }

  // INSTALLDATE is not used: the agent of OCS counts its months from 0.
  private static func package(_ row: [String: String], name: String) -> ForeignPackage {
    var package = ForeignPackage(
      PackageKind(agentName: row["FROM"]), name: name, version: row["VERSION"] ?? "")
    package.architecture = row["ARCH"] ?? row["ARCHITECTURE"] ?? ""
    if package.architecture == "(none)" { package.architecture = "" }
    // The name of a package of several architectures can have one at its end.
    if package.kind == .debian, let colon = name.lastIndex(of: ":") {
      package.architecture = String(name[name.index(after: colon)...])
      package.name = String(name[..<colon])
    }
    package.section = row["SYSTEM_CATEGORY"]
    package.summary = row["COMMENTS"]
    // The agent of OCS writes a package's home page there.
    let publisher = row["PUBLISHER"] ?? ""
    if publisher.hasPrefix("http://") || publisher.hasPrefix("https://") {
      package.homepage = publisher
    } else {
      package.publisher = publisher
    }
    return package
  }

  /// One item for each interface but loopback, which has an element for each of its addresses.
  var networks: [Item]? {
    guard let rows = sections["NETWORKS"] else { return nil }
    var order: [String] = []
    var items: [String: [String: String?]] = [:]
    for row in rows {
      // What manages the machine beside its system is no interface that the system has.
      guard let name = row["DESCRIPTION"], name != "lo", row["TYPE"] != "loopback",
        row["MANAGEMENT"] != "1"
      else { continue }
      if items[name] == nil { order.append(name) }
      let mac = row["MACADDR"] ?? ""
      var item =
        items[name] ?? [
          "Name": name, "MacAddress": mac == "00:00:00:00:00:00" ? "" : mac, "IPV4": "", "IPV6": "",
        ]
      if let address = row["IPADDRESS"], !address.isEmpty, !address.contains(":") {
        item["IPV4"] = address
        item["SubnetMask"] = .some(ImportedItem.present(row["IPMASK"]))
        item["Gateway"] = .some(ImportedItem.present(row["IPGATEWAY"]))
      } else if let address = row["IPADDRESS6"] ?? row["IPADDRESS"], !address.isEmpty {
        item["IPV6"] = address
      }
      items[name] = item
    }
    return order.map { ImportedItem.item(items[$0] ?? [:]) }
  }

  var users: [Item]? {
    mutating get {
      guard let rows = sections["LOCAL_USERS"] else { return nil }
      var items: [Item] = []
      for row in rows {
        guard let login = name(row, "LOGIN") else { continue }
        items.append(
          ImportedItem.item([
            "Name": login, "Uid": row["ID"], "FullName": ImportedItem.present(row["NAME"]),
            "Home": row["HOME"], "Shell": row["SHELL"],
          ]))
      }
      return items
    }
  }

  var groups: [Item]? {
    mutating get {
      guard let rows = sections["LOCAL_GROUPS"] else { return nil }
      var items: [Item] = []
      for row in rows {
        guard let name = name(row, "NAME") else { continue }
        let members = (row["MEMBER"] ?? "").split(separator: ",").sorted()
        items.append(
          ImportedItem.item([
            "Name": name, "Gid": row["ID"], "Members": members.joined(separator: ","),
          ]))
      }
      return items
    }
  }

  func instance(_ node: NodeID) -> Item? {
    guard let hardware = sections["HARDWARE"]?.first else { return nil }
    let system = sections["OPERATINGSYSTEM"]?.first
    let version = system?["VERSION"] ?? hardware["OSVERSION"] ?? ""
    var name = system?["NAME"] ?? hardware["OSNAME"] ?? ""
    if name.hasSuffix(" " + version) { name.removeLast(version.count + 1) }
    // Several addresses have slashes between them.
    let address =
      hardware["IPADDR"]?.split(separator: "/").first.map(String.init)
      ?? networks?.lazy.compactMap { ImportedItem.present($0["IPV4"]) }.first
    return ImportedItem.item([
      "ComputerName": hardware["NAME"], "InstanceId": node.text,
      "IpAddress": address, "PlatformName": ImportedItem.present(name),
      "PlatformVersion": ImportedItem.present(version), "ResourceType": "ManagedInstance",
    ])
  }
}
