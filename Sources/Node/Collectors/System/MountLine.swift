/// A line of mountinfo, as proc(5) describes it.
struct MountLine {
  let target: String
  let source: String
  let kind: String
  let options: String

  /// Kinds that the kernel makes up.
  private static let madeUp: Set<String> = [
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
    "devtmpfs",
    "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs", "rpc_pipefs",
    "securityfs", "selinuxfs", "sysfs", "tracefs",
  ]

  init?(_ line: Substring) {
    let words = line.split(separator: " ").map(String.init)
    guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count >= dash + 3 else {
      return nil
    }
    target = Self.plain(words[4])
    kind = words[dash + 1]
    source = Self.plain(words[dash + 2])
    let all = Set(
      (words[5] + "," + (words.count > dash + 3 ? words[dash + 3] : ""))
        .split(separator: ",").map(String.init))
    // What the place says of writing goes before what the file system says.
    let isReadOnly = words[5].split(separator: ",").contains("ro")
    options = all.filter { isReadOnly ? $0 != "rw" : $0 != "ro" }
      .filter {
        !$0.hasPrefix("lowerdir=") && !$0.hasPrefix("upperdir=") && !$0.hasPrefix("workdir=")
      }
      .map(Self.plain).sorted().joined(separator: ",")
  }

  /// Where on this machine file systems are mounted that are not looked through.
  static func targetsElsewhere() -> Set<String> {
    let lines = Machine().text(of: "proc/self/mountinfo") ?? ""
    return Set(
      lines.split(whereSeparator: \.isNewline).compactMap(MountLine.init)
        .filter { $0.isMadeUp || $0.isRemote }.map(\.target))
  }

  var isMadeUp: Bool { Self.madeUp.contains(kind) }

  var isRemote: Bool {
    ["nfs", "nfs4", "cifs", "smb3", "ceph", "9p"].contains(kind) || kind.hasPrefix("fuse")
  }

  var isOfContainer: Bool {
    (kind == "overlay" || kind == "tmpfs" || source == "shm")
      && (target.hasPrefix("/var/lib/docker/") || target.hasPrefix("/var/lib/containers/")
        || target.hasPrefix("/var/lib/kubelet/") || target.hasPrefix("/run/containerd/")
        || target.hasPrefix("/run/user/") || target.hasPrefix("/run/docker/"))
  }

  /// A text in which the kernel wrote blanks and backslashes as three octal digits.
  private static func plain(_ text: String) -> String {
    guard text.contains("\\") else { return text }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == 0x5c, rest.count >= 3,
        let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
