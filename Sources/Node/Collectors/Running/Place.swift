import Glibc

/// A name in a directory that is held open, so that whoever changes links cannot lead elsewhere.
///
/// Below a root other than `/` links are followed here, as the kernel follows them for a process whose
/// root it is: an absolute link and `..` lead no higher than the root. openat2(2) can do that too, but
/// not before Linux 5.6, and not where a filter of system calls does not know it.
struct Place: ~Copyable {
  /// Links that are followed on the way to one file, as many as the kernel follows.
  static let linksMax = 40
  /// Directories inside each other on the way to one file.
  static let foldersMax = 256

  private let directory: CInt
  private let name: String
  /// Whether the name itself may be a link that is to be followed.
  private let followsName: Bool
  /// Where the place is for other programs.
  let path: String

  /// A file of the running machine, to which the kernel finds the way.
  init(live path: String, followsLast: Bool) {
    directory = AT_FDCWD
    name = path
    followsName = followsLast
    self.path = path
  }

  /// A file below a root; throws where a directory on the way to it is missing, or links are a loop.
  init(_ name: String, below root: String, followsLast: Bool) throws(CollectorError) {
    var way = try Way(from: root)
    var left = Self.parts(of: name)
    var links = 0
    var last = "."
    while let part = left.popLast() {
      let isLast = left.isEmpty
      if part == ".." {
        way.leave()
      } else if let target = isLast && !followsLast ? nil : way.link(part) {
        links += 1
        guard links <= Self.linksMax else { throw CollectorError(path: root + name, errno: ELOOP) }
        if target.hasPrefix("/") { way.leaveAll() }
        left += Self.parts(of: target)
      } else if isLast {
        last = part
      } else {
        guard way.enter(part) else { throw CollectorError(path: root + name, errno: errno) }
      }
    }
    path = way.path + last
    self.name = last
    followsName = false
    directory = way.end()
  }

  deinit { if directory != AT_FDCWD { close(directory) } }

  /// The names of a path, the last first.
  private static func parts(of path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
  }

  /// Opens what is there; a negative number where that fails.
  func open(_ flags: CInt) -> CInt {
    unsafe openat(directory, name, flags | O_CLOEXEC | (followsName ? 0 : O_NOFOLLOW))
  }

  /// What the system says of it; nil where there is nothing.
  func status() -> stat? {
    var status = stat()
    let flags = followsName ? 0 : AT_SYMLINK_NOFOLLOW
    return unsafe fstatat(directory, name, &status, flags) == 0 ? status : nil
  }

  /// Where the link leads that is there; nil where there is none.
  func link() -> String? { Self.link(name, in: directory) }

  fileprivate static func link(_ name: String, in directory: CInt) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return 0 }
      return unsafe readlinkat(directory, name, start, bytes.count)
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }
}

/// The directories from a root to where a search has come, all held open.
private struct Way: ~Copyable {
  // O_PATH of asm-generic/fcntl.h, which Glibc's module leaves out: to go through a directory takes no
  // right to read it.
  private static let flags = 0o10_000_000 | O_DIRECTORY | O_CLOEXEC

  private let root: String
  private var names: [String] = []
  /// One more than the names: the first is the root.
  private var folders: [CInt]

  init(from root: String) throws(CollectorError) {
    let descriptor = unsafe open(root, Self.flags)
    guard descriptor >= 0 else { throw CollectorError(path: root, errno: errno) }
    self.root = root
    folders = [descriptor]
  }

  deinit { for folder in folders { close(folder) } }

  /// The path, with a slash at its end.
  var path: String { names.reduce(root) { "\($0)\($1)/" } }

  private var here: CInt { folders.last ?? -1 }

  /// Where a link leads that lies here; nil where there is none.
  func link(_ name: String) -> String? { Place.link(name, in: here) }

  /// Goes into a directory; false, with `errno`, where there is none.
  mutating func enter(_ name: String) -> Bool {
    guard folders.count <= Place.foldersMax else {
      errno = ENAMETOOLONG
      return false
    }
    let descriptor = unsafe openat(here, name, Self.flags | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    folders.append(descriptor)
    names.append(name)
    return true
  }

  /// Goes to the directory above, unless it is at the root.
  mutating func leave() {
    guard names.popLast() != nil, let descriptor = folders.popLast() else { return }
    close(descriptor)
  }

  /// Goes to the root.
  mutating func leaveAll() {
    while !names.isEmpty { leave() }
  }

  /// The directory where the search has come to, for someone else to close.
  consuming func end() -> CInt { folders.popLast() ?? -1 }
}
