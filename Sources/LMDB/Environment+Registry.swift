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

/// Opens the data file of an environment, unless this process has it open.
func openOnce(
  _ handle: OpaquePointer, path: String, flags: UInt32, mode: UInt32
) throws(LMDBError) -> FileIdentity {
  try openFiles.withLock { (files) throws(LMDBError) -> FileIdentity in
    var status = stat()
    // Before opening, for opening and closing again would be the damage already.
    if unsafe stat(path, &status) == 0 && files.contains(FileIdentity(status)) {
      throw .alreadyOpen
    }
    try check(unsafe mdb_env_open(handle, path, flags, mode))
    var descriptor: Int32 = -1
    try check(unsafe mdb_env_get_fd(handle, &descriptor))
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw LMDBError(rawValue: errno)
    }
    let file = FileIdentity(status)
    guard files.insert(file).inserted else {
      throw .alreadyOpen
    }
    return file
  }
}

/// The smallest multiple of the system's page size that is not below a size.
func roundedToPages(_ byteCount: Int) -> Int {
  let pageByteCount = Int(sysconf(Int32(_SC_PAGESIZE)))
  return (byteCount + pageByteCount - 1) / pageByteCount * pageByteCount
}

/// Creates a file, has it written, and writes it and its directory entry to the disk; removes it
/// again if any of that fails.
///
/// LMDB can create the file itself, but does not tell whether it was it who did.
func writeNewFile(at path: String, by write: (Int32) -> Int32) throws(LMDBError) {
  let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else {
    throw LMDBError(rawValue: errno)
  }
  var code = write(descriptor)
  if code == 0 && fsync(descriptor) != 0 {
    code = errno
  }
  close(descriptor)
  if code == 0 {
    code = syncDirectory(of: path)
  }
  if code != 0 {
    unsafe unlink(path)
  }
  try check(code)
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
