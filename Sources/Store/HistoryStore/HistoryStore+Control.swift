import Glibc
import LMDB
import PackedBytes

/// Rows that a server keeps beside the history, such as access keys: no part of the log, and no
/// projection of it. They are summed like every other row, backed up with the store, and kept by a
/// rebuild.
extension HistoryStore {
  /// The longest key of a control row, in bytes: LMDB's own limit.
  ///
  /// Enough for an account, a Region and a type's name of 100 characters.
  package static let controlKeyBytesMax = 511

  /// One change to the control rows: a value, or nil to remove the row.
  package struct ControlChange: Sendable {
    package var key: [UInt8]
    package var value: [UInt8]?

    package init(key: [UInt8], value: [UInt8]?) {
      self.key = key
      self.value = value
    }
  }

  /// The value of a control row; nil where there is none.
  package func controlRow(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
    try read { snapshot throws(StoreError) in
      try snapshot.view.bytes(key, snapshot.tables.control)
    }
  }

  /// The control rows whose keys begin with a prefix, in order of their keys.
  package func controlRows(
    prefix: [UInt8]
  ) throws(StoreError) -> [(key: [UInt8], value: [UInt8])] {
    try read { snapshot throws(StoreError) in
      var rows: [(key: [UInt8], value: [UInt8])] = []
      var cursor = try snapshot.view.storeCursor(in: snapshot.tables.control)
      var isThere = try cursor.seek(atOrAfter: prefix.rawSpan)
      while isThere, cursor.key.byteCount >= prefix.count,
        cursor.key.extracting(0..<prefix.count).isEqual(to: prefix.rawSpan)
      {
        rows.append((Self.array(cursor.key), Self.array(cursor.value)))
        isThere = try cursor.next()
      }
      return rows
    }
  }

  /// Reads some control rows and changes any, in one durable transaction; waits for the disk.
  ///
  /// The closure gets the values of `keys` as they are and returns what to change. It may be called
  /// again where the map had to grow.
  package func updateControl(
    reading keys: [[UInt8]] = [],
    _ body: ([[UInt8]?]) throws(StoreError) -> [ControlChange]
  ) throws(StoreError) {
    try write { writer, transaction throws(StoreError) in
      let table = writer.tables.control
      var known: [[UInt8]?] = []
      for key in keys { known.append(try transaction.view.bytes(key, table)) }
      let changes = try body(known)
      for change in changes where !(1...Self.controlKeyBytesMax).contains(change.key.count) {
        throw StoreError(
          .invalidQuestion, "the key of a control row has 1 to \(Self.controlKeyBytesMax) bytes")
      }
      do throws(LMDBError) {
        for change in changes {
          if let value = change.value {
            try transaction.put(value.rawSpan, for: change.key.rawSpan, in: table)
          } else {
            _ = try transaction.delete(change.key.rawSpan, in: table)
          }
        }
      } catch { throw StoreError(error) }
    }
  }

  /// Sets or removes one control row durably; waits for the disk.
  package func setControlRow(_ key: [UInt8], to value: [UInt8]?) throws(StoreError) {
    try updateControl { _ throws(StoreError) in [ControlChange(key: key, value: value)] }
  }

  private static func array(_ bytes: RawSpan) -> [UInt8] {
    unsafe bytes.withUnsafeBytes { unsafe Array($0) }
  }
}

extension HistoryStore {
  /// Bytes of the data file; 0 where it cannot be looked at.
  package var fileByteCount: Int {
    var status = stat()
    return unsafe stat(environment.path, &status) == 0 ? Int(status.st_size) : 0
  }
}
