import Collectors
public import Foundation
public import Inventory

/// Reads inventories that the agents of OCS Inventory and FusionInventory wrote as XML.
///
/// Each file is a full state at its own `ACCESSLOG/LOGDATE`, or when it was last written:
/// `SOFTWARES` become `AWS:Application`, `NETWORKS` `AWS:Network`, `LOCAL_USERS` `Custom:User`, and
/// `HARDWARE` with `OPERATINGSYSTEM` `AWS:InstanceInformation`. A type whose part is missing is in
/// no observation.
public struct OCSImporter: Sendable {
  /// The time zone of the machines that wrote the files.
  public let timeZone: TimeZone
  /// The valid time of what is read; nil for that of each file.
  public let time: Instant?

  /// Takes the time zone of the machines that wrote the files, and the valid time if it is known.
  public init(timeZone: TimeZone = .current, at time: Instant? = nil) {
    self.timeZone = timeZone
    self.time = time
  }

  /// Reads files, plain or packed by gzip, given in any order.
  ///
  /// Throws a ``CollectorError`` that names the file where one cannot be read or is no such
  /// inventory, or only the beginning of one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    var states = StateHistory(of: .ocsInventory)
    try states.read(paths) { path, states in
      let sections = try OCSDocument.sections(ofFileAt: path)
      let log = sections["ACCESSLOG"]?.first?["LOGDATE"]
      let time = try self.time ?? log.flatMap(instant(ofLocal:)) ?? FileTime.modified(path)
      let reader = OCSReader(sections: sections)
      states.recordsRead += sections.values.reduce(0) { $0 + $1.count }
      if let items = reader.applications {
        states.add(items, of: .application, schemaVersion: "1.1", at: time, place: path)
      }
      if let items = reader.networks { states.add(items, of: .network, at: time, place: path) }
      if let items = reader.users {
        states.add(items, of: TypeName(stored: "Custom:User"), at: time, place: path)
      }
      if let item = reader.instance(node) {
        states.add([item], of: .instanceInformation, at: time, place: path)
      }
    }
    return states.history(node: node)
  }

  /// The instant of `2026-03-03 09:00:00` on the machine's clock.
  private func instant(ofLocal text: String) -> Instant? {
    let bytes = Array(text.utf8)
    guard let (time, count) = TextTime.read(bytes[...]), count == bytes.count else { return nil }
    var clock = LocalClock(timeZone, latest: .latestReportable)
    let (instant, isBack) = clock.instant(of: time)
    return isBack ? nil : instant
  }
}

/// Makes items of the parts of an inventory.
private struct OCSReader {
  let sections: OCSDocument.Sections

  var applications: [Item]? { sections["SOFTWARES"]?.compactMap(application) }

  // INSTALLDATE is not used: the agent of OCS counts its months from 0.
  private func application(_ software: [String: String]) -> Item? {
    guard var name = software["NAME"], !name.isEmpty else { return nil }
    let kind = software["FROM"]?.lowercased()
    var architecture = software["ARCH"] ?? software["ARCHITECTURE"] ?? ""
    // The name of a package of several architectures can have one at its end.
    if kind == "deb", let colon = name.lastIndex(of: ":") {
      architecture = String(name[name.index(after: colon)...])
      name = String(name[..<colon])
    }
    let version = software["VERSION"] ?? ""
    var values: [String: String?] = [
      "Name": AgentForm.field(name), "Version": AgentForm.field(version),
      "Architecture": AgentForm.architecture(architecture), "Publisher": "",
      "ApplicationType": ImportedItem.agentField(software["SYSTEM_CATEGORY"]),
      "Summary": ImportedItem.agentField(software["COMMENTS"]),
    ]
    // The agent of OCS writes a package's home page there.
    let publisher = ImportedItem.agentField(software["PUBLISHER"])
    let isPage = publisher?.hasPrefix("http://") == true || publisher?.hasPrefix("https://") == true
    values[isPage ? "URL" : "Publisher"] = publisher ?? ""
    if kind == "deb" {
      values["PackageId"] = AgentForm.packageID(
        name: name, version: version, architecture: architecture)
    }
    if kind == "rpm", let dash = version.lastIndex(of: "-") {
      values["Version"] = AgentForm.field(String(version[..<dash]))
      values["Release"] = AgentForm.field(String(version[dash...].dropFirst()))
      values["Epoch"] = "0"
    }
    return ImportedItem.item(values)
  }

  /// One item for each interface but loopback, which has an element for each of its addresses.
  var networks: [Item]? {
    guard let rows = sections["NETWORKS"] else { return nil }
    var order: [String] = []
    var items: [String: [String: String?]] = [:]
    for row in rows {
      guard let name = row["DESCRIPTION"], name != "lo", row["TYPE"] != "loopback" else { continue }
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
    sections["LOCAL_USERS"]?.compactMap { row in
      guard let login = row["LOGIN"] else { return nil }
      return ImportedItem.item([
        "Name": login, "Uid": row["ID"], "FullName": row["NAME"], "Home": row["HOME"],
        "Shell": row["SHELL"],
      ])
    }
  }

  func instance(_ node: NodeID) -> Item? {
    guard let hardware = sections["HARDWARE"]?.first else { return nil }
    let system = sections["OPERATINGSYSTEM"]?.first
    let version = system?["VERSION"] ?? hardware["OSVERSION"] ?? ""
    var name = system?["NAME"] ?? hardware["OSNAME"] ?? ""
    if name.hasSuffix(" " + version) { name.removeLast(version.count + 1) }
    return ImportedItem.item([
      "ComputerName": hardware["NAME"], "InstanceId": node.text,
      "IpAddress": hardware["IPADDR"], "PlatformName": ImportedItem.present(name),
      "PlatformVersion": ImportedItem.present(version), "ResourceType": "ManagedInstance",
    ])
  }
}
