import Glibc
import LMDB

extension HistoryStore {
  /// Copies the store as it is now into a new file, without free pages; writers go on meanwhile.
  ///
  /// The copy is flushed before this returns, and has its name only when it is whole: until then it is
  /// `FILE.part`, which the next backup to that name takes over where this one was killed. Throws
  /// ``StoreError``; then there is no new file. Pages that are freed while it runs cannot be used again
  /// before it ends.
  public func backup(to file: String) throws(StoreError) {
    do throws(LMDBError) { try environment.copy(to: file, compacting: true) } catch {
      if error == .fileExists {
        throw StoreError(
          .invalidQuestion,
          "\(file) exists, or is being written by another backup; a backup never overwrites")
      }
      throw StoreError(copying: error, to: file)
    }
  }

  /// Makes a store of a backup in a directory that holds none.
  ///
  /// The backup is looked at before anything is made. Throws ``StoreError``; then the directory holds no
  /// store still.
  public static func restore(from file: String, to directory: String) throws(StoreError) {
    let target = directory + "/" + fileName
    guard unsafe access(target, F_OK) != 0 else {
      throw StoreError(.invalidQuestion, "\(directory) holds a store; restore into another folder")
    }
    guard unsafe access(file, R_OK) == 0 else {
      throw StoreError(.notFound, "cannot read the backup \(file)")
    }
    let environment: Environment
    do throws(StoreError) {
      environment = try openBackup(file)
      _ = try openTables(environment, isReadOnly: true)
    } catch {
      var named = error
      named.message = "\(file) is no whole backup of a store: \(error.message)"
      throw named
    }
    try makeDirectory(directory)
    do throws(LMDBError) { try environment.copy(to: target, compacting: true) } catch {
      throw StoreError(copying: error, to: target)
    }
  }

  private static func openBackup(_ file: String) throws(StoreError) -> Environment {
    var options = Environment.Options()
    options.isReadOnly = true
    options.usesLocking = false
    options.maxDatabases = Tables.count + 2
    do throws(LMDBError) { return try Environment(path: file, options: options) } catch {
      throw StoreError(opening: file, error)
    }
  }
}
