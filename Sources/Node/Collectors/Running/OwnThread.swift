import Dispatch
import Synchronization

/// Runs a body on a thread of its own: it may wait for a disk or a process, which no task may.
func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    start { continuation.resume(returning: body()) }
  }
}

/// Runs a body on a thread of its own, and waits so many seconds at most.
///
/// A body that takes longer cannot be stopped: a read of a dead network file system never returns. Its
/// thread is left behind and its result dropped.
func onOwnThread<Value: Sendable>(
  secondsMax: Double, _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
  return try await withCheckedThrowingContinuation { continuation in
    let race = Race(continuation)
    start { race.finish(Result { try body() }) }
    DispatchQueue.global().asyncAfter(deadline: .now() + secondsMax) {
      race.finish(
        .failure(CollectorError("it took longer than \(seconds(secondsMax)) and was left behind")))
    }
  }
}

/// A continuation that the first of several resumes.
private final class Race<Value: Sendable>: Sendable {
  private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

  init(_ continuation: CheckedContinuation<Value, any Error>) {
    self.continuation = Mutex(continuation)
  }

  func finish(_ result: Result<Value, any Error>) {
    let first = continuation.withLock { waiting in
      defer { waiting = nil }
      return waiting
    }
    first?.resume(with: result)
  }
}

/// A queue of its own has a thread of its own, however many others are held; `Thread` would do the same with all of
/// Foundation.
private func start(_ body: @escaping @Sendable () -> Void) {
  DispatchQueue(label: "stocktake.own-thread").async(execute: body)
}
