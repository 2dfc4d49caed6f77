import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// The tasks of the connections, each on its own and not in one group.
///
/// A group of tasks finds one that ended by walking a list of all of them: with many thousands of
/// connections, of which hundreds come and go in a second, that would be most of the server's work.
final class ConnectionTasks: Sendable {
  private struct State {
    var count = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  fileprivate func start(_ body: @escaping @Sendable () async -> Void) {
    state.withLock { $0.count += 1 }
    Task {
      await body()
      end()
    }
  }

  private func end() {
    let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.count -= 1
      guard state.count == 0 else { return [] }
      defer { state.waiting = [] }
      return state.waiting
    }
    for one in waiting { one.resume() }
  }

  /// Returns when no connection is served any more.
  func ended() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        guard state.count > 0 else { return true }
        state.waiting.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }
}

/// A channel whose connections are served by tasks of their own.
struct FreeChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let tasks: ConnectionTasks

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    base.setup(channel: channel, logger: logger)
  }

  func handle(value: Base.Value, logger: Logger) async {
    tasks.start { await base.handle(value: value, logger: logger) }
  }
}
