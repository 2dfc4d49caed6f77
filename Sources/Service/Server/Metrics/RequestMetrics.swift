import CoreMetrics
import Metrics
import Synchronization

/// The counters of requests, found once for each operation and status.
final class RequestMetrics: Sendable {
  private struct Key: Hashable {
    var operation: String
    var status: Int
  }

  private let factory: PrometheusMetrics
  private let counters = Mutex<[Key: (Counter, CoreMetrics.Timer)]>([:])

  init(factory: PrometheusMetrics) { self.factory = factory }

  /// Counts a request that was answered.
  func count(_ operation: String, status: Int, nanoseconds: Int64) {
    let key = Key(operation: operation, status: status)
    let (counter, timer) = counters.withLock { counters in
      if let known = counters[key] { return known }
      let made = (
        Counter(
          label: Metric.requests.name,
          dimensions: [("operation", operation), ("status", String(status))], factory: factory),
        CoreMetrics.Timer(
          label: Metric.requestDuration.name,
          dimensions: [("operation", operation)], factory: factory)
      )
      counters[key] = made
      return made
    }
    counter.increment()
    timer.recordNanoseconds(nanoseconds)
  }
}
