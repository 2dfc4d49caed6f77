import Synchronization

/// Carries what a thread or task came to back to the one that waits for it.
final class ResultBox<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)

  func set(_ value: Result<Value, any Error>) { result.withLock { $0 = value } }

  /// Nil where it has not come to anything yet.
  func get() -> Result<Value, any Error>? { result.withLock { $0 } }
}
