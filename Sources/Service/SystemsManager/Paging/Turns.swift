import Synchronization

/// Lets what reads and then writes one node's items take turns, so that none overwrites another.
final class Turns: Sendable {
  private struct State {
    /// Those who wait, by what they wait for; a key is there while somebody has the turn.
    var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
  }

  private let state = Mutex(State())

  func take<R: Sendable>(_ key: String, _ body: () async throws -> R) async rethrows -> R {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        guard state.waiting[key] != nil else {
          state.waiting[key] = []
          return true
        }
        state.waiting[key]?.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
    defer {
      let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
        guard state.waiting[key]?.isEmpty == false else {
          state.waiting[key] = nil
          return nil
        }
        return state.waiting[key]?.removeFirst()
      }
      next?.resume()
    }
    return try await body()
  }
}
