/// What clients of DHCP write down of the addresses that they were lent.
enum Lease {
  /// The server that lent an interface its address: by systemd-networkd, NetworkManager or dhclient.
  static func server(of interface: String, index: Int, on machine: Machine) -> String? {
    if let text = machine.text(of: "run/systemd/netif/leases/\(index)") {
      return value(of: "SERVER_ADDRESS=", in: text)
    }
    let manager = "var/lib/NetworkManager"
    for name in (try? machine.names(in: manager)) ?? [] where name.hasSuffix("-\(interface).lease")
    {
      if let text = machine.text(of: "\(manager)/\(name)"),
        let server = value(of: "SERVER_ADDRESS=", in: text)
      {
        return server
      }
    }
    for folder in ["var/lib/dhcp", "var/lib/dhclient"] {
      for name in (try? machine.names(in: folder)) ?? [] where name.hasSuffix(".leases") {
        if let server = dhclient(machine.text(of: "\(folder)/\(name)") ?? "", interface) {
          return server
        }
      }
    }
    return nil
  }

  private static func value(of name: String, in text: String) -> String? {
    text.split(whereSeparator: \.isNewline).last { $0.hasPrefix(name) }.map {
      String($0.dropFirst(name.count))
    }
  }

  /// The server of an interface's last lease; dhclient.leases(5).
  private static func dhclient(_ text: String, _ interface: String) -> String? {
    var server: String?
    for lease in text.split(separator: "lease {")
    where lease.contains("interface \"\(interface)\";") {
      let line = lease.split(whereSeparator: \.isNewline).first {
        $0.contains("dhcp-server-identifier ")
      }
      server = line?.split(separator: " ").last.map { $0.filter { $0 != ";" } } ?? server
    }
    return server
  }
}
