import AWSProtocol
import Synchronization

/// Answers questions, a few at a time on threads of their own; the others wait in turns by key.
///
/// So however much is asked, reports, pings and what tells of the server's health have the threads of
/// others for themselves, and who asks one thing does not wait for all that another asked before.
final class QuestionLane: Sendable {
  private struct Waiting {
    var number: Int
    var deadline: ContinuousClock.Instant
    var continuation: CheckedContinuation<Void, any Error>
  }

  private struct Running {
    var deadline: ContinuousClock.Instant
    var cancel: @Sendable () -> Void
    var isLate = false
  }

  private struct State {
    var free: Int
    var number = 0
    var waitingCount = 0
    /// Those who wait, by their keys; a key is there while anybody waits.
    var waiting: [String: [Waiting]] = [:]
    /// The keys for which somebody waits, in the order of their turns.
    var turns: [String] = []
    var running: [Int: Running] = [:]
    var isSweeping = false
  }

  private let threads: OwnThreads
  private let waitingMax: Int
  private let secondsMax: Int64
  private let state: Mutex<State>

  /// How often deadlines are looked at.
  private static let sweepInterval = Duration.milliseconds(100)

  init(threads: Int, limits: ServerLimits) {
    self.threads = OwnThreads(count: threads)
    waitingMax = limits.questionsWaitingMax
    secondsMax = limits.secondsToAnswerMax
    state = Mutex(State(free: threads))
  }

  /// Questions that are being answered, and that wait.
  var load: (running: Int, waiting: Int) {
    state.withLock { ($0.running.count, $0.waitingCount) }
  }

  /// Runs a question once it is its turn; throws ``AWSError`` where there are too many, or it takes too
  /// long.
  ///
  /// Cancelled, it leaves the queue, and a body that looks whether its task is cancelled ends.
  ///
  /// - Parameters:
  ///   - key: whose question it is.
  ///   - isCounted: whether it is held to the number that may wait; false where another limit does that.
  func run<R: Sendable>(
    for key: String, isCounted: Bool = true, _ body: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    let deadline = ContinuousClock.now + .seconds(secondsMax)
    let number = try await enter(key, deadline, isCounted: isCounted)
    let task = Task(executorPreference: threads) { try await body() }
    state.withLock { state in
      state.running[number] = Running(deadline: deadline) { task.cancel() }
      sweep(&state)
    }
    let result = await withTaskCancellationHandler {
      await task.result
    } onCancel: {
      task.cancel()
    }
    let (isLate, next) = state.withLock { state in
      let isLate = state.running.removeValue(forKey: number)?.isLate ?? false
      return (isLate, Self.next(&state))
    }
    next?.resume()
    if isLate { throw late }
    if task.isCancelled { throw CancellationError() }
    return try result.get()
  }

  private var late: AWSError {
    AWSError(
      "DeadlineExceededException",
      "The question took longer than \(secondsMax) seconds and was given up: ask for less, or raise the "
        + "server's secondsToAnswerMax.")
  }

  /// Takes a place, at once or after others; returns the number of the question.
  private func enter(
    _ key: String, _ deadline: ContinuousClock.Instant, isCounted: Bool
  ) async throws -> Int {
    let number = state.withLock { state in
      state.number += 1
      return state.number
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result = state.withLock { state -> Result<Void, any Error>? in
          if Task.isCancelled { return .failure(CancellationError()) }
          if state.free > 0 {
            state.free -= 1
            return .success(())
          }
          let mine = state.waiting[key]?.count ?? 0
          guard !isCounted || state.waitingCount < waitingMax && mine < max(1, waitingMax / 2)
          else { return .failure(AWSError.throttling) }
          if mine == 0 { state.turns.append(key) }
          state.waiting[key, default: []].append(
            Waiting(number: number, deadline: deadline, continuation: continuation))
          state.waitingCount += 1
          sweep(&state)
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      leave(number)
    }
    return number
  }

  /// Who comes next: the first of the key whose turn it is, which then comes after all other keys.
  private static func next(_ state: inout State) -> CheckedContinuation<Void, any Error>? {
    guard !state.turns.isEmpty else {
      state.free += 1
      return nil
    }
    let key = state.turns.removeFirst()
    let first = state.waiting[key]?.removeFirst()
    if state.waiting[key]?.isEmpty ?? true {
      state.waiting[key] = nil
    } else {
      state.turns.append(key)
    }
    state.waitingCount -= 1
    return first?.continuation
  }

  /// Takes those out of the queue of whom something is true.
  private static func remove(
    _ state: inout State, where isMeant: (Waiting) -> Bool
  ) -> [CheckedContinuation<Void, any Error>] {
    var removed: [CheckedContinuation<Void, any Error>] = []
    for (key, list) in state.waiting where list.contains(where: isMeant) {
      removed += list.filter(isMeant).map(\.continuation)
      let left = list.filter { !isMeant($0) }
      state.waiting[key] = left.isEmpty ? nil : left
      if left.isEmpty { state.turns.removeAll { $0 == key } }
    }
    state.waitingCount -= removed.count
    return removed
  }

  private func leave(_ number: Int) {
    let removed = state.withLock { Self.remove(&$0) { $0.number == number } }
    for one in removed { one.resume(throwing: CancellationError()) }
  }

  /// Sees to it that deadlines are kept: one task for all questions.
  private func sweep(_ state: inout State) {
    guard !state.isSweeping else { return }
    state.isSweeping = true
    Task { [self] in
      repeat { try? await Task.sleep(for: Self.sweepInterval) } while endLate()
    }
  }

  /// Ends what is late; false where nothing is left, and nobody sweeps any more.
  private func endLate() -> Bool {
    let now = ContinuousClock.now
    let (removed, cancels, isLeft) = state.withLock { state in
      let removed = Self.remove(&state) { $0.deadline <= now }
      var cancels: [@Sendable () -> Void] = []
      for (number, running) in state.running where running.deadline <= now && !running.isLate {
        state.running[number]?.isLate = true
        cancels.append(running.cancel)
      }
      state.isSweeping = !state.running.isEmpty || state.waitingCount > 0
      return (removed, cancels, state.isSweeping)
    }
    for one in removed { one.resume(throwing: AWSError.throttling) }
    for cancel in cancels { cancel() }
    return isLeft
  }
}
