// Scans look now and then whether the task that asks was cancelled: a question whose client is gone, or whose
// time is over, ends within some hundred rows. Outside of tasks nothing is ever cancelled.

/// Ends a scan that nobody waits for any more.
@inline(__always)
func checkCancellation() throws(StoreError) {
  if Task.isCancelled { throw StoreError(.cancelled, "the question was given up") }
}
