public import Inventory

/// The ports at which the machine waits for others: TCP sockets that listen, UDP sockets without a peer.
///
/// Of the network namespace of the process that collects. A port outside the range that the kernel hands
/// out by itself is steady. One within it is another one after each restart of a TCP service that did
/// not choose it, and mostly that of a UDP client; whoever runs a service at such a port reserves it
/// (`net.ipv4.ip_local_reserved_ports`), and then it is steady too.
public struct ListeningPortCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:ListeningPort`.
  public var type: TypeName { .listeningPort }

  /// The number of the process, and whether the kernel hands out the port.
  public var volatileAttributes: Set<String> { ["Pid", "Ephemeral"] }

  /// Ports that the kernel hands out.
  public func isVolatile(_ item: Item) -> Bool { item["Ephemeral"] != nil }

  /// Open files that are looked at to find whose a socket is.
  static let descriptorsMax = 500_000

  /// One item for each socket, by protocol, port and address; throws where `proc/net` is missing.
  public func collect(from machine: Machine) throws -> [Item] {
    var sockets: [Socket] = []
    var isThere = false
    for name in ["tcp", "tcp6", "udp", "udp6"] {
      guard let bytes = try? machine.bytes(of: "proc/net/\(name)") else { continue }
      isThere = true
      let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
      sockets += lines.dropFirst().compactMap { Socket($0, protocol: name) }
    }
    guard isThere else {
      throw CollectorError.unavailable("\(machine.path("proc/net/tcp")): there is no such file")
    }
    let owners = Owners(of: Set(sockets.map(\.inode)), on: machine)
    let accounts = try? machine.accounts()
    let ephemeral = EphemeralPorts(on: machine)
    // Several processes may wait at one place: the sockets are told apart by nothing that lasts.
    var seen: Set<[String]> = []
    return sockets.sorted().compactMap { socket in
      let owner = owners.processes[socket.inode]
      let key = [socket.protocol, socket.address, String(socket.port), owner?.name ?? ""]
      guard seen.insert(key).inserted else { return nil }
      var values = [
        "Protocol": socket.protocol, "Address": socket.address, "Port": String(socket.port),
        "User": accounts?.userName(socket.user) ?? String(socket.user),
      ]
      values["Process"] = owner?.name
      values["Pid"] = owner.map { String($0.id) }
      if ephemeral.contains(socket.port) { values["Ephemeral"] = "true" }
      return Item(values)
    }
  }
}

/// The ports that the kernel hands out to who asks for any, of both protocols and families.
///
/// Source: ip_local_port_range and ip_local_reserved_ports in the kernel's ip-sysctl.
struct EphemeralPorts {
  /// Where the kernel begins and ends if nobody tells it otherwise.
  private static let usual = 32_768...60_999

  private let range: ClosedRange<Int>
  private let reserved: [ClosedRange<Int>]

  /// Reads what the machine is set to.
  init(on machine: Machine) {
    let folder = "proc/sys/net/ipv4"
    let ends =
      machine.line(of: "\(folder)/ip_local_port_range")?
      .split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
    range = Self.range(ends) ?? Self.usual
    reserved = (machine.line(of: "\(folder)/ip_local_reserved_ports") ?? "")
      .split(separator: ",").compactMap { part in
        let ends = part.split(separator: "-").compactMap { Int($0) }
        return Self.range(ends.count == 1 ? ends + ends : ends)
      }
  }

  private static func range(_ ends: [Int]) -> ClosedRange<Int>? {
    guard ends.count == 2, ends[0] <= ends[1] else { return nil }
    return ends[0]...ends[1]
  }

  /// Whether the kernel may hand out a port.
  func contains(_ port: Int) -> Bool {
    range.contains(port) && !reserved.contains { $0.contains(port) }
  }
}

/// A line of `proc/net/tcp` and its siblings, as proc(5) describes them.
private struct Socket: Comparable {
  let `protocol`: String
  let address: String
  let port: Int
  let user: UInt32
  let inode: UInt64

  init?(_ line: Substring, protocol name: String) {
    let words = line.split(separator: " ")
    guard words.count >= 10, let user = UInt32(words[7]), let inode = UInt64(words[9]) else {
      return nil
    }
    // 0A is a TCP socket that listens, 07 a UDP socket without a peer.
    guard words[3] == (name.hasPrefix("tcp") ? "0A" : "07") else { return nil }
    let local = words[1].split(separator: ":")
    guard local.count == 2, let port = Int(local[1], radix: 16),
      let address = Self.address(local[0])
    else { return nil }
    (self.protocol, self.address, self.port, self.user, self.inode) = (
      name, address, port, user, inode
    )
  }

  /// Groups of four bytes, each in the machine's order of bytes.
  private static func address(_ digits: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = digits
    while !rest.isEmpty {
      guard rest.count >= 8, let word = UInt32(rest.prefix(8), radix: 16) else { return nil }
      bytes += unsafe withUnsafeBytes(of: word) { unsafe Array($0) }
      rest = rest.dropFirst(8)
    }
    return InterfaceAddress.text(of: bytes)
  }

  static func < (a: Socket, b: Socket) -> Bool {
    (a.protocol, a.port, a.address, a.inode) < (b.protocol, b.port, b.address, b.inode)
  }
}

/// The processes that have sockets open.
private struct Owners {
  private(set) var processes: [UInt64: ProcessTable.Process] = [:]

  /// Looks through the open files of all processes; of a socket that several share the oldest counts.
  init(of sockets: Set<UInt64>, on machine: Machine) {
    var left = ListeningPortCollector.descriptorsMax
    for process in (try? ProcessTable.all(on: machine)) ?? [] where !process.isKernelThread {
      let directory = "proc/\(process.id)/fd"
      for name in (try? machine.names(in: directory)) ?? [] {
        left -= 1
        guard left > 0 else {
          machine.warn("only \(ListeningPortCollector.descriptorsMax) open files are looked at")
          return
        }
        guard let target = machine.link(at: "\(directory)/\(name)"), target.hasPrefix("socket:["),
          let inode = UInt64(target.dropFirst(8).dropLast()), sockets.contains(inode),
          processes[inode] == nil
        else { continue }
        processes[inode] = process
      }
    }
  }
}
