/// A key of the API: whose it is, what it may do, and its secret.
package struct AccessKey: Sendable, Equatable {
  /// `AKIA` and 16 letters and digits.
  package var id: String
  /// The account that all it names is in; 12 digits.
  package var account: String
  /// The Regions it may be used in; empty for all.
  package var regions: [String]
  package var permissions: [Permission]
  package var isActive = true
  /// When it was made, in milliseconds since 1970.
  package var created: Int64
  package var description = ""
  package var secret: [UInt8]
  /// The secret before a rotation, and until when it counts, in milliseconds since 1970.
  package var previousSecret: [UInt8]?
  package var previousValidUntil: Int64 = 0

  /// Whether it may be used in a Region.
  package func allows(region: String) -> Bool { regions.isEmpty || regions.contains(region) }
}

/// What a key may do.
package enum Permission: Sendable, Hashable, CustomStringConvertible {
  /// Ask for anything.
  case read
  /// Write what any node reports.
  case write
  /// Write what one node says of itself, and nothing else.
  case writeNode(String)
  /// All of it, and deletions.
  case admin

  /// Reads `read`, `write`, `admin` or `write-node=ID`; nil for anything else.
  package init?(_ text: String) {
    switch text {
    case "read": self = .read
    case "write": self = .write
    case "admin": self = .admin
    default:
      guard text.hasPrefix("write-node="), text.utf8.count > 11 else { return nil }
      self = .writeNode(String(text.dropFirst(11)))
    }
  }

  package var description: String {
    switch self {
    case .read: "read"
    case .write: "write"
    case .admin: "admin"
    case .writeNode(let node): "write-node=\(node)"
    }
  }
}
