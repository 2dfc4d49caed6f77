import Glibc
import LMDB

extension HistoryStore {
  /// Copies the store as it is now into a new file, without free pages; writers go on meanwhile.
  ///
  /// The copy is flushed before this returns. Throws ``StoreError``; then there is no new file. Pages
  /// that are freed while it runs cannot be used again before it ends.
  public func backup(to file: String) throws(StoreError) {
    do throws(LMDBError) { try environment.copy(to: file, compacting: true) } catch {
      var named = StoreError(error)
      if error == .fileExists {
        named = StoreError(.invalidQuestion, "\(file) exists; a backup never overwrites")
      }
      throw named
    }
  }

  /// Makes a store of a backup in a directory that holds none.
  ///
  /// The backup is opened and looked at first. Throws ``StoreError``; then the directory holds no
  /// store still.
  public static func restore(from file: String, to directory: String) throws(StoreError) {
    let target = directory + "/" + fileName
    guard access(target, F_OK) != 0 else {
      throw StoreError(.invalidQuestion, "\(directory) holds a store; restore into another folder")
    }
    guard access(file, R_OK) == 0 else {
      throw StoreError(.notFound, "cannot read the backup \(file)")
    }
    try makeDirectory(directory)
    var options = Environment.Options()
    options.isReadOnly = true
    options.usesLocking = false
    options.maxDatabases = Tables.count + 2
    do throws(LMDBError) {
      let environment = try Environment(path: file, options: options)
      do throws(StoreError) {
        _ = try openTables(environment, isReadOnly: true)
      } catch {
        throw LMDBError.invalid
      }
      try environment.copy(to: target + ".part", compacting: true)
    } catch {
      var named = StoreError(error)
      named.message = "\(file) is no backup of a store: \(named.message)"
      throw named
    }
    guard rename(target + ".part", target) == 0 else {
      throw StoreError(.system, "cannot make \(target)", cause: LMDBError(rawValue: errno))
    }
  }
}
