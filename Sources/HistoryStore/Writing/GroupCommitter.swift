import Inventory
import LMDB
import Synchronization

/// Gathers reports that arrive at the same time, so that they share one flush.
///
/// The first report to arrive waits for others for at most the configured delay; whatever arrives
/// while a flush runs goes into the next. Each caller is answered after its flush, or told that
/// nothing of it was stored.
actor GroupCommitter {
  /// A report and whoever waits for it.
  struct Waiting {
    var report: CanonicalReport
    var scope: Scope
    var continuation: CheckedContinuation<Result<Receipt, ReportError>, any Error>
  }

  private let delay: Duration
  private let limit: Int
  private var waiting: [Waiting] = []
  private var isScheduled = false

  init(delay: Duration, limit: Int) {
    self.delay = delay
    self.limit = limit
  }

  /// Stores a report durably, together with others.
  func commit(
    _ report: CanonicalReport, in scope: Scope, to store: HistoryStore
  ) async throws -> Receipt {
    let result = try await withCheckedThrowingContinuation { continuation in
      waiting.append(Waiting(report: report, scope: scope, continuation: continuation))
      if waiting.count >= limit {
        flush(to: store)
      } else if !isScheduled {
        isScheduled = true
        Task {
          try? await Task.sleep(for: delay)
          self.flush(to: store)
        }
      }
    }
    return try result.get()
  }

  private func flush(to store: HistoryStore) {
    isScheduled = false
    let group = waiting
    waiting.removeAll()
    guard !group.isEmpty else { return }
    do throws(StoreError) {
      let results = try store.commit(group.map { ($0.report, $0.scope) })
      for (index, waiter) in group.enumerated() {
        waiter.continuation.resume(returning: results[index])
      }
    } catch {
      for waiter in group { waiter.continuation.resume(throwing: error) }
    }
  }
}
