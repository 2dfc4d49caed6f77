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

/// A channel whose connections are served by tasks of their own, which know their ``Connection``.
struct FreeChannel<Base: ServerChildChannel>: ServerChildChannel {
  struct Value: ServerChildChannelValue {
    var base: Base.Value
    var connection: Connection
    var channel: any Channel { base.channel }
  }

  /// Why a connection is closed before it began.
  private struct TooManyConnections: Error {}

  let base: Base
  let tasks: ConnectionTasks
  let admission: Admission

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let payer = Payer(key: nil, address: Connection.address(of: channel))
    guard let room = admission.connections.take(1, for: payer) else {
      channel.close(promise: nil)
      return channel.eventLoop.makeFailedFuture(TooManyConnections())
    }
    let connection = Connection(channel, room: room)
    return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
      try channel.pipeline.syncOperations.handler(type: ConnectionGate.self).connection = connection
      return Value(base: value, connection: connection)
    }
  }

  func handle(value: Value, logger: Logger) async {
    tasks.start {
      await Connection.$current.withValue(value.connection) {
        await base.handle(value: value.base, logger: logger)
      }
    }
  }
}
