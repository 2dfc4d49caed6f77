/// The files that change units of systemd without taking their place, as systemd.unit(5) describes them.
struct DropIns {
  /// Files of all units together.
  static let filesMax = 20_000

  private struct File {
    var path: String
    /// The number of the folder of units that it lies in; a higher one goes before a lower one.
    var folder: Int
  }

  /// By directory, such as `web.service.d`, each file by its name.
  private var directories: [String: [String: File]] = [:]
  private var folderCount = 0

  /// Takes what lies in a folder of units, which goes before those that were taken already.
  mutating func add(_ names: [String], in folder: String, on machine: Machine) {
    folderCount += 1
    for name in names where name.hasSuffix(".d") {
      let directory = "\(folder)/\(name)"
      for file in (try? machine.names(in: directory)) ?? [] where file.hasSuffix(".conf") {
        directories[name, default: [:]][file] = File(
          path: "\(directory)/\(file)", folder: folderCount)
      }
    }
  }

  /// How many files there are.
  var count: Int { directories.values.reduce(0) { $0 + $1.count } }

  /// The files that change a unit, in the order in which they do.
  ///
  /// Of several with one name that in the first folder of units counts, then that of the nearest
  /// directory; those of all units of a kind come after everything else.
  func paths(of unit: String) -> [String] {
    guard let dot = unit.lastIndex(of: ".") else { return [] }
    let kind = unit[unit.index(after: dot)...]
    var own: [String: File] = [:]
    // From the unit's first part up to a dash to its whole name.
    let prefixes = unit[..<dot].indices.dropFirst().filter { unit[$0] == "-" }.map { unit[...$0] }
    for name in prefixes.map({ "\($0).\(kind)" }) + [unit] {
      own.merge(directories[name + ".d"] ?? [:]) { known, new in
        new.folder >= known.folder ? new : known
      }
    }
    return own.merging(directories["\(kind).d"] ?? [:]) { known, _ in known }
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value.path)
  }
}
