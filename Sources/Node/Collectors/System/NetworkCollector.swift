public import Inventory

/// The network interfaces but loopback.
public struct NetworkCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:Network`.
  public var type: TypeName { .network }

  /// `1.0`.
  public var schemaVersion: String { "1.0" }

  /// Interfaces that come and go with containers and virtual machines.
  public func isVolatile(_ item: Item) -> Bool {
    let name = item["Name"] ?? ""
    return ["veth", "br-", "cali", "cni", "flannel", "lxc", "tap", "vnet"].contains {
      name.hasPrefix($0)
    }
  }

  /// One item for each interface in the kernel's order; throws where `sys/class/net` is missing.
  public func collect(from machine: Machine) throws -> [Item] {
    let addresses = try machine.addresses()
    let routes = DefaultRoute.all(on: machine)
    let servers = nameServers(on: machine).joined(separator: ",")
    return try interfaces(of: machine).map { interface in
      let own = addresses.filter { $0.interface == interface.name }
      // The agent lets each address overwrite the one before it.
      let last4 = own.last { $0.family == .v4 }
      var values = [
        "Name": interface.name,
        "MacAddress": interface.hardwareAddress,
        "IPV4": last4?.address ?? "",
        "IPV6": own.last { $0.family == .v6 }?.address ?? "",
      ]
      values["SubnetMask"] = last4?.mask
      if let route = routes.first(where: { $0.interface == interface.name }) {
        values["Gateway"] = route.gateway
        // resolv.conf names no interface; queries leave where everything else leaves.
        if !servers.isEmpty { values["DNSServer"] = servers }
      }
      values["DHCPServer"] = Lease.server(of: interface.name, index: interface.index, on: machine)
      return Item(values)
    }
  }

  private func interfaces(of machine: Machine) throws -> [NetworkInterface] {
    try machine.names(in: "sys/class/net")
      .compactMap { NetworkInterface(name: $0, on: machine) }
      .filter { !$0.isLoopback }
      .sorted { ($0.index, $0.name) < ($1.index, $1.name) }
  }

  private func nameServers(on machine: Machine) -> [String] {
    guard let text = machine.text(of: "etc/resolv.conf") else { return [] }
    return text.split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.split(whereSeparator: \.isWhitespace)
      return words.count >= 2 && words[0] == "nameserver" ? String(words[1]) : nil
    }
  }
}

/// What sysfs says of an interface.
private struct NetworkInterface {
  let name: String
  let index: Int
  /// Lower-case pairs with colons between; empty where the interface has none.
  let hardwareAddress: String
  let isLoopback: Bool

  /// Nil for what is no interface, such as the file `bonding_masters`.
  init?(name: String, on machine: Machine) {
    let directory = "sys/class/net/\(name)/"
    guard let flags = machine.line(of: directory + "flags"), flags.hasPrefix("0x"),
      let bits = UInt32(flags.dropFirst(2), radix: 16)
    else { return nil }
    self.name = name
    index = machine.line(of: directory + "ifindex").flatMap { Int($0) } ?? .max
    isLoopback = bits & 0x8 != 0  // IFF_LOOPBACK
    let address = machine.line(of: directory + "address") ?? ""
    let pairs = address.split(separator: ":")
    // Addresses of 4 and 16 bytes are the ends of tunnels, and zeros say that there is none: the
    // agent gives neither.
    let isReal = pairs.count != 4 && pairs.count != 16 && pairs.contains { $0 != "00" }
    hardwareAddress = isReal ? address : ""
  }
}

/// A route of IPv4 to everywhere.
struct DefaultRoute: Hashable, Sendable {
  var interface: String
  /// Nil where the interface leads out directly.
  var gateway: String?
  var metric: Int

  /// The default routes in the order in which the kernel prefers them.
  static func all(on machine: Machine) -> [DefaultRoute] {
    guard let text = machine.text(of: "proc/net/route") else { return [] }
    let routes = text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
      // Iface Destination Gateway Flags RefCnt Use Metric Mask …
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count >= 8, words[1] == "00000000", words[7] == "00000000",
        let flags = UInt32(words[3], radix: 16), flags & 0x1 != 0, flags & 0x200 == 0,
        let gateway = UInt32(words[2], radix: 16), let metric = Int(words[6])
      else { return nil as DefaultRoute? }
      return DefaultRoute(
        interface: String(words[0]), gateway: flags & 0x2 != 0 ? dotted(gateway) : nil,
        metric: metric)
    }
    return routes.sorted { $0.metric < $1.metric }
  }

  /// The kernel prints the four bytes as one number of the machine's own byte order.
  private static func dotted(_ address: UInt32) -> String {
    let bytes = address.bigEndian
    return [24, 16, 8, 0].map { String(bytes >> UInt32($0) & 0xff) }.joined(separator: ".")
  }
}
