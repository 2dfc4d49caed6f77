package import Inventory
import LMDB

/// One snapshot of a store for many questions of different moments, as a query in SQL asks them.
///
/// Whatever is asked of a session is of one snapshot. It holds back the reuse of pages for as long as it is
/// kept: end it soon. One thread at a time.
package final class HistorySession {
  private let transaction: ReadTransaction
  private let store: HistoryStore

  /// Begins to read.
  @available(*, noasync)
  package init(_ store: HistoryStore) throws(StoreError) {
    self.store = store
    transaction = try store.environment.beginStoreRead()
  }

  /// Asks about one scope, or nil for all, as of a moment; costs about a microsecond beside the questions.
  package func read<R>(
    _ scope: Scope?, _ moment: Moment = Moment(), _ body: (borrowing HistoryReader) throws -> R
  ) throws -> R {
    try Self.read(transaction, store, scope, moment, body)
  }

  /// What is read lives as long as the borrowed transaction.
  private static func read<R>(
    _ transaction: borrowing ReadTransaction, _ store: HistoryStore, _ scope: Scope?,
    _ moment: Moment, _ body: (borrowing HistoryReader) throws -> R
  ) throws -> R {
    do {
      let snapshot = try Snapshot(transaction.view, of: store)
      return try body(try HistoryReader(snapshot, scope, moment))
    } catch let error as StoreError {
      throw transaction.view.naming(error, store.tables)
    }
  }
}
