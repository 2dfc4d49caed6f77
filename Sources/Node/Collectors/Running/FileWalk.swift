import Glibc

/// A walk through directories that ends: it follows no symbolic link, leaves out what the kernel makes
/// up and what lies on other machines, and has limits.
struct FileWalk {
  /// What a walk may look at.
  struct Limits {
    var directoriesMax = 100_000
    var depthMax = 40
  }

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
    _ path: String, on machine: Machine, visit: (String, String, Directory.Kind) -> Bool
  ) {
    guard !isElsewhere(machine.path(path)),
      let directory = try? machine.directory(path, followsLast: false),
      let device = directory.device
    else { return }
    walk(directory, path, depth: 0, device: device, machine, visit)
  }

  private mutating func walk(
    _ directory: consuming Directory, _ path: String, depth: Int, device: dev_t,
    _ machine: Machine, _ visit: (String, String, Directory.Kind) -> Bool
  ) {
    directoryCount += 1
    // Another device may be a dead network file system.
    guard let own = directory.device,
      own == device || !isElsewhere(machine.path(path))
    else { return }
    var inner: [String] = []
    try? directory.forEach { name, kind in
      let isEntered = visit(path.isEmpty ? name : "\(path)/\(name)", name, kind)
      if isEntered, kind == .directory, !passedOver.contains(name) { inner.append(name) }
    }
    for name in inner.sorted() {
      guard depth < limits.depthMax, directoryCount < limits.directoriesMax else {
        wasCut = true
        return
      }
      guard let next = try? Directory(name, in: directory) else { continue }
      let path = path.isEmpty ? name : "\(path)/\(name)"
      walk(next, path, depth: depth + 1, device: own, machine, visit)
    }
  }

  /// Whether something is mounted at a path that is made up by the kernel, or lies on another machine.
  private func isElsewhere(_ path: String) -> Bool {
    elsewhere.contains(path.count > 1 && path.last == "/" ? String(path.dropLast()) : path)
  }
}
