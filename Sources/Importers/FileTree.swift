import Collectors
import Glibc

/// The files below a folder.
enum FileTree {
  /// The paths of all regular files in the order of their bytes; links are not followed.
  ///
  /// Throws where a folder cannot be read, and where there are more files or levels than
  /// ``ImportLimits`` has.
  static func files(below folder: String) throws(CollectorError) -> [String] {
    var files: [String] = []
    var folders: [(path: String, depth: Int)] = [(folder, 0)]
    while let (path, depth) = folders.popLast() {
      guard depth <= ImportLimits.depth else {
        throw CollectorError("\(path) lies more than \(ImportLimits.depth) folders deep")
      }
      for name in try names(in: path) {
        let inner = path.hasSuffix("/") ? path + name : path + "/" + name
        var status = stat()
        guard unsafe lstat(inner, &status) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: folders.append((inner, depth + 1))
        case S_IFREG: files.append(inner)
        default: break
        }
      }
      guard files.count <= ImportLimits.files else {
        throw CollectorError("\(folder) has more than \(ImportLimits.files) files")
      }
    }
    return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func names(in path: String) throws(CollectorError) -> [String] {
    guard let stream = unsafe opendir(path) else { throw CollectorError(path: path, errno: errno) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }
}
