import Glibc

/// An open directory; it is closed with its last use, and cannot be used behind it: so it is safe.
@safe package struct Directory: ~Copyable {
  /// What an entry is, without a look at where a link leads.
  package enum Kind: Sendable { case directory, file, other }

  private let path: String
  private let stream: OpaquePointer

  /// Opens the directory at a path.
  package init(_ path: String) throws(CollectorError) {
    try unsafe self.init(descriptor: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), path)
  }

  /// Opens the directory at a place that has been found.
  init(_ place: borrowing Place, _ path: String) throws(CollectorError) {
    try self.init(descriptor: place.open(O_RDONLY | O_DIRECTORY), path)
  }

  /// Opens a directory within another, unless it is a link.
  init(_ name: String, in parent: borrowing Directory) throws(CollectorError) {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
    try unsafe self.init(
      descriptor: openat(parent.descriptor, name, flags), "\(parent.path)/\(name)")
  }

  /// Takes a descriptor that was just opened; what `errno` says is thrown where it is none.
  private init(descriptor: CInt, _ path: String) throws(CollectorError) {
    guard descriptor >= 0 else { throw CollectorError(path: path, errno: errno) }
    guard let stream = unsafe fdopendir(descriptor) else {
      let error = CollectorError(path: path, errno: errno)
      close(descriptor)
      throw error
    }
    self.path = path
    unsafe self.stream = stream
  }

  deinit { unsafe closedir(stream) }

  private var descriptor: CInt { unsafe dirfd(stream) }

  /// The device that the directory lies on; nil where the system does not say.
  var device: dev_t? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? status.st_dev : nil
  }

  /// Calls a body for each entry but `.` and `..`, in the order of the file system.
  ///
  /// Throws where an entry cannot be read: a part of a directory would say that the rest is gone.
  package func forEach(_ body: (String, Kind) -> Void) throws(CollectorError) {
    unsafe rewinddir(stream)
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw CollectorError(path: path, errno: errno) }
        return
      }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { body(name, unsafe kind(name, entry.pointee.d_type)) }
    }
  }

  /// The names of all entries in the order of their bytes; throws as ``forEach(_:)`` does.
  func names() throws(CollectorError) -> [String] {
    var names: [String] = []
    try forEach { name, _ in names.append(name) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private func kind(_ name: String, _ type: UInt8) -> Kind {
    switch Int(type) {
    case Int(DT_DIR): return .directory
    case Int(DT_REG): return .file
    case Int(DT_UNKNOWN):
      // Some file systems tell the kind of an entry only to who asks for it.
      var status = stat()
      guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        return .other
      }
      let kind = status.st_mode & S_IFMT
      return kind == S_IFDIR ? .directory : kind == S_IFREG ? .file : .other
    default: return .other
    }
  }
}
