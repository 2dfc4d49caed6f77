public import Inventory

/// The changes of the log as they are recorded: what was there after a sequence number, then what comes.
///
/// It never ends by itself; end the loop, or cancel the task. Each element has the changes of some whole log
/// records, oldest first, and at least one; go on later from the sequence number of its last change. Several
/// feeds may be read at once, each from its own place.
///
/// ```swift
/// for try await changes in store.feed(after: last) {
///   for change in changes { print(change.node, change.kind, change.identity) }
/// }
/// ```
///
/// It looks at the log every so often, because other processes may write too: between two looks a feed costs
/// nothing, a look at a log without news some microseconds.
public struct ChangeFeed: AsyncSequence, Sendable {
  /// Changes of some log records.
  public typealias Element = ChangeList

  private let store: HistoryStore
  private let scope: Scope?
  private let first: SequenceNumber
  private let pause: Duration

  init(_ store: HistoryStore, after first: SequenceNumber, in scope: Scope?, every pause: Duration)
  {
    self.store = store
    self.first = first
    self.scope = scope
    self.pause = pause
  }

  /// Begins behind the sequence number that the feed was made for.
  public func makeAsyncIterator() -> Iterator {
    Iterator(store: store, scope: scope, pause: pause, last: first)
  }

  /// Reads on from where it is.
  public struct Iterator: AsyncIteratorProtocol {
    /// Changes that are read at once, about.
    private static let pageCount = 1000

    let store: HistoryStore
    let scope: Scope?
    let pause: Duration
    var last: SequenceNumber

    /// The next changes; waits where there are none.
    ///
    /// Throws ``StoreError``, or `CancellationError`.
    public mutating func next() async throws -> ChangeList? {
      while true {
        try Task.checkCancellation()
        // Records behind it may have come meanwhile; those before it had no changes.
        let newest = try store.lastSequence
        if newest > last {
          let changes = try store.changes(after: last, limit: Self.pageCount, in: scope)
          if let end = changes.last?.sequence {
            last = end
            return changes
          }
          last = newest
        }
        try await Task.sleep(for: pause)
      }
    }
  }
}

extension HistoryStore {
  /// The changes of the log after a sequence number, and those to come; nil for all scopes.
  public func feed(
    after sequence: SequenceNumber = .zero, in scope: Scope? = nil,
    every pause: Duration = .milliseconds(100)
  ) -> ChangeFeed { ChangeFeed(self, after: sequence, in: scope, every: pause) }
}
