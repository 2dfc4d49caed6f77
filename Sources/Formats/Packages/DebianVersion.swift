/// A version in Debian's order.
///
/// Source: Debian Policy Manual, 5.6.12.
package struct DebianVersion: Comparable {
  private let epoch: Int
  private let upstream: [UInt8]
  private let revision: [UInt8]

  /// Reads `epoch:upstream-revision`, of which the first and the last may be missing.
  package init(_ text: some StringProtocol) {
    var rest = Substring(text)
    if let colon = rest.firstIndex(of: ":"), let number = Int(rest[..<colon]) {
      epoch = number
      rest = rest[rest.index(after: colon)...]
    } else {
      epoch = 0
    }
    if let dash = rest.lastIndex(of: "-") {
      upstream = Array(rest[..<dash].utf8)
      revision = Array(rest[rest.index(after: dash)...].utf8)
    } else {
      upstream = Array(rest.utf8)
      revision = []
    }
  }

  package static func < (a: DebianVersion, b: DebianVersion) -> Bool { order(a, b) < 0 }
  package static func == (a: DebianVersion, b: DebianVersion) -> Bool { order(a, b) == 0 }

  private static func order(_ a: DebianVersion, _ b: DebianVersion) -> Int {
    if a.epoch != b.epoch { return a.epoch - b.epoch }
    let upstream = order(a.upstream[...], b.upstream[...])
    return upstream != 0 ? upstream : order(a.revision[...], b.revision[...])
  }

  /// By turns what is no digit, by a changed order of characters, and digits, by their value.
  private static func order(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
    var (a, b) = (a, b)
    while !a.isEmpty || !b.isEmpty {
      while !isDigit(a.first) || !isDigit(b.first) {
        let (left, right) = (weight(a.first), weight(b.first))
        if left != right { return left - right }
        if left == 0 { break }
        a = a.dropFirst()
        b = b.dropFirst()
      }
      let left = digits(&a)
      let right = digits(&b)
      if left.count != right.count { return left.count - right.count }
      if left != right { return left.lexicographicallyPrecedes(right) ? -1 : 1 }
    }
    return 0
  }

  private static func digits(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = bytes.prefix { (48...57).contains($0) }
    bytes = bytes.dropFirst(digits.count)
    return digits.drop { $0 == 48 }
  }

  private static func isDigit(_ byte: UInt8?) -> Bool {
    byte.map { (48...57).contains($0) } ?? false
  }

  /// A tilde comes before the end, the end before letters, letters before everything else.
  private static func weight(_ byte: UInt8?) -> Int {
    guard let byte, !isDigit(byte) else { return 0 }
    if byte == UInt8(ascii: "~") { return -1 }
    let isLetter = (65...90).contains(byte) || (97...122).contains(byte)
    return isLetter ? Int(byte) : Int(byte) + 256
  }
}
