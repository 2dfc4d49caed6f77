import LMDB

extension Environment {
  /// Begins a write transaction, with the store's errors.
  @available(*, noasync)
  func beginStoreWrite() throws(StoreError) -> LMDB.WriteTransaction {
    do throws(LMDBError) { return try beginWrite() } catch { throw StoreError(error) }
  }

  /// Begins a read transaction, with the store's errors.
  @available(*, noasync)
  func beginStoreRead() throws(StoreError) -> ReadTransaction {
    do throws(LMDBError) { return try beginRead() } catch {
      switch error {
      case .readersFull: throw StoreError(readersFullIn: self)
      case .cutOff, .lockUnavailable: throw StoreError(opening: path, error)
      default: throw StoreError(error)
      }
    }
  }
}
