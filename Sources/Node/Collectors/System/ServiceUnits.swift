import Glibc

/// Where the units of services lie, and which are enabled.
struct ServiceUnits {
  /// Units at most.
  static let unitsMax = 10_000

  /// The folders of units, those that go before others behind them; systemd.unit(5) has their order.
  private static let folders = [
    "run/systemd/generator.late", "lib/systemd/system", "usr/lib/systemd/system",
    "usr/local/lib/systemd/system", "run/systemd/generator", "run/systemd/system",
    "etc/systemd/system", "run/systemd/generator.early",
  ]

  /// The path of each, by its name; that of the last folder counts.
  private(set) var files: [String: String] = [:]
  private(set) var dropIns = DropIns()
  private var wanted: Set<String> = []
  private var masked: Set<String> = []

  init(on machine: Machine) throws {
    for folder in Self.folders {
      let names = (try? machine.names(in: folder)) ?? []
      dropIns.add(names, in: folder, on: machine)
      for name in names {
        if name.hasSuffix(".service"), !name.hasSuffix("@.service") {
          take(name, in: folder, machine)
        } else if name.hasSuffix(".wants") || name.hasSuffix(".requires") {
          wanted.formUnion((try? machine.names(in: "\(folder)/\(name)")) ?? [])
        }
      }
    }
    guard files.count <= Self.unitsMax else {
      throw CollectorError("there are \(files.count) units, more than \(Self.unitsMax)")
    }
    guard dropIns.count <= DropIns.filesMax else {
      throw CollectorError(
        "there are \(dropIns.count) drop-in files of units, more than \(DropIns.filesMax)")
    }
  }

  private mutating func take(_ name: String, in folder: String, _ machine: Machine) {
    let path = "\(folder)/\(name)"
    let target = machine.link(at: path)
    // A link to a unit of another name is a second name of that one; a file that lies elsewhere, and is
    // linked by its own name, is a unit.
    let isAlias =
      target.map { $0 != "/dev/null" && $0 != name && !$0.hasSuffix("/" + name) } ?? false
    files[name] = isAlias ? nil : path
    // An empty file masks a unit as a link to nothing does.
    let isMasked = target == "/dev/null" || machine.status(of: path)?.st_size == 0
    if isMasked { masked.insert(name) } else { masked.remove(name) }
  }

  /// What the units say, with the files that change them; nothing is read of one that is masked.
  func read(on machine: Machine) -> [String: UnitFile] {
    var units: [String: UnitFile] = [:]
    for (name, path) in files {
      if masked.contains(name) {
        units[name] = UnitFile()
      } else {
        units[name] = UnitFile(path, dropIns: dropIns.paths(of: name), on: machine)
      }
    }
    return units
  }

  /// In the words of Windows, which the type is made for.
  func startType(_ name: String, _ file: UnitFile, _ machine: Machine) -> String {
    if masked.contains(name) { return "Disabled" }
    if wanted.contains(name) { return "Automatic" }
    // One without an [Install] section starts when another unit asks for it.
    return "Manual"
  }
}
