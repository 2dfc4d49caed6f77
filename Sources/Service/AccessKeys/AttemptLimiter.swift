import Synchronization

/// Tells whoever guesses a secret to stop: wrong ones in a minute.
///
/// The right one counts at any time, for else whoever knows what it belongs to could shut out others; with 128
/// random bits and more it is not guessed.
package final class AttemptLimiter: Sendable {
  /// Wrong ones for one id in a minute; more are refused by another name.
  package static let failuresMax = 20
  private static let windowSeconds: Int64 = 60
  /// Ids that are watched at a time; beyond it all are forgotten together.
  private static let watchedMax = 10_000

  private let failures = Mutex<[String: (since: Int64, count: Int)]>([:])

  package init() {}

  /// Whether there were not too many wrong ones for an id lately.
  package func isAllowed(_ id: String, now: Int64) -> Bool {
    failures.withLock { failures in
      guard let known = failures[id], now - known.since < Self.windowSeconds else { return true }
      return known.count < Self.failuresMax
    }
  }

  /// Counts a wrong one.
  package func note(_ id: String, now: Int64) {
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
