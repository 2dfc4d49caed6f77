import CLMDB
import Glibc

/// The file beside a data file in which LMDB keeps who reads and who writes.
///
/// LMDB maps it and writes into the map, so room that is not there is a signal which ends the process;
/// and it waits for ever where another process holds it. So both are looked at before.
///
/// Opening and closing the file drops this process's record locks on it: nothing here may run while this
/// process has an environment of it.
struct LockFile {
  let path: String

  init(of dataFile: String) { path = dataFile + "-lock" }

  /// Seconds that another process may hold the file for itself, which takes milliseconds: it does so
  /// while it opens the environment.
  private static let secondsHeldMax = 5
  private static let pauseMicroseconds: UInt32 = 10_000

  /// Makes the file ready for LMDB; false where the environment is to be read without it.
  ///
  /// Without it nothing keeps a writer from using pages again that are being read, so that is for a
  /// reader that cannot write the file, and only while no other process has the environment open.
  func prepare(for options: Environment.Options) throws(LMDBError) -> Bool {
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, options.fileMode)
    guard descriptor >= 0 else {
      let code = errno
      guard options.isReadOnly, [EROFS, EACCES, EPERM, ENOSPC, EDQUOT].contains(code) else {
        throw LMDBError(rawValue: code)
      }
      try checkNobodyElse()
      return false
    }
    defer { close(descriptor) }
    try waitForOpening(descriptor)
    let code = reserve(descriptor, readersMax: options.maxReaders)
    if code == 0 { return true }
    guard options.isReadOnly else { throw LMDBError(rawValue: code) }
    try checkNobodyElse()
    return false
  }

  /// Throws ``LMDBError/lockUnavailable`` when another process has the environment open, or that cannot
  /// be told.
  func checkNobodyElse() throws(LMDBError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      // Whoever has the environment open has made the file.
      if errno == ENOENT { return }
      throw .lockUnavailable
    }
    defer { close(descriptor) }
    guard Self.holder(descriptor, against: Int16(F_WRLCK)) == nil else { throw .lockUnavailable }
  }

  /// The process that holds the file against others, or that has the environment open.
  var holder: Int? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return Self.holder(descriptor, against: Int16(F_WRLCK)).map(Int.init)
  }

  /// The process whose lock stands against one of a kind.
  ///
  /// LMDB locks the first byte: shared while an environment is open, alone while it begins to be.
  private static func holder(_ descriptor: Int32, against kind: Int16) -> pid_t? {
    var lock = flock()
    lock.l_type = kind
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = 0
    lock.l_len = 1
    guard unsafe fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type != Int16(F_UNLCK) else {
      return nil
    }
    return lock.l_pid
  }

  private func waitForOpening(_ descriptor: Int32) throws(LMDBError) {
    var waited = 0
    while Self.holder(descriptor, against: Int16(F_RDLCK)) != nil {
      guard waited < Self.secondsHeldMax * 1_000_000 else { throw .lockHeld }
      usleep(Self.pauseMicroseconds)
      waited += Int(Self.pauseMicroseconds)
    }
  }

  /// Gives the file its blocks on the disk; 0, or the error number of a disk that has none.
  private func reserve(_ descriptor: Int32, readersMax: Int) -> Int32 {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return errno }
    // LMDB's head is three cache lines, with the first reader's place; it takes a larger file as it is.
    let needed = status.st_size == 0 ? (readersMax + 2) * 64 : Int(status.st_size)
    guard Int(status.st_blocks) * 512 < needed else { return 0 }
    guard fallocate(descriptor, 0, 0, needed) != 0 else { return 0 }
    // Where a file system cannot reserve, LMDB does without.
    return errno == ENOSPC || errno == EDQUOT ? errno : 0
  }
}
