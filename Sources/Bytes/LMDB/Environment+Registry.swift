import CLMDB
import Glibc
import Synchronization

/// What makes two paths the same file.
struct FileIdentity: Hashable {
  let device: UInt
  let inode: UInt

  init(_ status: stat) {
    device = status.st_dev
    inode = status.st_ino
  }
}

/// The data files that this process has open.
///
/// The lock file is held by a record lock, which the system drops for the whole process as soon as
/// any descriptor of the file is closed; a second environment of the same file would take the first
/// one's lock away.
let openFiles = Mutex<Set<FileIdentity>>([])

/// How many environments this process has opened, which numbers them.
let environmentsOpened = Atomic<Int>(0)

/// A data file that is open.
struct OpenedFile {
  let identity: FileIdentity
  /// Set where it is read without its lock file, which is fine as long as nobody else has it open.
  let unlocked: LockFile?
}

/// Opens the data file of an environment, unless this process has it open.
func openOnce(
  _ handle: OpaquePointer, path: String, _ options: Environment.Options
) throws(LMDBError) -> OpenedFile {
  try openFiles.withLock { (files) throws(LMDBError) -> OpenedFile in
    var status = stat()
    let exists = unsafe stat(path, &status) == 0
    // Before opening, for opening and closing again would be the damage already.
    if exists && files.contains(FileIdentity(status)) {
      throw .alreadyOpen
    }
    if !exists && options.isReadOnly {
      throw LMDBError(rawValue: errno)
    }
    try DataFile.check(at: path)
    var flags = options.flags
    var unlocked: LockFile?
    if options.usesLocking {
      let lockFile = LockFile(of: path)
      if try !lockFile.prepare(for: options) {
        unlocked = lockFile
        flags |= UInt32(MDB_NOLOCK)
      }
    }
    try check(unsafe mdb_env_open(handle, path, flags, options.fileMode))
    var descriptor: Int32 = -1
    try check(unsafe mdb_env_get_fd(handle, &descriptor))
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw LMDBError(rawValue: errno)
    }
    let file = FileIdentity(status)
    guard files.insert(file).inserted else {
      throw .alreadyOpen
    }
    return OpenedFile(identity: file, unlocked: unlocked)
  }
}

/// The smallest multiple of the system's page size that is not below a size.
func roundedToPages(_ byteCount: Int) -> Int {
  let pageByteCount = Int(sysconf(Int32(_SC_PAGESIZE)))
  return (byteCount + pageByteCount - 1) / pageByteCount * pageByteCount
}

/// Creates a file, has it written, and writes it and its directory entry to the disk.
///
/// It is written under another name, and has its own once it is whole: whoever is stopped half-way leaves
/// `path.part`, which the next one takes over. Throws ``LMDBError/fileExists`` when the file exists, or
/// somebody is writing it now.
func writeNewFile(at path: String, by write: (Int32) -> Int32) throws(LMDBError) {
  let part = path + ".part"
  guard unsafe access(path, F_OK) != 0 else { throw .fileExists }
  let descriptor = unsafe open(part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else {
    throw LMDBError(rawValue: errno)
  }
  defer { close(descriptor) }
  guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
    throw errno == EWOULDBLOCK ? .fileExists : LMDBError(rawValue: errno)
  }
  // Somebody may have finished it between our opening and locking it: then it is no part any more.
  var mine = stat()
  var named = stat()
  guard unsafe fstat(descriptor, &mine) == 0, unsafe stat(part, &named) == 0,
    FileIdentity(mine) == FileIdentity(named)
  else { throw .fileExists }
  var code = ftruncate(descriptor, 0) == 0 ? 0 : errno
  if code == 0 { code = write(descriptor) }
  if code == 0 && fsync(descriptor) != 0 { code = errno }
  if code == 0 { code = rename(part, toNew: path) }
  if code != 0 {
    unsafe unlink(part)
  } else {
    code = syncDirectory(of: path)
    if code != 0 { unsafe unlink(path) }
  }
  try check(code)
}

/// Gives a file a name that no other has; 0 or an error number.
private func rename(_ old: String, toNew new: String) -> Int32 {
  let noReplace: UInt32 = 1
  if unsafe renameat2(AT_FDCWD, old, AT_FDCWD, new, noReplace) == 0 { return 0 }
  // Not every file system can look and rename in one.
  guard errno == EINVAL || errno == ENOSYS else { return errno }
  guard unsafe access(new, F_OK) != 0 else { return EEXIST }
  return unsafe Glibc.rename(old, new) == 0 ? 0 : errno
}

/// Writes the directory that a file is in to the disk.
private func syncDirectory(of path: String) -> Int32 {
  let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
  let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
  let descriptor = unsafe open(directory, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    return errno
  }
  let code = fsync(descriptor) == 0 ? 0 : errno
  close(descriptor)
  return code
}
