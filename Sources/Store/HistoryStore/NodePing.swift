package import Inventory

/// The last time that a node said it is there, beside the history: a control row that a server keeps.
///
/// Written down when it is some minutes newer, so that a ping costs no wait for the disk.
package struct NodePing: Sendable, Equatable {
  /// Milliseconds since 1970.
  package var time: Int64
  /// Whether the agent said that it stops.
  package var isInactive: Bool

  /// Seconds of silence after which a node counts as lost, where nobody says otherwise.
  package static let lostAfterStandard: Int64 = 5400

  package init(time: Int64, isInactive: Bool) {
    self.time = time
    self.isInactive = isInactive
  }

  /// What the keys of all pings begin with.
  package static let prefix = Array("h".utf8)

  /// The key of a node's row.
  package static func key(_ scope: Scope, _ node: String) -> [UInt8] {
    prefix + Array("\(scope) \(node)".utf8)
  }

  /// The value of its row.
  package var row: [UInt8] {
    let time = UInt64(bitPattern: time)
    return [isInactive ? 1 : 0]
      + (0..<8).map { UInt8(truncatingIfNeeded: time >> (56 - 8 * UInt64($0))) }
  }

  /// Reads what ``row`` wrote; nil for any other value.
  package init?(row: [UInt8]) {
    guard row.count == 9 else { return nil }
    time = Int64(bitPattern: row.dropFirst().reduce(0) { $0 << 8 | UInt64($1) })
    isInactive = row[0] != 0
  }
}
