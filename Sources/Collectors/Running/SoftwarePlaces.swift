import Synchronization

/// Where packages of languages lie, found in one walk for all collectors that look for them.
final class SoftwarePlaces: Sendable {
  /// What the walk found.
  struct Found: Sendable {
    /// Directories and files that describe a package of Python.
    var python: [String] = []
    /// Descriptions of packages of Node.
    var node: [String] = []
    /// Descriptions of gems.
    var gems: [String] = []
    /// What was not looked at.
    var warnings: [String] = []
  }

  /// Where software is installed; what is mounted elsewhere is not looked through.
  static let roots = [
    "usr/lib", "usr/local", "usr/share/nodejs", "var/lib/gems", "var/www", "opt", "srv", "home",
    "root",
  ]
  /// Packages of one language at most.
  static let packagesMax = 10_000

  private let found = Mutex<Found?>(nil)

  /// What is found below a machine's root; looked for at the first call.
  func found(on machine: Machine) -> Found {
    found.withLock { known in
      if let known { return known }
      let looked = Self.look(on: machine)
      known = looked
      return looked
    }
  }

  private static func look(on machine: Machine) -> Found {
    var found = Found()
    var walk = FileWalk()
    walk.passedOver.formUnion(["python-wheels", "testdata"])
    for root in roots {
      walk.run(root, on: machine) { path, name, kind in
        visit(path, name, kind, &found)
      }
    }
    if walk.wasCut {
      found.warnings.append("only \(walk.limits.directoriesMax) directories were looked through")
    }
    cut(&found.python, &found.warnings, "packages of Python")
    cut(&found.node, &found.warnings, "packages of Node")
    cut(&found.gems, &found.warnings, "gems")
    return found
  }

  private static func visit(
    _ path: String, _ name: String, _ kind: Directory.Kind, _ found: inout Found
  ) -> Bool {
    if name.hasSuffix(".dist-info"), kind == .directory {
      found.python.append(path)
      return false
    }
    if name.hasSuffix(".egg-info"), kind != .other {
      found.python.append(path)
      return false
    }
    if name == "package.json", kind == .file, isNodePackage(path) { found.node.append(path) }
    if name.hasSuffix(".gemspec"), kind == .file, isGem(path) { found.gems.append(path) }
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
