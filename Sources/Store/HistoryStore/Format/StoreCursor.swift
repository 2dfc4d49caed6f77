import Inventory
import LMDB
import PackedBytes

/// A cursor over one table whose errors are the store's, and name the row that is damaged.
struct StoreCursor: ~Copyable, ~Escapable {
  let table: Database
  private var cursor: Cursor

  @_lifetime(copy cursor)
  init(_ cursor: consuming Cursor, in table: Database) {
    self.table = table
    self.cursor = cursor
  }

  /// The key of the row, valid until the cursor moves.
  var key: RawSpan {
    @_lifetime(borrow self)
    get { cursor.key }
  }

  /// The value of the row, valid until the cursor moves.
  var value: RawSpan {
    @_lifetime(borrow self)
    get { cursor.value }
  }

  /// Moves to the first row; false where there is none.
  @_lifetime(self: copy self)
  mutating func first() throws(StoreError) -> Bool {
    do throws(LMDBError) { return try cursor.first() } catch { throw StoreError(error, in: table) }
  }

  /// Moves to the last row; false where there is none.
  @_lifetime(self: copy self)
  mutating func last() throws(StoreError) -> Bool {
    do throws(LMDBError) { return try cursor.last() } catch { throw StoreError(error, in: table) }
  }

  /// Moves to the next row; false where there is none.
  @_lifetime(self: copy self)
  mutating func next() throws(StoreError) -> Bool {
    do throws(LMDBError) { return try cursor.next() } catch { throw StoreError(error, in: table) }
  }

  /// Moves to the row before; false where there is none.
  @_lifetime(self: copy self)
  mutating func previous() throws(StoreError) -> Bool {
    do throws(LMDBError) { return try cursor.previous() } catch {
      throw StoreError(error, in: table)
    }
  }

  /// Moves to the first row whose key is a key or behind it; false where there is none.
  @_lifetime(self: copy self)
  mutating func seek(atOrAfter key: RawSpan) throws(StoreError) -> Bool {
    do throws(LMDBError) { return try cursor.seek(atOrAfter: key) } catch {
      throw StoreError(error, in: table)
    }
  }

  /// Moves to the last row whose key is a key or before it; false where there is none.
  @_lifetime(self: copy self)
  mutating func seek(atOrBefore key: RawSpan) throws(StoreError) -> Bool {
    do throws(LMDBError) { return try cursor.seek(atOrBefore: key) } catch {
      throw StoreError(error, in: table)
    }
  }

  /// Names the row that the cursor is on as one that does not decode.
  func damaged(_ error: PackedBytesError) -> StoreError {
    StoreError(
      StoreError.Damage(
        table: table.name, key: [UInt8](copying: cursor.key), byte: error.offset,
        expected: error.expected.description))
  }
}

extension TransactionView {
  /// A cursor, with the store's errors.
  @_lifetime(copy self)
  func storeCursor(in table: Database) throws(StoreError) -> StoreCursor {
    do throws(LMDBError) { return StoreCursor(try cursor(in: table), in: table) } catch {
      throw StoreError(error, in: table)
    }
  }

  /// The value of a key; nil where there is none.
  @_lifetime(copy self)
  func storedValue(_ key: [UInt8], _ table: Database) throws(StoreError) -> RawSpan? {
    do throws(LMDBError) { return try value(for: key.rawSpan, in: table) } catch {
      throw StoreError(error, in: table)
    }
  }
}
