import Glibc
import LMDB

// Scans look now and then whether the task that asks was cancelled: a question whose client is gone, or whose
// time is over, ends within some hundred rows. Outside of tasks nothing is ever cancelled.

/// Ends a scan that nobody waits for any more.
@inline(__always)
func checkCancellation() throws(StoreError) {
  if Task.isCancelled { throw StoreError(LMDBError.cancelled) }
}

extension LMDBError {
  /// Not LMDB's: how a walk over rows says that its task was cancelled.
  static let cancelled = LMDBError(rawValue: ECANCELED)

  /// Ends a walk over rows that nobody waits for any more.
  @inline(__always)
  static func checkCancellation() throws(LMDBError) {
    if Task.isCancelled { throw .cancelled }
  }
}
