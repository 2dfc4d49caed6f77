import Glibc
import LMDB
import Synchronization

extension HistoryStore {
  /// Seconds after which a writer, and a server, look for readers that died.
  static let secondsBetweenReaderChecks: Int64 = 60

  /// Frees the places of readers that died, and returns how many there were.
  ///
  /// Opening a store does it, and a writer now and then.
  public func clearDeadReaders() throws(StoreError) -> Int {
    do throws(LMDBError) { return try environment.clearStaleReaders() } catch {
      throw StoreError(error)
    }
  }
}

/// Watches who reads a store, so that one who hangs does not make the file grow without a word.
///
/// Pages that a snapshot can see are not used again while somebody reads it. LMDB does not say since
/// when; so a reader's age is counted from the first look that found it behind the newest transaction.
package final class ReaderWatch: Sendable {
  /// One reader that keeps pages from being used again.
  package struct Laggard: Sendable, Hashable {
    package let process: ProcessName
    /// Seconds since it was first seen behind.
    package let ageSeconds: Int64
    /// Transactions committed since its snapshot.
    package let transactionsBehind: Int
    /// Bytes of pages that were freed since, and cannot be used again while it reads.
    package let pinnedByteCount: Int
    fileprivate let place: Reader
  }

  /// What one look found.
  package struct Look: Sendable {
    /// Places of dead readers that were freed.
    package var clearedCount = 0
    /// Readers that live.
    package var readerCount = 0
    /// The one with the oldest snapshot, where it is behind.
    package var oldest: Laggard?
    /// Those that have been behind for longer than the limit, and were not told of before.
    package var overdue: [Laggard] = []
  }

  private struct State {
    /// When each reader was first seen behind.
    var since: [Reader: Int64] = [:]
    var told: Set<Reader> = []
  }

  private let store: HistoryStore
  private let secondsMax: Int64
  private let clock: @Sendable () -> Int64
  private let state = Mutex(State())

  /// Transactions whose freed pages are counted for a reader; beyond it the figure is a lower bound.
  private static let countedTransactionsMax = 100_000

  /// Watches a store.
  ///
  /// - Parameter secondsMax: a reader that is behind for longer is told of.
  package init(
    _ store: HistoryStore, secondsMax: Int64,
    clock: @escaping @Sendable () -> Int64 = HistoryStore.monotonicSeconds
  ) {
    self.store = store
    self.secondsMax = secondsMax
    self.clock = clock
  }

  /// Frees places of dead readers and looks at the others; tells of each that is overdue once.
  package func look() throws(StoreError) -> Look {
    var look = Look()
    look.clearedCount = try store.clearDeadReaders()
    let readers: [Reader]
    do throws(LMDBError) { readers = try store.environment.readers() } catch {
      throw StoreError(error)
    }
    look.readerCount = readers.count
    let pageByteCount = store.environment.information.pageByteCount
    let transaction = try store.environment.beginStoreRead()
    let newest = transaction.id
    let behind = readers.filter { ($0.snapshot ?? newest) < newest }
    let now = clock()
    let (since, told) = state.withLock { state in
      state.since = Dictionary(
        uniqueKeysWithValues: Set(behind).map { ($0, state.since[$0] ?? now) })
      state.told.formIntersection(behind)
      return (state.since, state.told)
    }
    let late = behind.filter { now - (since[$0] ?? now) >= secondsMax && !told.contains($0) }
    let oldest = behind.min { ($0.snapshot ?? 0) < ($1.snapshot ?? 0) }
    for reader in Set(late + (oldest.map { [$0] } ?? [])) {
      let snapshot = reader.snapshot ?? newest
      let pages: Int
      do throws(LMDBError) {
        pages = try transaction.view.pagesFreed(
          since: snapshot, transactionsMax: Self.countedTransactionsMax)
      } catch { throw StoreError(error) }
      let laggard = Laggard(
        process: ProcessName(Int(reader.processID)), ageSeconds: now - (since[reader] ?? now),
        transactionsBehind: newest - snapshot,
        pinnedByteCount: pages * pageByteCount, place: reader)
      if reader == oldest { look.oldest = laggard }
      if late.contains(reader) { look.overdue.append(laggard) }
    }
    state.withLock { $0.told.formUnion(late) }
    return look
  }
}
