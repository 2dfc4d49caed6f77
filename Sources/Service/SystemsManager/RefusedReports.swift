import Synchronization

/// When the server last refused a report for a reason of its own.
///
/// Whose it was is not known, for a request that is turned away is not read.
package final class RefusedReports: Sendable {
  private let last = Atomic<Int64>(0)

  /// - Parameter now: in milliseconds since 1970.
  func note(now: Int64) { last.store(now, ordering: .relaxed) }

  /// Whether any were at or after a time, in milliseconds since 1970.
  package func were(since time: Int64) -> Bool { last.load(ordering: .relaxed) >= time }
}
