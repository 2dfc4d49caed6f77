/// Files that a process has as code in its memory and that are no more where they were.
///
/// Source: `proc/PID/maps`, as proc(5) describes it. The kernel writes ` (deleted)` behind the path of a file
/// whose name is gone or leads to another file.
struct ReplacedFiles {
  /// Bytes of one process's list; more is not read.
  static let bytesMax = 64 << 20
  /// Files of a process that are named.
  static let filesMax = 1000

  private static let mark = Array(" (deleted)".utf8)

  /// What only looks like a file, or is one that programs make for themselves and take away at once.
  ///
  /// Source: `blacklist_mappings` of needrestart.
  private static let fleeting = [
    "/memfd:", "/dev/", "/SYSV", "/[aio]", "/drm", "/i915", "/anon_hugepage", "/tmp/", "/var/tmp/",
    "/run/", "/var/run/", "/proc/", "/sys/",
  ]

  /// The paths, each once, with what tells a file from another of the same name.
  private(set) var files: [String: UInt64] = [:]
  /// A line whose end has not come.
  private var held: [UInt8] = []

  /// Takes the bytes that come next.
  mutating func take(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 0x0a) {
      if held.isEmpty {
        line(rest[..<end])
      } else {
        held += rest[..<end]
        line(held[...])
        held.removeAll(keepingCapacity: true)
      }
      rest = rest[(end + 1)...]
    }
    held += rest
  }

  /// `7f…-7f… r-xp 00000000 fe:01 1234   /usr/lib/x86_64-linux-gnu/libz.so.1 (deleted)`.
  private mutating func line(_ line: ArraySlice<UInt8>) {
    guard line.suffix(Self.mark.count).elementsEqual(Self.mark) else { return }
    let words = line.split(separator: 0x20, maxSplits: 5)
    guard words.count == 6, words[1].count == 4, words[1].dropFirst(2).first == UInt8(ascii: "x"),
      let inode = UInt64(String(decoding: words[4], as: UTF8.self)), inode != 0
    else { return }
    let path = String(
      decoding: words[5].drop { $0 == 0x20 }.dropLast(Self.mark.count), as: UTF8.self)
    guard path.hasPrefix("/"), !Self.isFleeting(path), files.count < Self.filesMax else { return }
    files[path] = inode
  }

  private static func isFleeting(_ path: String) -> Bool {
    if fleeting.contains(where: { path.hasPrefix($0) }) { return true }
    let name = path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...]
    // One that never had a name, and what two runtimes unpack for themselves.
    return name.hasPrefix("#") && name.dropFirst().allSatisfy(\.isNumber)
      || name.hasPrefix("orcexec.") || name.hasPrefix("jna") && name.hasSuffix(".tmp")
  }
}

/// What a process is a part of, by its control group.
struct ProcessUnit: Hashable {
  /// The unit of systemd, the slice of a user; the program where there is neither.
  var name: String
  /// `service`, `scope`, `session`, `process`.
  var kind: String

  /// Nil for a process of a container, whose files are others than the machine's.
  ///
  /// `text` is `proc/PID/cgroup`; `program` is what the process is called where it is of no unit.
  init?(cgroup text: String, program: String) {
    let lines = text.split(whereSeparator: \.isNewline)
    let line =
      lines.first { $0.contains(":name=systemd:/") && !$0.hasSuffix(":/") }
      ?? lines.first { $0.hasPrefix("0::/") }
    let path =
      line?.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
    let parts = path.split(separator: "/")
    if parts.contains(where: Self.isContainer) { return nil }
    if let user = parts.first(where: { $0.hasPrefix("user-") && $0.hasSuffix(".slice") }) {
      // Sessions have numbers that come and go.
      self.init(name: String(user), kind: "session")
      return
    }
    let unit = parts.first { !$0.hasSuffix(".slice") }
    if let unit, unit.hasSuffix(".service") || unit.hasSuffix(".scope") {
      self.init(name: String(unit), kind: unit.hasSuffix(".service") ? "service" : "scope")
    } else {
      self.init(name: program, kind: "process")
    }
  }

  private init(name: String, kind: String) {
    self.name = name
    self.kind = kind
  }

  /// Whether a control group is one that an engine of containers makes.
  private static func isContainer(_ name: Substring) -> Bool {
    let beginnings = [
      "docker-", "libpod-", "crio-", "cri-containerd-", "kubepods", "lxc.payload", "libpod_parent",
    ]
    return name == "docker" || name == "lxc" || beginnings.contains { name.hasPrefix($0) }
  }
}
