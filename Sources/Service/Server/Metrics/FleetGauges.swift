import HistoryStore
import Inventory
import Synchronization

/// Counts nodes, and those that are silent, for whoever asks for metrics.
///
/// A count walks over the rows of all nodes: it is kept for a minute, however often it is asked for, and by how
/// many; what it took is a metric too. It needs no turn among the questions.
final class FleetGauges: Sendable {
  /// What a count found.
  struct Count: Sendable, Equatable {
    /// Nodes that are neither terminated nor deregistered.
    var nodes = 0
    /// Those silent for each of ``FleetGauges/horizons``.
    var silent = [Int](repeating: 0, count: FleetGauges.horizons.count)
    /// When the most silent of those that ever spoke was heard of, and the last one to speak.
    var oldest: Instant?
    var newest: Instant?

    /// Counts one that was last heard of at a time; nil for never.
    mutating func take(_ seen: Instant?, now: Instant) {
      nodes += 1
      for (index, seconds) in FleetGauges.horizons.enumerated()
      where seen.map({ now.milliseconds - $0.milliseconds > seconds * 1000 }) ?? true {
        silent[index] += 1
      }
      guard let seen else { return }
      oldest = min(oldest ?? seen, seen)
      newest = max(newest ?? seen, seen)
    }
  }

  /// Seconds of silence that are told apart: an hour, a day, a week, thirty days.
  static let horizons: [Int64] = [3600, 86_400, 604_800, 2_592_000]
  /// Seconds for which a count is good.
  static let secondsKept: Int64 = 60

  private struct State {
    var count: Count?
    /// By the monotonic clock.
    var counted: Int64 = 0
  }

  private let store: HistoryStore
  private let metrics: PrometheusMetrics
  /// When a node was last heard of otherwise than by a report.
  private let pinged: @Sendable (Scope, NodeID) -> Instant?
  /// Held while one counts; the others wait for that.
  private let state = Mutex(State())

  init(
    _ store: HistoryStore, metrics: PrometheusMetrics,
    pinged: @escaping @Sendable (Scope, NodeID) -> Instant?
  ) {
    self.store = store
    self.metrics = metrics
    self.pinged = pinged
  }

  /// Brings the metrics up to date; ages go on while the count is kept.
  ///
  /// What cannot be read leaves them as they were: checks tell of damage.
  func look() {
    guard let count = count() else { return }
    metrics.set(.nodes, Double(count.nodes))
    for (seconds, silent) in zip(Self.horizons, count.silent) {
      metrics.set(.silentNodes, Double(silent), [("for_seconds", String(seconds))])
    }
    let now = store.preciseNow
    for (metric, seen) in [(Metric.oldestSeen, count.oldest), (.newestSeen, count.newest)] {
      let age = seen.map { Double(max(0, now.milliseconds - $0.milliseconds)) / 1000 }
      metrics.set(metric, age ?? .nan)
    }
  }

  private func count() -> Count? {
    state.withLock { state in
      let clock = HistoryStore.monotonicSeconds()
      if let count = state.count, clock - state.counted < Self.secondsKept { return count }
      let begun = ContinuousClock.now
      var count = Count()
      let now = store.preciseNow
      let isWhole: Void? = try? store.reading(nil) { reader in
        try reader.forEachLife { scope, node, status, seen in
          guard status != .terminated, status != .deregistered else { return }
          let heard = [seen, pinged(scope, node)].compactMap(\.self).max()
          count.take(heard, now: now)
        }
      }
      guard isWhole != nil else { return state.count }
      let duration = ContinuousClock.now - begun
      metrics.set(.nodeCountDuration, duration / .seconds(1))
      state = State(count: count, counted: clock)
      return count
    }
  }
}
