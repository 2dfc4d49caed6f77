import CLMDB
import Glibc

/// An error of LMDB, of the operating system below it, or of this wrapper.
///
/// Negative values from −30 799 to −30 780 are LMDB's own, positive values are `errno` values, and
/// those from −30 003 to −30 000 are this wrapper's. The set is open: other `errno` values can occur.
public struct LMDBError: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
  /// The code as C returned it.
  public let rawValue: Int32

  /// Creates the error of a code as C returned it.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The message of the code.
  ///
  /// Calls `mdb_strerror`.
  public var description: String {
    if let message = Self.ownMessages[rawValue] { return message }
    guard let message = unsafe mdb_strerror(rawValue) else {
      return "LMDB error \(rawValue)"
    }
    return unsafe String(cString: message)
  }
}

extension LMDBError {
  /// The key exists already, or an appended key is not behind the last one.
  ///
  /// The C constant is `MDB_KEYEXIST`.
  public static let keyExists = LMDBError(rawValue: MDB_KEYEXIST)

  /// No entry has the key; this wrapper answers `nil` or `false` instead wherever it can.
  ///
  /// The C constant is `MDB_NOTFOUND`.
  public static let notFound = LMDBError(rawValue: MDB_NOTFOUND)

  /// A page that the tree names is not in the file: the file is damaged.
  ///
  /// The C constant is `MDB_PAGE_NOTFOUND`.
  public static let pageNotFound = LMDBError(rawValue: MDB_PAGE_NOTFOUND)

  /// A page is not of the kind the tree says it is: the file is damaged.
  ///
  /// The C constant is `MDB_CORRUPTED`.
  public static let corrupted = LMDBError(rawValue: MDB_CORRUPTED)

  /// The environment met a fatal error and accepts no further transaction until it is reopened.
  ///
  /// The C constant is `MDB_PANIC`.
  public static let panic = LMDBError(rawValue: MDB_PANIC)

  /// The file was written by an incompatible version of LMDB.
  ///
  /// The C constant is `MDB_VERSION_MISMATCH`.
  public static let versionMismatch = LMDBError(rawValue: MDB_VERSION_MISMATCH)

  /// The file is not an LMDB file.
  ///
  /// The C constant is `MDB_INVALID`.
  public static let invalid = LMDBError(rawValue: MDB_INVALID)

  /// The data would exceed the map size; ``Environment/growMap()`` is the remedy.
  ///
  /// The C constant is `MDB_MAP_FULL`.
  public static let mapFull = LMDBError(rawValue: MDB_MAP_FULL)

  /// The environment has as many open databases as its options allow.
  ///
  /// The C constant is `MDB_DBS_FULL`.
  public static let databasesFull = LMDBError(rawValue: MDB_DBS_FULL)

  /// All places of the reader table are taken.
  ///
  /// The C constant is `MDB_READERS_FULL`.
  public static let readersFull = LMDBError(rawValue: MDB_READERS_FULL)

  /// One transaction changed more pages than LMDB can keep track of.
  ///
  /// The C constant is `MDB_TXN_FULL`.
  public static let transactionFull = LMDBError(rawValue: MDB_TXN_FULL)

  /// The tree is deeper than a cursor can follow.
  ///
  /// The C constant is `MDB_CURSOR_FULL`.
  public static let cursorFull = LMDBError(rawValue: MDB_CURSOR_FULL)

  /// A page has no room where it must have some: an error inside LMDB.
  ///
  /// The C constant is `MDB_PAGE_FULL`.
  public static let pageFull = LMDBError(rawValue: MDB_PAGE_FULL)

  /// Another process wrote beyond this process's map; this wrapper adopts the new size by itself.
  ///
  /// The C constant is `MDB_MAP_RESIZED`.
  public static let mapResized = LMDBError(rawValue: MDB_MAP_RESIZED)

  /// The operation does not suit the flags of the database, or the database changed its flags.
  ///
  /// The C constant is `MDB_INCOMPATIBLE`.
  public static let incompatible = LMDBError(rawValue: MDB_INCOMPATIBLE)

  /// A place of the reader table was used wrongly.
  ///
  /// The C constant is `MDB_BAD_RSLOT`.
  public static let badReaderSlot = LMDBError(rawValue: MDB_BAD_RSLOT)

  /// The transaction failed before and can only be dropped, or it may not do this now.
  ///
  /// The C constant is `MDB_BAD_TXN`.
  public static let badTransaction = LMDBError(rawValue: MDB_BAD_TXN)

  /// A key is empty or longer than 511 bytes, or a value is longer than LMDB can store.
  ///
  /// The C constant is `MDB_BAD_VALSIZE`.
  public static let badValueSize = LMDBError(rawValue: MDB_BAD_VALSIZE)

  /// The database belongs to another environment, or its handle is no longer what it was.
  ///
  /// The C constant is `MDB_BAD_DBI`.
  public static let badDatabase = LMDBError(rawValue: MDB_BAD_DBI)

  /// This process has the same file open already.
  ///
  /// No C constant corresponds: LMDB itself would open the file twice and lose its locks.
  public static let alreadyOpen = LMDBError(rawValue: -30_000)

  /// The data file ends before pages that are in use: it was cut off, or copied in part.
  ///
  /// No C constant corresponds: LMDB itself would end the process by a signal.
  public static let cutOff = LMDBError(rawValue: -30_001)

  /// Another process has held the lock file for itself for too long.
  ///
  /// No C constant corresponds: LMDB itself would wait for ever.
  public static let lockHeld = LMDBError(rawValue: -30_002)

  /// This process may not write the lock file, and another may be writing the data file.
  ///
  /// No C constant corresponds: LMDB itself would not look.
  public static let lockUnavailable = LMDBError(rawValue: -30_003)

  private static let ownMessages: [Int32: String] = [
    alreadyOpen.rawValue: "The file is already open in this process",
    cutOff.rawValue: "The file is cut off",
    lockHeld.rawValue: "Another process holds the lock file",
    lockUnavailable.rawValue: "The lock file cannot be used and others have the file open",
  ]

  /// The file system has no room left.
  ///
  /// The C constant is `ENOSPC`.
  public static let noSpace = LMDBError(rawValue: ENOSPC)

  /// The file system is mounted read-only.
  ///
  /// The C constant is `EROFS`.
  public static let readOnlyFileSystem = LMDBError(rawValue: EROFS)

  /// The process may not do this, or the environment was opened for reading only.
  ///
  /// The C constant is `EACCES`.
  public static let permissionDenied = LMDBError(rawValue: EACCES)

  /// The file, or a directory on the way to it, does not exist.
  ///
  /// The C constant is `ENOENT`.
  public static let noSuchFile = LMDBError(rawValue: ENOENT)

  /// A file exists where a new one was to be made.
  ///
  /// The C constant is `EEXIST`.
  public static let fileExists = LMDBError(rawValue: EEXIST)

  /// The device failed to read or write.
  ///
  /// The C constant is `EIO`.
  public static let ioError = LMDBError(rawValue: EIO)
}

/// Throws the error of a code unless the code means success.
func check(_ code: Int32) throws(LMDBError) {
  if code != MDB_SUCCESS {
    throw LMDBError(rawValue: code)
  }
}
