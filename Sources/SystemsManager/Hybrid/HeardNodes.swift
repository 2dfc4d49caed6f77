import HistoryStore
import Inventory
import Synchronization

/// When nodes were last heard of by a ping.
///
/// In memory, written down every now and then and at a stop: a ping costs no wait for the disk. A crash
/// forgets the pings of the last minute; each node tells again within five.
final class HeardNodes: Sendable {
  struct Heard: Sendable, Equatable {
    /// Milliseconds since 1970.
    var time: Int64
    /// Whether the agent said that it stops.
    var isInactive: Bool
    /// What it said of itself, in this process; 0 for not known.
    var said = 0
  }

  private struct State {
    var nodes: [[UInt8]: Heard] = [:]
    var changed: Set<[UInt8]> = []
  }

  private let state: Mutex<State>
  private let store: HistoryStore

  init(_ store: HistoryStore) throws {
    self.store = store
    var read = State()
    for row in try store.controlRows(prefix: Array("h".utf8)) where row.value.count == 9 {
      let time = row.value.dropFirst().reduce(0) { $0 << 8 | UInt64($1) }
      read.nodes[row.key] = Heard(
        time: Int64(bitPattern: time), isInactive: row.value[0] != 0)
    }
    state = Mutex(read)
  }

  private static func key(_ scope: Scope, _ node: String) -> [UInt8] {
    Array("h\(scope) \(node)".utf8)
  }

  func heard(_ scope: Scope, _ node: String) -> Heard? {
    state.withLock { $0.nodes[Self.key(scope, node)] }
  }

  func note(_ scope: Scope, _ node: String, _ heard: Heard) {
    let key = Self.key(scope, node)
    state.withLock { state in
      state.nodes[key] = heard
      state.changed.insert(key)
    }
  }

  /// Writes down what is new, in one transaction.
  func save() throws {
    let rows = state.withLock { state in
      defer { state.changed = [] }
      return state.changed.compactMap { key in state.nodes[key].map { (key, $0) } }
    }
    guard !rows.isEmpty else { return }
    try store.updateControl { _ in
      rows.map { key, heard in
        let time = UInt64(bitPattern: heard.time)
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: time >> (56 - 8 * UInt64($0))) }
        return .init(key: key, value: [heard.isInactive ? 1 : 0] + bytes)
      }
    }
  }
}
