import CSHA256

/// The lines of an answer, in any order, and the digest by which answers are compared.
///
/// The digest is the SHA-256 of the lines in order of their bytes, with a newline between two.
public struct DigestLines: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  /// Begins without lines.
  public init() {}

  /// How many lines there are.
  public var count: Int { ends.count }

  /// Adds a line; its fields are parted by tabs.
  public mutating func add(_ fields: String...) {
    for (index, field) in fields.enumerated() {
      if index > 0 { bytes.append(9) }
      bytes.append(contentsOf: field.utf8)
    }
    ends.append(bytes.count)
  }

  /// Takes all lines of another answer too.
  public mutating func add(_ other: DigestLines) {
    let start = bytes.count
    bytes += other.bytes
    ends += other.ends.map { $0 + start }
  }

  /// Drops lines that are there twice.
  public mutating func removeDuplicates() {
    var unique = DigestLines()
    var last: ArraySlice<UInt8>?
    for line in sorted() where line != last {
      unique.bytes += line
      unique.ends.append(unique.bytes.count)
      last = line
    }
    self = unique
  }

  /// The SHA-256 as hexadecimal digits.
  public var sha256: String {
    var joined: [UInt8] = []
    joined.reserveCapacity(bytes.count + ends.count)
    for (index, line) in sorted().enumerated() {
      if index > 0 { joined.append(10) }
      joined += line
    }
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    _ = SHA256(joined, joined.count, &digest)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private func sorted() -> [ArraySlice<UInt8>] {
    var start = 0
    let lines = ends.map { end in
      defer { start = end }
      return bytes[start..<end]
    }
    return lines.sorted { $0.lexicographicallyPrecedes($1) }
  }
}

/// Changes as lines of a digest: of each name and time, old and new versions are paired in order of
/// their bytes, so that it does not matter how a store pairs several versions of one name.
public struct ChangePairs {
  private struct Key: Hashable {
    var prefix: String
    var name: String
  }

  private var olds: [Key: [String]] = [:]
  private var news: [Key: [String]] = [:]

  /// Begins without changes.
  public init() {}

  /// Adds a change; the prefix holds the fields before the name, with the tab after them.
  public mutating func add(prefix: String = "", name: String, old: String?, new: String?) {
    let key = Key(prefix: prefix, name: name)
    if let old { olds[key, default: []].append(old) }
    if let new { news[key, default: []].append(new) }
  }

  /// One line for each pair.
  public var lines: DigestLines {
    var lines = DigestLines()
    for key in Set(olds.keys).union(news.keys) {
      let old = (olds[key] ?? []).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      let new = (news[key] ?? []).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      for index in 0..<max(old.count, new.count) {
        lines.add(
          key.prefix + key.name, index < old.count ? old[index] : "",
          index < new.count ? new[index] : "")
      }
    }
    return lines
  }
}
