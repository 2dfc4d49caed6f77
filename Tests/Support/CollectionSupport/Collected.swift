package import Collectors
import Foundation
package import Inventory

/// What a collector finds on a thread of its own, as in a collection.
///
/// Collectors that start a program wait for it. On the threads that tasks share, of which there are no
/// more than processors, a few tests that wait so would leave none for what ends their waiting.
package func collected(
  by collector: some Collector, on machine: Machine = Machine()
) async throws -> [Item] {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(with: Result { try collector.collect(from: machine) })
    }
  }
}
