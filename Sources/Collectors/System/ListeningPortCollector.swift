public import Inventory

/// The ports at which the machine waits for others: TCP sockets that listen, UDP sockets without a peer.
///
/// Of the network namespace of the process that collects. A port below the range that the kernel hands
/// out by itself is steady; one within it comes and goes with whatever client has it.
public struct ListeningPortCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:ListeningPort`.
  public var type: TypeName { .listeningPort }

  /// The number of the process.
  public var volatileAttributes: Set<String> { ["Pid"] }

  /// UDP ports of the range that the kernel hands out, which are mostly a client's.
  public func isVolatile(_ item: Item) -> Bool {
    (item["Protocol"] ?? "").hasPrefix("udp")
      && Int(item["Port"] ?? "").map { $0 >= 32_768 } ?? false
  }

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
      throw CollectorError("\(machine.path("proc/net/tcp")): there is no such file")
    }
    let owners = Owners(of: Set(sockets.map(\.inode)), on: machine)
    let accounts = try? machine.accounts()
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
      return Item(values)
    }
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
