import Foundation

/// Memory of this process that is resident, in bytes.
struct ResidentMemory {
  /// What only this process has: its heap and stacks.
  var anonymous = 0
  /// Pages of mapped files, the store's own among them, which the kernel takes back at will.
  var file = 0

  static var now: ResidentMemory {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    var memory = ResidentMemory()
    for line in status.split(separator: "\n") {
      let fields = line.split { $0 == " " || $0 == "\t" }
      guard fields.count > 1, let kibibytes = Int(fields[1]) else { continue }
      if fields[0] == "RssAnon:" { memory.anonymous = kibibytes * 1024 }
      if fields[0] == "RssFile:" { memory.file = kibibytes * 1024 }
    }
    return memory
  }

  /// Keeps the most that either ever was.
  mutating func raise(to other: ResidentMemory) {
    anonymous = max(anonymous, other.anonymous)
    file = max(file, other.file)
  }
}
