import Synchronization

/// Bounds how often codes can be guessed: wrong ones for an activation in a minute.
final class AttemptLimiter: Sendable {
  /// Wrong codes for one activation in a minute; more, and right ones are refused too.
  static let failuresMax = 20
  private static let windowSeconds: Int64 = 60
  /// Activations that are watched at a time.
  ///
  /// Only such as exist are, so this is never near.
  private static let watchedMax = 10_000

  private let failures = Mutex<[String: (since: Int64, count: Int)]>([:])

  func isAllowed(_ id: String, now: Int64) -> Bool {
    failures.withLock { failures in
      guard let known = failures[id], now - known.since < Self.windowSeconds else { return true }
      return known.count < Self.failuresMax
    }
  }

  func note(_ id: String, now: Int64) {
    failures.withLock { failures in
      if failures.count >= Self.watchedMax { failures.removeAll() }
      let known = failures[id]
      if let known, now - known.since < Self.windowSeconds {
        failures[id] = (known.since, known.count + 1)
      } else {
        failures[id] = (now, 1)
      }
    }
  }
}

/// Remembers the signatures of nodes for as long as they would count, so that none counts twice.
///
/// In memory alone: what was signed before the server began is refused as a whole, for the server
/// cannot know whether it saw it. The agent's SDK sends the same signature again when it retries; the agent
/// signs anew once those retries failed.
package final class ReplayGuard: Sendable {
  /// Signatures that are remembered; the memory for 100,000 nodes that come back at once.
  private static let countMax = 400_000

  private struct State {
    var began: Int64
    var seen: Set<[UInt8]> = []
    /// What was seen in the window before this one.
    var older: Set<[UInt8]> = []
    var windowBegan: Int64
  }

  private let state: Mutex<State>
  private let windowSeconds: Int64

  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - windowSeconds: how far a signature's time may be from the server's, both ways together.
  package init(now: Int64, windowSeconds: Int64) {
    state = Mutex(State(began: now, windowBegan: now))
    self.windowSeconds = windowSeconds
  }

  /// Notes a signature that was verified.
  package enum Verdict: Sendable { case new, replayed, tooEarly, full }

  package func note(_ signature: [UInt8], signedAt time: Int64, now: Int64) -> Verdict {
    state.withLock { state in
      guard time >= state.began else { return .tooEarly }
      if now - state.windowBegan > windowSeconds {
        state.older = state.seen
        state.seen = []
        state.windowBegan = now
      }
      guard !state.older.contains(signature), !state.seen.contains(signature) else {
        return .replayed
      }
      guard state.seen.count < Self.countMax else { return .full }
      state.seen.insert(signature)
      return .new
    }
  }
}
