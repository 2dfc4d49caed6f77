import CLMDB
import Glibc

/// A place in a database, for reading its entries in order of their keys.
///
/// Keys are ordered as strings of bytes. A cursor is on an entry, or before the first, or behind
/// the last; moves return whether it is on an entry now. A new cursor is on none: ``next()`` moves
/// it to the first and ``previous()`` to the last. Safe because the cursor cannot outlive the
/// borrow of its transaction, during which nothing is written, and the bytes of its entry cannot
/// outlive its place.
@safe public struct Cursor: ~Copyable, ~Escapable {
  private enum Position {
    case unset, beforeFirst, onEntry, behindLast
  }

  private let handle: OpaquePointer
  private var position = Position.unset
  private var currentKey = unsafe MDB_val()
  private var currentValue = unsafe MDB_val()

  /// The caller narrows the lifetime to its own.
  @_lifetime(immortal)
  init(_ handle: OpaquePointer) {
    unsafe self.handle = handle
  }

  deinit {
    unsafe mdb_cursor_close(handle)
  }

  /// The key of the entry, valid until the cursor moves.
  ///
  /// - Precondition: the last move returned `true`.
  public var key: RawSpan {
    @_lifetime(borrow self)
    get {
      precondition(position == .onEntry, "the cursor is not on an entry")
      return unsafe _overrideLifetime(currentKey.span, borrowing: self)
    }
  }

  /// The value of the entry, valid until the cursor moves.
  ///
  /// - Precondition: the last move returned `true`.
  public var value: RawSpan {
    @_lifetime(borrow self)
    get {
      precondition(position == .onEntry, "the cursor is not on an entry")
      return unsafe _overrideLifetime(currentValue.span, borrowing: self)
    }
  }

  /// Moves to the first entry; `false` when the database is empty.
  ///
  /// Calls `mdb_cursor_get` with `MDB_FIRST`.
  public mutating func first() throws(LMDBError) -> Bool {
    try move(MDB_FIRST, otherwise: .behindLast)
  }

  /// Moves to the last entry; `false` when the database is empty.
  ///
  /// Calls `mdb_cursor_get` with `MDB_LAST`.
  public mutating func last() throws(LMDBError) -> Bool {
    try move(MDB_LAST, otherwise: .beforeFirst)
  }

  /// Moves to the next entry; `false` when there is none, which leaves the cursor behind the last.
  ///
  /// Calls `mdb_cursor_get` with `MDB_NEXT`.
  public mutating func next() throws(LMDBError) -> Bool {
    switch position {
    case .onEntry: try move(MDB_NEXT, otherwise: .behindLast)
    case .unset, .beforeFirst: try move(MDB_FIRST, otherwise: .behindLast)
    case .behindLast: false
    }
  }

  /// Moves to the entry before; `false` when there is none, which leaves the cursor before the
  /// first.
  ///
  /// Calls `mdb_cursor_get` with `MDB_PREV`.
  public mutating func previous() throws(LMDBError) -> Bool {
    switch position {
    case .onEntry: try move(MDB_PREV, otherwise: .beforeFirst)
    case .unset, .behindLast: try move(MDB_LAST, otherwise: .beforeFirst)
    case .beforeFirst: false
    }
  }

  /// Moves to the first entry whose key is a key or behind it; `false` when there is none, which
  /// leaves the cursor behind the last.
  ///
  /// Throws ``LMDBError/badValueSize`` when the key is empty.
  ///
  /// - Complexity: O(log *n*) pages, and O(1) when the entry is on the cursor's page.
  ///
  /// Calls `mdb_cursor_get` with `MDB_SET_RANGE`.
  public mutating func seek(atOrAfter key: RawSpan) throws(LMDBError) -> Bool {
    let handle = unsafe handle
    var foundKey = unsafe MDB_val()
    var foundValue = unsafe MDB_val()
    let code = unsafe key.withUnsafeBytes { bytes in
      unsafe foundKey = MDB_val(bytes)
      return unsafe mdb_cursor_get(handle, &foundKey, &foundValue, MDB_SET_RANGE)
    }
    return try unsafe settle(code, on: foundKey, foundValue, otherwise: .behindLast)
  }

  /// Moves to the last entry whose key is a key or before it; `false` when there is none, which
  /// leaves the cursor before the first.
  ///
  /// Throws ``LMDBError/badValueSize`` when the key is empty.
  ///
  /// - Complexity: O(log *n*) pages, and O(1) when the entry is on the cursor's page.
  ///
  /// Calls `mdb_cursor_get` with `MDB_SET_RANGE`, then `MDB_PREV` or `MDB_LAST`.
  public mutating func seek(atOrBefore key: RawSpan) throws(LMDBError) -> Bool {
    guard try seek(atOrAfter: key) else {
      return try last()
    }
    let foundKey = unsafe currentKey
    let isEqual = unsafe key.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress, unsafe bytes.count == foundKey.mv_size else {
        return false
      }
      return unsafe memcmp(start, foundKey.mv_data, bytes.count) == 0
    }
    return isEqual ? true : try previous()
  }

  private mutating func move(
    _ operation: MDB_cursor_op, otherwise position: Position
  ) throws(LMDBError) -> Bool {
    var key = unsafe MDB_val()
    var value = unsafe MDB_val()
    let code = unsafe mdb_cursor_get(handle, &key, &value, operation)
    return try unsafe settle(code, on: key, value, otherwise: position)
  }

  /// Takes the entry that a call has found, or the position that its failure means.
  private mutating func settle(
    _ code: Int32, on key: MDB_val, _ value: MDB_val, otherwise position: Position
  ) throws(LMDBError) -> Bool {
    switch code {
    case MDB_SUCCESS:
      self.position = .onEntry
      unsafe currentKey = key
      unsafe currentValue = value
      return true
    case MDB_NOTFOUND:
      self.position = position
      return false
    default:
      self.position = .unset
      throw LMDBError(rawValue: code)
    }
  }
}
