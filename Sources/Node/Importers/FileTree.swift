import Collectors

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
      let prefix = path.hasSuffix("/") ? path : path + "/"
      try Directory(path).forEach { name, kind in
        switch kind {
        case .directory: folders.append((prefix + name, depth + 1))
        case .file: files.append(prefix + name)
        case .other: break
        }
      }
      guard files.count <= ImportLimits.files else {
        throw CollectorError("\(folder) has more than \(ImportLimits.files) files")
      }
    }
    return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
