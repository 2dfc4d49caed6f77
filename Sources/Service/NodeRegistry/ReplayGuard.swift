import Synchronization

/// Remembers the signatures of nodes for as long as they would count, so that none counts twice.
///
/// In memory alone: what was signed before the server began is refused as a whole, for the server
/// cannot know whether it saw it. The agent's SDK sends the same signature again when it retries; the agent
/// signs anew once those retries failed.
///
/// Each node has places of its own: however often one signs, the others' signatures are taken.
package final class ReplayGuard: Sendable {
  /// Signatures of one node that are remembered; of more, what was signed earliest is not taken any more.
  static let signaturesMax = 64
  /// Bytes by which a signature is known: they are as random as all of it.
  private static let prefixByteCount = 16

  private struct Seen {
    var time: Int64
    var prefix: [UInt8]
  }

  private struct Node {
    var seen: [Seen] = []
    /// What was signed before is not taken: some of it is forgotten.
    var floor: Int64

    /// Forgets what was signed in the earliest second.
    mutating func forgetEarliest() {
      guard let earliest = seen.map(\.time).min() else { return }
      floor = earliest + 1
      seen.removeAll { $0.time == earliest }
    }
  }

  private struct State {
    var nodes: [String: Node] = [:]
    var sweptAt: Int64
  }

  private let state: Mutex<State>
  private let began: Int64
  private let windowSeconds: Int64

  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - windowSeconds: how far a signature's time may be from the server's, both ways together.
  package init(now: Int64, windowSeconds: Int64) {
    began = now
    state = Mutex(State(sweptAt: now))
    self.windowSeconds = windowSeconds
  }

  /// What a signature is; `tooEarly` is what cannot be told from one that came before.
  package enum Verdict: Sendable { case new, replayed, tooEarly }

  /// Notes a signature of a node that was verified.
  package func note(
    _ signature: [UInt8], of id: String, signedAt time: Int64, now: Int64
  ) -> Verdict {
    state.withLock { state in
      if now - state.sweptAt > windowSeconds {
        // What is as old as that is refused for its time.
        state.nodes = state.nodes.filter { entry in
          entry.value.seen.contains { $0.time >= now - windowSeconds }
        }
        state.sweptAt = now
      }
      var node = state.nodes[id] ?? Node(floor: began)
      guard time >= node.floor else { return .tooEarly }
      let prefix = Array(signature.prefix(Self.prefixByteCount))
      guard !node.seen.contains(where: { $0.prefix == prefix }) else { return .replayed }
      node.seen.append(Seen(time: time, prefix: prefix))
      while node.seen.count > Self.signaturesMax { node.forgetEarliest() }
      state.nodes[id] = node
      return .new
    }
  }

  /// Nodes of which anything is remembered.
  var nodeCount: Int { state.withLock { $0.nodes.count } }
}
