import CMalloc
import Glibc

/// Gives memory back to the system that is not needed for a while: what the allocator has left over, and the
/// pages of the program and its libraries.
///
/// The kernel maps sixteen pages around each that is touched, and keeps them until memory is short: a program
/// that did everything once stays five times as large as what it goes on with. Pages that were never written
/// come back from the page cache when they are touched again.
package func giveBackMemory() {
  malloc_trim(0)
  for mapping in ProgramMapping.all() where mapping.isUnwritten {
    unsafe madvise(
      UnsafeMutableRawPointer(bitPattern: mapping.start), Int(mapping.end - mapping.start),
      MADV_DONTNEED)
  }
}

/// Addresses at which a file is mapped, as `/proc/self/smaps` tells.
private struct ProgramMapping {
  var start: UInt
  var end: UInt
  /// Whether a file is there that cannot be written through these addresses.
  var isFile: Bool
  /// Kilobytes of pages that are no longer as in the file, such as those that the loader relocated.
  var anonymousKilobytes: Int?

  /// Whether every page is as in the file, so that dropping one loses nothing.
  var isUnwritten: Bool { isFile && anonymousKilobytes == 0 }

  /// All mappings; none where they cannot be read.
  static func all() -> [ProgramMapping] {
    guard let file = unsafe fopen("/proc/self/smaps", "re") else { return [] }
    defer { unsafe fclose(file) }
    var mappings: [ProgramMapping] = []
    var line = [CChar](repeating: 0, count: 4096)
    while unsafe fgets(&line, Int32(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      let words = text.split(separator: " ", omittingEmptySubsequences: true)
      if let mapping = ProgramMapping(words) {
        mappings.append(mapping)
      } else if words.first == "Anonymous:", words.count > 1, !mappings.isEmpty {
        mappings[mappings.count - 1].anonymousKilobytes = Int(words[1])
      }
    }
    return mappings
  }

  /// The first line of a mapping: `55d0-55d4 r-xp 00000000 fe:00 1234 /usr/bin/stocktake`.
  private init?(_ words: [Substring]) {
    guard words.count >= 5, let dash = words[0].firstIndex(of: "-"),
      let start = UInt(words[0][..<dash], radix: 16),
      let end = UInt(words[0][words[0].index(after: dash)...], radix: 16)
    else { return nil }
    self.start = start
    self.end = end
    isFile = words.count > 5 && words[5].hasPrefix("/") && words[1].hasPrefix("r-")
  }
}
