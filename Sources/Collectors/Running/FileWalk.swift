import Glibc

/// A walk through directories that ends: it follows no symbolic link, leaves out what the kernel makes
/// up and what lies on other machines, and has limits.
struct FileWalk {
  /// What a walk may look at.
  struct Limits {
    var directoriesMax = 100_000
    var depthMax = 40
  }

  /// What an entry of a directory is, as far as the directory says.
  enum Kind { case directory, file, other }

  /// Names of directories below which nothing is looked for.
  var passedOver: Set<String> = [".git", "__pycache__"]
  var limits = Limits()

  private let elsewhere = MountLine.targetsElsewhere()

  /// What the walk did not look at, because of its limits.
  private(set) var wasCut = false
  private(set) var directoryCount = 0

  /// Calls `visit` for each entry below a directory, directories before what is in them.
  ///
  /// `visit` gets the entry's path below the machine's root, its name and its kind, and says of a
  /// directory whether to go on into it. Directories that cannot be read are passed over.
  mutating func run(
    _ directory: String, on machine: Machine, visit: (String, String, Kind) -> Bool
  ) {
    var status = stat()
    guard unsafe lstat(machine.path(directory), &status) == 0,
      status.st_mode & S_IFMT == S_IFDIR, !isElsewhere(machine.path(directory))
    else { return }
    walk(directory, depth: 0, device: status.st_dev, machine, visit)
  }

  private mutating func walk(
    _ directory: String, depth: Int, device: dev_t, _ machine: Machine,
    _ visit: (String, String, Kind) -> Bool
  ) {
    guard depth <= limits.depthMax, directoryCount < limits.directoriesMax else {
      wasCut = true
      return
    }
    directoryCount += 1
    guard let stream = unsafe opendir(machine.path(directory)) else { return }
    var own = stat()
    let isOpen = unsafe fstat(dirfd(stream), &own) == 0
    // Another device may be a dead network file system.
    if !isOpen || (own.st_dev != device && isElsewhere(machine.path(directory))) {
      unsafe closedir(stream)
      return
    }
    var inner: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      let path = directory.isEmpty ? name : "\(directory)/\(name)"
      let kind = unsafe Self.kind(entry.pointee.d_type, path, machine)
      if visit(path, name, kind), kind == .directory, !passedOver.contains(name) {
        inner.append(path)
      }
    }
    unsafe closedir(stream)
    for path in inner.sorted() {
      walk(path, depth: depth + 1, device: own.st_dev, machine, visit)
    }
  }

  private static func kind(_ type: UInt8, _ path: String, _ machine: Machine) -> Kind {
    switch Int(type) {
    case Int(DT_DIR): return .directory
    case Int(DT_REG): return .file
    case Int(DT_UNKNOWN):
      var status = stat()
      guard unsafe lstat(machine.path(path), &status) == 0 else { return .other }
      let kind = status.st_mode & S_IFMT
      return kind == S_IFDIR ? .directory : kind == S_IFREG ? .file : .other
    default: return .other
    }
  }

  /// Whether something is mounted at a path that is made up by the kernel, or lies on another machine.
  private func isElsewhere(_ path: String) -> Bool {
    elsewhere.contains(path.count > 1 && path.last == "/" ? String(path.dropLast()) : path)
  }
}
