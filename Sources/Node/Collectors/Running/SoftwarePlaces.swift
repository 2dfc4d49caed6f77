/// Where packages of languages lie, found in one walk for all collectors that look for them.
struct SoftwarePlaces: Sendable {
  /// Directories and files that describe a package of Python.
  private(set) var python: [String] = []
  /// Descriptions of packages of Node.
  private(set) var node: [String] = []
  /// Descriptions of gems.
  private(set) var gems: [String] = []
  /// What was not looked at.
  private(set) var warnings: [String] = []

  /// Where software is installed; what is mounted elsewhere is not looked through.
  static let roots = [
    "usr/lib", "usr/local", "usr/share/nodejs", "var/lib/gems", "var/www", "opt", "srv", "home",
    "root",
  ]
  /// Packages of one language at most.
  static let packagesMax = 10_000

  /// Looks below a machine's root.
  init(on machine: Machine) {
    var walk = FileWalk()
    walk.passedOver.formUnion(["python-wheels", "testdata"])
    for root in Self.roots {
      walk.run(root, on: machine) { path, name, kind in visit(path, name, kind) }
    }
    if walk.wasCut {
      warnings.append("only \(walk.limits.directoriesMax) directories were looked through")
    }
    Self.cut(&python, &warnings, "packages of Python")
    Self.cut(&node, &warnings, "packages of Node")
    Self.cut(&gems, &warnings, "gems")
  }

  /// Takes an entry for what it is; false where there is nothing to look for below it.
  private mutating func visit(_ path: String, _ name: String, _ kind: Directory.Kind) -> Bool {
    let isPython =
      name.hasSuffix(".dist-info") && kind == .directory
      || name.hasSuffix(".egg-info") && kind != .other
    if isPython {
      // pip moves what it replaces to a name like ~umpy or -umpy, where it stays if pip is broken off;
      // names of packages begin with a letter or a digit.
      if Self.isLetterOrDigit(name.utf8.first) { python.append(path) }
      return false
    }
    if kind == .directory, Self.isLeftByNpm(path, name) { return false }
    if name == "package.json", kind == .file, Self.isNodePackage(path) { node.append(path) }
    if name.hasSuffix(".gemspec"), kind == .file, Self.isGem(path) { gems.append(path) }
    return true
  }

  /// Whether a package.json is that of a package, and not of a part or an example of one.
  private static func isNodePackage(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    // No name begins with a dot.
    guard parts.count >= 3, !parts[parts.count - 2].hasPrefix(".") else { return false }
    func isFolder(_ name: Substring) -> Bool { name == "node_modules" || name == "nodejs" }
    return isFolder(parts[parts.count - 3])
      || (parts.count >= 4 && parts[parts.count - 3].hasPrefix("@")
        && isFolder(parts[parts.count - 4]))
  }

  /// Whether a folder is a package that npm moved away to replace it and did not come to delete:
  /// `node_modules/.name-a1B2c3D4`, or the same below a scope.
  private static func isLeftByNpm(_ path: String, _ name: String) -> Bool {
    guard name.hasPrefix("."), let dash = name.lastIndex(of: "-") else { return false }
    let tail = name[dash...].dropFirst().utf8
    guard tail.count == 8, tail.allSatisfy({ isLetterOrDigit($0) }) else { return false }
    let folders = path.split(separator: "/").dropLast()
    return folders.last == "node_modules"
      || folders.last?.hasPrefix("@") == true && folders.dropLast().last == "node_modules"
  }

  private static func isLetterOrDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }

  private static func isGem(_ path: String) -> Bool {
    let parts = path.split(separator: "/").dropLast()
    return parts.last == "specifications"
      || (parts.last == "default" && parts.dropLast().last == "specifications")
  }

  private static func cut(_ paths: inout [String], _ warnings: inout [String], _ what: String) {
    paths.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard paths.count > packagesMax else { return }
    warnings.append("of \(paths.count) \(what) the first \(packagesMax) are told")
    paths = Array(paths.prefix(packagesMax))
  }
}
