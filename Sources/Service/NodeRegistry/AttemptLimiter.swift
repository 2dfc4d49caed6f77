import Synchronization

/// Tells whoever guesses the code of an activation to stop: wrong ones in a minute.
///
/// The right code counts at any time, for else whoever knows an activation's id could keep its nodes out; with
/// 128 random bits it is not guessed.
final class AttemptLimiter: Sendable {
  /// Wrong codes for one activation in a minute; more are refused by another name.
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
