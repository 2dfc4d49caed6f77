import HistoryStore
import Synchronization

/// Tells those who wait for changes that there are some.
///
/// One look at the log in a while serves all of them, however many they are. It is a look and no word of the
/// writer, because other processes may write too.
final class Feed: Sendable {
  private struct Waiting {
    var known: UInt64
    var deadline: ContinuousClock.Instant
    var continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    var waiting: [Int: Waiting] = [:]
    var number = 0
    var isLooking = false
  }

  /// How often the log is looked at while anybody waits.
  private static let pause = Duration.milliseconds(100)

  private let store: HistoryStore
  private let state = Mutex(State())

  init(_ store: HistoryStore) { self.store = store }

  /// Returns when there are records after one, at a time, or when the task is cancelled.
  func news(after known: UInt64, until deadline: ContinuousClock.Instant) async {
    let number = state.withLock { state in
      state.number += 1
      return state.number
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isWaiting = state.withLock { state in
          guard !Task.isCancelled else { return false }
          state.waiting[number] = Waiting(
            known: known, deadline: deadline, continuation: continuation)
          look(&state)
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.continuation.resume()
    }
  }

  private func look(_ state: inout State) {
    guard !state.isLooking else { return }
    state.isLooking = true
    Task { [self] in
      repeat { try? await Task.sleep(for: Self.pause) } while wake()
    }
  }

  /// Wakes those for whom there is something; false where nobody waits any more.
  private func wake() -> Bool {
    // Where the log cannot be read, all are woken, and are told so.
    let newest = (try? store.lastSequence.value) ?? .max
    let now = ContinuousClock.now
    let (woken, isLeft) = state.withLock { state in
      let woken = state.waiting.filter { $0.value.known < newest || $0.value.deadline <= now }
      for number in woken.keys { state.waiting[number] = nil }
      state.isLooking = !state.waiting.isEmpty
      return (woken.values.map(\.continuation), state.isLooking)
    }
    for one in woken { one.resume() }
    return isLeft
  }
}
