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
