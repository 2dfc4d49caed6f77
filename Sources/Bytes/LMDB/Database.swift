/// A named database of one environment.
///
/// A value stays good for as long as the environment is open, once the transaction that opened it
/// has been committed or finished. If that transaction is dropped instead, the value must not be
/// used.
public struct Database: Sendable, Hashable {
  /// The name that the database was opened by.
  public let name: String

  let dbi: UInt32

  /// A small number that no other open database of the environment has, from 2: LMDB's handle.
  public var number: Int { Int(dbi) }

  /// Which environment the handle belongs to: handles are small numbers, and the number of one
  /// environment would silently name some other database in the next.
  let environmentNumber: Int
}

/// The shape of the tree of one database.
public struct DatabaseStatistics: Sendable, Hashable {
  /// The size of one page in bytes.
  public let pageByteCount: Int

  /// The number of levels of the tree; 0 when it is empty.
  public let depth: Int

  /// The number of inner pages.
  public let branchPages: Int

  /// The number of leaf pages.
  public let leafPages: Int

  /// The number of pages that hold values too long for a leaf page.
  public let overflowPages: Int

  /// The number of entries.
  public let entries: Int
}
