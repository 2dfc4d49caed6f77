import Digests
import Glibc
import LMDB

/// An environment beside a store, for projections that are only compared.
///
/// Its file has no name while it is used: however the process ends, nothing is left of it. It has no
/// lock file either, for nobody else can open it.
final class ScratchStore {
  let environment: Environment
  let tables: Tables
  let writer: Writer
  private let folder: String

  init(near file: String) throws(StoreError) {
    let beside = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      .joined(separator: "/")
    let mayWrite = unsafe access(beside.isEmpty ? "/" : beside, W_OK) == 0
    // A read-only store is checked from the system's folder for temporary files.
    folder = mayWrite ? (beside.isEmpty ? "/" : beside) : "/tmp"
    let path = "\(folder)/scratch-\(getpid())-\(UInt64.random(in: 0 ... .max)).lmdb"
    var options = Environment.Options()
    options.maxDatabases = Tables.count + 2
    options.syncs = false
    options.usesLocking = false
    defer { unsafe unlink(path) }
    do throws(LMDBError) { environment = try Environment(path: path, options: options) } catch {
      throw Self.diskFull(StoreError(error), in: folder) ?? StoreError(error)
    }
    do throws(StoreError) {
      tables = try HistoryStore.openTables(environment, isReadOnly: false)
    } catch { throw Self.diskFull(error, in: folder) ?? error }
    writer = Writer(
      environment: environment, tables: tables, hash: KeyedHash(),
      clock: HistoryStore.systemClock)
  }

  /// What an error of writing here says of the disk; nil where it says nothing of it.
  ///
  /// The store that is checked is not to blame for a want of room.
  func diskFull(_ error: StoreError) -> StoreError? { Self.diskFull(error, in: folder) }

  private static func diskFull(_ error: StoreError, in folder: String) -> StoreError? {
    guard
      error.code == .diskFull
        || error.cause == .ioError && StoreError.isDiskFull(at: folder)
    else { return nil }
    return StoreError(
      .diskFull,
      "the disk is full: the check needs room in \(folder) for all tables once more, until it ends; "
        + "make room, or check rows and the chain alone (verify --quick), which needs none")
  }
}
