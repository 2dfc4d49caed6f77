import Glibc
public import LMDB
import PackedBytes

/// Why the store could not do what it was asked; what was acknowledged before stays.
public struct StoreError: Error, Sendable, CustomStringConvertible {
  /// The kinds of failure, to which more may come.
  public enum Code: String, Sendable {
    /// There is no store at the path.
    case notFound
    /// This process has the store open already.
    case alreadyOpen
    /// The file was written by a newer Stocktake.
    case newerFormat
    /// The file is not a store.
    case notAStore
    /// The bytes contradict themselves; `verify` tells where.
    case damaged
    /// The map has grown to its largest size.
    case mapFull
    /// The disk is full. Nothing of the transaction is visible; work goes on once there is room.
    case diskFull
    /// The file system, or this store's opening, is read-only.
    case readOnly
    /// A file may not be read or written.
    case permissionDenied
    /// Every place for readers is taken by a process that lives.
    case readersFull
    /// Another process has the store in a way that lets nobody in.
    case inUse
    /// No node, type or scope of that name is known.
    case unknownName
    /// The question contradicts itself.
    case invalidQuestion
    /// The task that asked was cancelled.
    case cancelled
    /// The system refused; see the cause.
    case system
  }

  /// The kind of failure.
  public var code: Code
  /// What happened and the way out.
  public var message: String
  /// LMDB's own error, where it is the cause.
  public var cause: LMDBError?
  /// The row that is damaged, where it is known.
  public var damage: Damage?

  /// Makes an error.
  public init(_ code: Code, _ message: String, cause: LMDBError? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message, and the cause's text.
  public var description: String {
    guard let cause else { return message }
    return "\(message) (\(cause))"
  }

  /// Names an LMDB error in the store's words.
  init(_ error: LMDBError) {
    switch error {
    case .mapFull:
      self.init(.mapFull, "the store has reached its largest map size", cause: error)
    case .noSpace, .quotaExceeded, .fileTooLarge:
      self.init(.diskFull, "the disk is full; nothing was stored", cause: error)
    case .readOnlyFileSystem:
      self.init(.readOnly, "the file system is read-only", cause: error)
    case .permissionDenied:
      self.init(.permissionDenied, "no permission for the store's files", cause: error)
    case .noSuchFile:
      self.init(.notFound, "there is no store", cause: error)
    case .alreadyOpen:
      self.init(.alreadyOpen, "this process has the store open already", cause: error)
    case .invalid, .versionMismatch:
      self.init(.notAStore, "the file is not an LMDB environment of this kind", cause: error)
    case .panic:
      // After a failed write of the page that names the newest state; the file itself is whole.
      self.init(
        .system, "an earlier write failed and LMDB takes no more: open the store again",
        cause: error)
    case .cutOff:
      self.init(.damaged, "the file is cut off; restore a backup", cause: error)
    case .lockHeld:
      self.init(.inUse, "another process holds the store's lock file", cause: error)
    case .lockUnavailable:
      self.init(
        .permissionDenied,
        "others have the store open, and its lock file may not be written: get permission to write "
          + "that file, or ask the server", cause: error)
    case .readersFull:
      self.init(.readersFull, "all places for readers are taken", cause: error)
    case .corrupted, .pageNotFound:
      self.init(.damaged, "the store's file is damaged; run verify", cause: error)
    default:
      self.init(.system, "LMDB refused", cause: error)
    }
  }

  /// Names what a commit to a file met.
  ///
  /// LMDB makes EIO of a short write, which is how most file systems begin to be full; a disk that
  /// fails gives the same number, so the room left decides.
  init(committing error: LMDBError, to path: String) {
    if error == .ioError, Self.isDiskFull(at: path) {
      self.init(.diskFull, "the disk is full; nothing was stored", cause: error)
    } else {
      self.init(error)
    }
  }

  /// Names what writing a copy met.
  init(copying error: LMDBError, to path: String) {
    self.init(error)
    switch code {
    case .diskFull: message = "the disk of \(path) is full; there is no copy"
    case .notFound: message = "there is no folder for \(path)"
    case .permissionDenied: message = "\(path) may not be written"
    default: message = "\(path) cannot be written: \(message)"
    }
  }

  /// Whether the disk of a file has less room than a transaction of reports takes.
  package static func isDiskFull(at path: String) -> Bool {
    var room = statvfs()
    return unsafe statvfs(path, &room) == 0 && room.f_bavail * room.f_frsize < 1 << 20
  }

  /// Names bytes that do not decode.
  init(_ error: PackedBytesError, in table: String) {
    self.init(
      .damaged,
      "a value in table \(table) does not decode: \(error.expected) expected at byte "
        + "\(error.offset); run verify")
  }

  /// Names a contradiction in the store's tables.
  static func damaged(_ message: String) -> StoreError {
    StoreError(.damaged, message + "; run verify")
  }
}

extension LMDBError {
  /// The user's share of the disk is full.
  fileprivate static let quotaExceeded = LMDBError(rawValue: EDQUOT)
  /// The file system, or a limit of the process, lets the file grow no further.
  fileprivate static let fileTooLarge = LMDBError(rawValue: EFBIG)
}

/// Runs a step that decodes and names its errors in the store's words.
@inline(__always)
func decoding<R>(
  _ table: String, _ body: () throws(PackedBytesError) -> R
) throws(StoreError) -> R {
  do throws(PackedBytesError) { return try body() } catch { throw StoreError(error, in: table) }
}
