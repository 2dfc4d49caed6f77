import Digests
import Files
import Glibc
public import Inventory

/// The files that match rules.
///
/// Where there are more files or directories than the limits allow, the agent fails and sends nothing of
/// any type; here the rest is left out with a warning.
public struct FileCollector: Collector {
  /// Which files.
  public var rules: [FileRule]
  /// Files of all rules together.
  ///
  /// The agent's limit.
  public var filesMax = 500
  /// Whether the files' SHA-256 is told too.
  public var hasDigests = false
  /// Bytes of a file whose SHA-256 is told.
  public var digestBytesMax = 64 << 20

  /// Takes the rules; without any there are no items.
  public init(rules: [FileRule] = []) { self.rules = rules }

  /// `AWS:File`.
  public var type: TypeName { .file }

  /// Where there are rules.
  public var isDefault: Bool { !rules.isEmpty }

  /// When a file was last read.
  public var volatileAttributes: Set<String> { ["LastAccessTime"] }

  /// One item for each file, rule by rule, each file once; times are in UTC.
  ///
  /// Symbolic links are not followed. Throws where a rule names a variable that is not set.
  public func collect(from machine: Machine) throws -> [Item] {
    var paths: [String] = []
    var seen: Set<String> = []
    var left = 0
    for rule in rules {
      for path in try files(of: rule, machine) where seen.insert(path).inserted {
        if paths.count < filesMax { paths.append(path) } else { left += 1 }
      }
    }
    if left > 0 { machine.warn("\(left) files are left out: \(filesMax) is the most") }
    let accounts = try? machine.accounts()
    return paths.compactMap { item($0, machine, accounts) }
  }

  private func files(of rule: FileRule, _ machine: Machine) throws -> [String] {
    let folder = try Self.expanded(rule.path).drop { $0 == "/" }
    var walk = FileWalk()
    walk.passedOver = []
    walk.limits.directoriesMax = rule.directoriesMax
    var found: [String] = []
    let base = String(folder.reversed().drop { $0 == "/" }.reversed())
    guard machine.exists(base) else {
      machine.warn("/\(base) is not there")
      return []
    }
    walk.run(base, on: machine) { path, name, kind in
      if kind != .directory, rule.patterns.contains(where: { Self.matches(name, $0) }) {
        found.append(path)
      }
      return rule.isRecursive
    }
    if walk.wasCut {
      machine.warn("of /\(base) only \(rule.directoriesMax) directories are looked through")
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    unsafe fnmatch(pattern, name, 0) == 0
  }

  /// A path with the environment's variables in it.
  private static func expanded(_ path: String) throws -> String {
    var out = ""
    var rest = path[...]
    while let dollar = rest.firstIndex(of: "$") {
      out += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      let isBraced = rest.first == "{"
      if isBraced { rest = rest.dropFirst() }
      let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      rest = rest[name.endIndex...]
      if isBraced, rest.first == "}" { rest = rest.dropFirst() }
      guard let value = environmentValue(String(name)) else {
        throw CollectorError("the variable \(name) in the path \(path) is not set")
      }
      out += value
    }
    return out + rest
  }

  private func item(_ path: String, _ machine: Machine, _ accounts: Accounts?) -> Item? {
    // A file may go between the walk and this look.
    guard let status = machine.status(of: path, followsLinks: false) else { return nil }
    let slash = path.lastIndex(of: "/")
    var values = [
      "Name": slash.map { String(path[path.index(after: $0)...]) } ?? path,
      "InstalledDir": "/" + (slash.map { String(path[..<$0]) } ?? ""),
      "Size": String(status.st_size),
      "ModificationTime": Instant(seconds: Int64(status.st_mtim.tv_sec)).description,
      "LastAccessTime": Instant(seconds: Int64(status.st_atim.tv_sec)).description,
      "Mode": "0" + String(status.st_mode & 0o7777, radix: 8),
      "Owner": accounts?.userName(status.st_uid) ?? String(status.st_uid),
      "Group": accounts?.groups.first { $0.id == status.st_gid }?.name ?? String(status.st_gid),
    ]
    let kind = status.st_mode & S_IFMT
    if kind == S_IFLNK { values["Description"] = "symbolic link" }
    if kind != S_IFLNK, kind != S_IFREG { values["Description"] = "special file" }
    if hasDigests, kind == S_IFREG { values["SHA256"] = digest(path, machine) }
    return Item(values.mapValues { text(cutTo: 4096, $0) })
  }

  private func digest(_ path: String, _ machine: Machine) -> String? {
    do {
      let bytes = try machine.bytes(of: path, max: digestBytesMax)
      return unsafe SHA256().digest(bytes.span.bytes).description
    } catch {
      machine.warn(error.message)
      return nil
    }
  }
}
