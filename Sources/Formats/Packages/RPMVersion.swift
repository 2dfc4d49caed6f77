package import Inventory

/// A version in rpm's order: epoch, version and release.
///
/// Source: rpm's manual, "Version Comparison" (rpm-version(7)).
package struct RPMVersion: Comparable, Sendable {
  package let epoch: Int
  package let version: String
  package let release: String

  /// Takes the parts as repositories and rpm have them; no epoch is 0.
  package init(epoch: String?, version: String, release: String) {
    self.epoch = epoch.flatMap { Int($0) } ?? 0
    self.version = version
    self.release = release
  }

  /// The version of an installed package.
  package init(_ item: Item) {
    self.init(
      epoch: item["Epoch"], version: item["Version"] ?? "", release: item["Release"] ?? "")
  }

  /// Whether it is a package of a module, which tools for building them mark so.
  package var isOfModule: Bool { release.contains(".module") }

  /// As dnf shows it: the epoch only where there is one.
  package var text: String { (epoch == 0 ? "" : "\(epoch):") + "\(version)-\(release)" }

  /// The same, with an epoch of 0.
  package var withoutEpoch: RPMVersion {
    RPMVersion(epoch: nil, version: version, release: release)
  }

  package static func < (a: Self, b: Self) -> Bool { order(a, b) < 0 }
  package static func == (a: Self, b: Self) -> Bool { order(a, b) == 0 }

  private static func order(_ a: Self, _ b: Self) -> Int {
    if a.epoch != b.epoch { return a.epoch < b.epoch ? -1 : 1 }
    let version = order(a.version, b.version)
    return version != 0 ? version : order(a.release, b.release)
  }

  /// Less than 0 where `a` comes first, 0 where both are equal.
  ///
  /// Parts of digits and of letters are compared in turn; everything else only separates them, but `~`,
  /// which comes before the end, and `^`, which comes behind it and before everything else.
  static func order(_ a: String, _ b: String) -> Int {
    if a == b { return 0 }
    var (a, b) = (Array(a.utf8)[...], Array(b.utf8)[...])
    while !a.isEmpty || !b.isEmpty {
      a = a.drop { !isPart($0) }
      b = b.drop { !isPart($0) }
      if let order = orderOfMarks(&a, &b) {
        if order != 0 { return order }
        continue
      }
      guard let first = a.first, !b.isEmpty else { break }
      let isNumber = isDigit(first)
      let left = take(&a, isNumber ? isDigit : isLetter)
      let right = take(&b, isNumber ? isDigit : isLetter)
      // A number is newer than a word.
      if right.isEmpty { return isNumber ? 1 : -1 }
      let order = isNumber ? orderOfNumbers(left, right) : orderOfWords(left, right)
      if order != 0 { return order }
    }
    // Whoever has more parts is newer.
    return a.isEmpty ? (b.isEmpty ? 0 : -1) : 1
  }

  /// What `~` and `^` at the beginning decide; 0 where both had the same, nil where neither has one.
  private static func orderOfMarks(
    _ a: inout ArraySlice<UInt8>, _ b: inout ArraySlice<UInt8>
  ) -> Int? {
    for mark in [UInt8(ascii: "~"), UInt8(ascii: "^")] where a.first == mark || b.first == mark {
      if a.first == b.first {
        a.removeFirst()
        b.removeFirst()
        return 0
      }
      let isTilde = mark == UInt8(ascii: "~")
      // The other one ends here: without "^" it is older, without "~" newer.
      if a.first == mark { return isTilde ? -1 : b.isEmpty ? 1 : -1 }
      return isTilde ? 1 : a.isEmpty ? -1 : 1
    }
    return nil
  }

  private static func take(
    _ bytes: inout ArraySlice<UInt8>, _ isWanted: (UInt8) -> Bool
  ) -> ArraySlice<UInt8> {
    let part = bytes.prefix(while: isWanted)
    bytes = bytes.dropFirst(part.count)
    return part
  }

  private static func orderOfNumbers(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
    let (a, b) = (a.drop { $0 == 0x30 }, b.drop { $0 == 0x30 })
    return a.count != b.count ? a.count - b.count : orderOfWords(a, b)
  }

  private static func orderOfWords(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
    a.lexicographicallyPrecedes(b) ? -1 : b.lexicographicallyPrecedes(a) ? 1 : 0
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

  private static func isPart(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: "~") || byte == UInt8(ascii: "^")
  }
}
