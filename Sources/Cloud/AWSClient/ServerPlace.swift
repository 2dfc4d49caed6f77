import NIOCore
import NIOSSL

/// Where a server listens, taken from `http://HOST:PORT` or `https://HOST:PORT`.
struct ServerPlace: Sendable {
  let isSecure: Bool
  /// Name or address, without the brackets of one of IPv6.
  let name: String
  let port: Int
  /// The Host field.
  let host: String

  init?(_ url: Substring) {
    guard let scheme = ["http://", "https://"].first(where: url.hasPrefix) else { return nil }
    let rest = url.dropFirst(scheme.count)
    guard !rest.isEmpty, rest.utf8.allSatisfy(Self.isOfHost) else { return nil }
    isSecure = scheme == "https://"
    host = String(rest)
    var name = rest
    var port = isSecure ? 443 : 80
    let bracket = rest.lastIndex(of: "]") ?? rest.startIndex
    if let colon = rest[bracket...].lastIndex(of: ":") {
      guard let number = UInt16(rest[rest.index(after: colon)...]) else { return nil }
      port = Int(number)
      name = rest[..<colon]
    }
    if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
    guard !name.isEmpty, !name.contains("[") else { return nil }
    self.name = String(name)
    self.port = port
  }

  /// Without blanks, slashes, users and what would end a header field.
  private static func isOfHost(_ byte: UInt8) -> Bool {
    (0x21...0x7e).contains(byte) && !"/?#@\\".utf8.contains(byte)
  }

  /// What the server's certificate has to be for; nil for addresses, which are not told to servers and are
  /// compared with that of the connection.
  var nameForTLS: String? {
    (try? SocketAddress(ipAddress: name, port: port)) == nil ? name : nil
  }
}

/// What a connection with TLS trusts.
enum ServerTrust: Sendable {
  /// The file of certificates; nil for those of the system.
  case certificates(String?)
  case ready(NIOSSLContext)

  /// Reads the certificates, once.
  mutating func context() throws -> NIOSSLContext {
    switch self {
    case .ready(let context): return context
    case .certificates(let file):
      var configuration = TLSConfiguration.makeClientConfiguration()
      if let file { configuration.trustRoots = .file(file) }
      let context = try NIOSSLContext(configuration: configuration)
      self = .ready(context)
      return context
    }
  }
}
