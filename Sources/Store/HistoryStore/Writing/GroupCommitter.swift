import Dispatch
import Inventory
import Synchronization

/// Gathers reports that arrive at the same time, so that they share one flush.
///
/// A report that arrives while nobody writes is stored at once; what arrives while a group is
/// written goes into the next. So a lone report is not delayed, and the slower the disk, the larger
/// the groups. A queue of its own waits for the disk: none of the threads that run tasks does.
final class GroupCommitter: Sendable {
  private struct Waiting: Sendable {
    var submission: Submission
    var continuation: CheckedContinuation<Receipt, any Error>
  }

  private struct State {
    var waiting: [Waiting] = []
    var isWriting = false
    var places: Places
  }

  /// Who may read a report, and who has to wait until others are answered.
  private struct Places {
    var free: Int
    private var arrived: [CheckedContinuation<Void, Never>] = []
    /// Those who arrived first, the very first at the end.
    private var first: [CheckedContinuation<Void, Never>] = []

    init(free: Int) { self.free = free }

    /// Gives the caller a place, or lets it wait for one.
    mutating func take(for continuation: CheckedContinuation<Void, Never>) -> Bool {
      guard free == 0 else {
        free -= 1
        return true
      }
      arrived.append(continuation)
      return false
    }

    /// Gives a place back; returns who has it now.
    mutating func giveBack() -> CheckedContinuation<Void, Never>? {
      if first.isEmpty {
        first = arrived.reversed()
        arrived.removeAll(keepingCapacity: true)
      }
      if first.isEmpty { free += 1 }
      return first.popLast()
    }
  }

  private let groupMax: Int
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "stocktake.writer")

  /// Groups of reports that are in memory at once: one that is written, one that gathers.
  private static let groupsMax = 2

  init(groupMax: Int) {
    self.groupMax = max(1, groupMax)
    state = Mutex(State(places: Places(free: self.groupMax * Self.groupsMax)))
  }

  /// Stores what `submission` reads, together with others, and returns after the flush.
  ///
  /// Reads once there is room. A task that is cancelled before that throws `CancellationError`;
  /// later it is answered as others are.
  func commit(
    to store: HistoryStore, _ submission: () throws -> Submission
  ) async throws -> Receipt {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { $0.places.take(for: continuation) }
      if isFree { continuation.resume() }
    }
    defer { state.withLock { $0.places.giveBack() }?.resume() }
    try Task.checkCancellation()
    let submission = try submission()
    if case .refused(let error) = submission.content { throw error }
    return try await withCheckedThrowingContinuation { continuation in
      enqueue(Waiting(submission: submission, continuation: continuation), store)
    }
  }

  /// Runs what writes to the store on the queue, between two groups, and returns when it is done.
  func perform<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result(catching: body)) }
    }
  }

  private func enqueue(_ waiting: Waiting, _ store: HistoryStore) {
    let isFirst = state.withLock { state in
      state.waiting.append(waiting)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if isFirst { queue.async { self.write(to: store) } }
  }

  /// Stores group after group until nobody waits.
  private func write(to store: HistoryStore) {
    while let group = nextGroup() {
      do throws(StoreError) {
        let results = try store.commit(group.map(\.submission))
        for (waiting, result) in zip(group, results) {
          waiting.continuation.resume(with: result.mapError { $0 })
        }
      } catch {
        for waiting in group { waiting.continuation.resume(throwing: error) }
      }
    }
  }

  private func nextGroup() -> [Waiting]? {
    state.withLock { state in
      let group = Array(state.waiting.prefix(groupMax))
      state.waiting.removeFirst(group.count)
      state.isWriting = !group.isEmpty
      return group.isEmpty ? nil : group
    }
  }
}
