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
    if name.hasSuffix(".dist-info"), kind == .directory {
      python.append(path)
      return false
    }
    if name.hasSuffix(".egg-info"), kind != .other {
      python.append(path)
      return false
    }
    if name == "package.json", kind == .file, Self.isNodePackage(path) { node.append(path) }
    if name.hasSuffix(".gemspec"), kind == .file, Self.isGem(path) { gems.append(path) }
    return true
  }

  /// Whether a package.json is that of a package, and not of a part or an example of one.
  private static func isNodePackage(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard parts.count >= 3 else { return false }
    func isFolder(_ name: Substring) -> Bool { name == "node_modules" || name == "nodejs" }
    return isFolder(parts[parts.count - 3])
      || (parts.count >= 4 && parts[parts.count - 3].hasPrefix("@")
        && isFolder(parts[parts.count - 4]))
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
