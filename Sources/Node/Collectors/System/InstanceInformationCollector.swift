public import Inventory

/// What the machine says of itself: name, address, platform.
///
/// `InstanceId` is not among it: it is the id under which the caller reports.
public struct InstanceInformationCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:InstanceInformation`.
  public var type: TypeName { .instanceInformation }

  /// `1.0`.
  public var schemaVersion: String { "1.0" }

  /// One item; attributes that cannot be found are absent.
  public func collect(from machine: Machine) throws -> [Item] {
    var values = [
      "AgentType": "stocktake",
      "AgentVersion": CollectorTable.agentVersion,
      "PlatformType": "Linux",
      "ResourceType": "ManagedInstance",
      "InstanceStatus": "Active",
    ]
    // The running kernel knows the name; a machine that does not run has it in its file.
    values["ComputerName"] =
      machine.line(of: "proc/sys/kernel/hostname") ?? machine.line(of: "etc/hostname")
    let release = osRelease(of: machine)
    values["PlatformName"] = release["NAME"]
    values["PlatformVersion"] = release["VERSION_ID"]
    values["IpAddress"] = try address(of: machine)
    return [Item(values)]
  }

  /// The IPv4 address of the interface that leads out, else any that is good beyond its link.
  private func address(of machine: Machine) throws -> String? {
    let addresses = try machine.addresses().filter {
      !$0.isLinkLocal && !$0.address.hasPrefix("127.") && $0.address != "::1"
    }
    let way = DefaultRoute.all(on: machine).first?.interface
    let outer = addresses.last { $0.family == .v4 && $0.interface == way }
    let any = outer ?? addresses.first { $0.family == .v4 } ?? addresses.first
    return any?.address
  }

  private func osRelease(of machine: Machine) -> [String: String] {
    let text =
      machine.text(of: "etc/os-release") ?? machine.text(of: "usr/lib/os-release") ?? ""
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      guard let equals = line.firstIndex(of: "="), !line.hasPrefix("#") else { continue }
      let value = unquoted(line[line.index(after: equals)...].trimmed)
      if !value.isEmpty { values[line[..<equals].trimmed] = value }
    }
    return values
  }

  /// A value as a shell reads it: quotation marks go, a backslash stands for what follows it.
  private func unquoted(_ text: String) -> String {
    guard let quote = text.first, quote == "\"" || quote == "'", text.count >= 2,
      text.last == quote
    else { return text }
    let inner = text.dropFirst().dropLast()
    if quote == "'" { return String(inner) }
    var out = ""
    var isEscaped = false
    for character in inner {
      if character == "\\" && !isEscaped {
        isEscaped = true
      } else {
        out.append(character)
        isEscaped = false
      }
    }
    return out
  }
}
