import HistoryStore
package import Inventory
import Synchronization

/// When nodes were last heard of by a ping.
///
/// In memory, written down every now and then and at a stop: a ping costs no wait for the disk. A crash
/// forgets the pings of the last minutes; each node tells again within five.
package final class HeardNodes: Sendable {
  /// A ping.
  package struct Heard: Sendable, Equatable {
    /// Milliseconds since 1970.
    package var time: Int64
    /// Whether the agent said that it stops.
    package var isInactive: Bool
    /// What it said of itself, in this process; 0 for not known.
    package var said: Int

    package init(time: Int64, isInactive: Bool, said: Int = 0) {
      self.time = time
      self.isInactive = isInactive
      self.said = said
    }
  }

  private struct State {
    var nodes: [[UInt8]: Heard] = [:]
    /// The times that are written down.
    var written: [[UInt8]: Int64] = [:]
    var changed: Set<[UInt8]> = []
  }

  /// Milliseconds by which a time that is written down may be older than what is known: a node that waits
  /// for messages is heard of every 18 s, and nobody asks that precisely after a crash.
  private static let staleMillisecondsMax: Int64 = 300_000
  /// Rows of one transaction, so that no report has to wait for all of them.
  private static let rowsMax = 1000

  private let state: Mutex<State>
  private let store: HistoryStore

  init(_ store: HistoryStore) throws {
    self.store = store
    var read = State()
    for row in try store.controlRows(prefix: NodePing.prefix) {
      guard let ping = NodePing(row: row.value) else { continue }
      read.nodes[row.key] = Heard(time: ping.time, isInactive: ping.isInactive)
      read.written[row.key] = ping.time
    }
    state = Mutex(read)
  }

  /// The newest ping of a node; nil for none.
  package func heard(_ scope: Scope, _ node: String) -> Heard? {
    state.withLock { $0.nodes[NodePing.key(scope, node)] }
  }

  /// Notes a ping.
  package func note(_ scope: Scope, _ node: String, _ heard: Heard) {
    let key = NodePing.key(scope, node)
    state.withLock { state in
      let isOther = state.nodes[key]?.isInactive != heard.isInactive
      state.nodes[key] = heard
      if isOther || heard.time - (state.written[key] ?? 0) >= Self.staleMillisecondsMax {
        state.changed.insert(key)
      }
    }
  }

  /// Forgets what a node said of itself, so that its next ping is recorded whatever it says.
  func forgetWords(_ scope: Scope, _ node: String) {
    state.withLock { $0.nodes[NodePing.key(scope, node)]?.said = 0 }
  }

  /// Writes down what is new, or everything that is not written yet.
  func save(everything: Bool) throws {
    let rows = state.withLock { state in
      defer { state.changed = [] }
      let changed =
        everything
        ? state.nodes.filter { state.written[$0.key] != $0.value.time }.map(\.key)
        : Array(state.changed)
      return changed.compactMap { key in state.nodes[key].map { (key, $0) } }
    }
    for start in stride(from: 0, to: rows.count, by: Self.rowsMax) {
      do { try write(rows[start..<min(start + Self.rowsMax, rows.count)]) } catch {
        // What could not be written is tried again with the next.
        state.withLock { $0.changed.formUnion(rows[start...].map(\.0)) }
        throw error
      }
    }
  }

  private func write(_ rows: ArraySlice<([UInt8], Heard)>) throws {
    try store.updateControl { _ in
      rows.map { key, heard in
        .init(
          key: key, value: NodePing(time: heard.time, isInactive: heard.isInactive).row)
      }
    }
    state.withLock { state in
      for (key, heard) in rows { state.written[key] = heard.time }
    }
  }
}
