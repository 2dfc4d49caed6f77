import Glibc

/// One address of a network interface.
struct InterfaceAddress: Hashable, Sendable {
  /// The version of the Internet protocol.
  enum Family: Sendable { case v4, v6 }

  var interface: String
  var family: Family
  var address: String
  /// In dotted form; of IPv4 only.
  var mask: String?

  /// Whether the address is good on its own link only.
  var isLinkLocal: Bool {
    switch family {
    case .v4: address.hasPrefix("169.254.")
    case .v6:
      // fe80::/10: the third digit is 8, 9, a or b.
      address.hasPrefix("fe") && "89ab".contains(address.dropFirst(2).first ?? " ")
    }
  }

  /// The addresses of the running machine in the kernel's order.
  ///
  /// Calls `getifaddrs`.
  static func ofRunningMachine() throws(CollectorError) -> [InterfaceAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&list) == 0 else {
      throw CollectorError(path: "getifaddrs", errno: errno)
    }
    defer { unsafe freeifaddrs(list) }
    var addresses: [InterfaceAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      unsafe next = entry.pointee.ifa_next
      guard let socket = unsafe entry.pointee.ifa_addr,
        let text = unsafe Self.text(of: socket)
      else { continue }
      let isIPv4 = unsafe socket.pointee.sa_family == UInt16(AF_INET)
      var mask: String?
      if isIPv4, let socket = unsafe entry.pointee.ifa_netmask {
        mask = unsafe Self.text(of: socket)
      }
      addresses.append(
        InterfaceAddress(
          interface: unsafe String(cString: entry.pointee.ifa_name),
          family: isIPv4 ? .v4 : .v6, address: text, mask: mask))
    }
    return addresses
  }

  private static func text(of socket: UnsafeMutablePointer<sockaddr>) -> String? {
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let isWritten: Bool
    switch unsafe Int32(socket.pointee.sa_family) {
    case AF_INET:
      isWritten = unsafe socket.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        unsafe inet_ntop(AF_INET, &$0.pointee.sin_addr, &text, socklen_t(text.count)) != nil
      }
    case AF_INET6:
      isWritten = unsafe socket.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        unsafe inet_ntop(AF_INET6, &$0.pointee.sin6_addr, &text, socklen_t(text.count)) != nil
      }
    default: return nil
    }
    guard isWritten else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The text of four bytes of IPv4 or sixteen of IPv6; nil for any other number.
  static func text(of bytes: [UInt8]) -> String? {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard unsafe inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
