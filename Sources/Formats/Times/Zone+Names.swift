import Foundation
import PlainText

// The names of zones are those of the system's tz database, so that a name means here what it means to `date`.

extension Zone {
  /// Where the system has its zones.
  private static let folder = "/usr/share/zoneinfo"
  /// Copies of the whole database, one of them with leap seconds.
  private static let copies = ["posix/", "right/"]
  private static let namesMax = 4096

  /// Why a text is no zone, and what it may have meant.
  package static func refusal(of text: String) -> String {
    var near = nearest(to: text, among: names)
    if near == nil {
      // Cities are known better than the continents that they are sorted under.
      let cities = Dictionary(names.map { ($0.city, $0) }) { first, _ in first }
      near = cities[text] ?? nearest(to: text, among: cities.keys.sorted()).flatMap { cities[$0] }
    }
    return "\"\(text.onOneLine)\" is no time zone; "
      + (near.map { "did you mean \($0)? Else write" } ?? "write")
      + " UTC, an offset such as +02:00, or a name such as Europe/Berlin"
  }

  /// The names that the system knows, in order; none where it has no database.
  package static var names: [String] {
    guard let walk = FileManager.default.enumerator(atPath: folder) else { return [] }
    var names: [String] = []
    for case let path as String in walk where names.count < namesMax {
      // What is no zone has a small letter: tables, the copies, the machine's own zone.
      guard path.first?.isUppercase == true else {
        walk.skipDescendants()
        continue
      }
      if isThere(path) { names.append(path) }
    }
    return names.sorted()
  }

  /// The rules of a zone of the system, or of Foundation where the system has no database.
  static func rules(of name: String) -> TimeZone? {
    guard FileManager.default.fileExists(atPath: folder) else {
      // Foundation would take abbreviations too, and those mean several zones at once.
      guard name.contains("/") || TimeZone.knownTimeZoneIdentifiers.contains(name) else {
        return nil
      }
      return TimeZone(identifier: name)
    }
    guard isThere(name) else { return nil }
    if let zone = TimeZone(identifier: name) { return zone }
    // A link of the system's own, or a name in a copy, has the rules of what it leads to.
    let path = URL(fileURLWithPath: folder + "/" + name).resolvingSymlinksInPath().path
    var target = path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : name
    if let copy = copies.first(where: target.hasPrefix) { target.removeFirst(copy.count) }
    return TimeZone(identifier: target)
  }

  /// Whether the system has rules under that name.
  private static func isThere(_ name: String) -> Bool {
    let isPlain = name.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
        || "+-_/".utf8.contains($0)
    }
    guard isPlain, !name.isEmpty, name.utf8.count <= 64, !name.hasPrefix("/"),
      let file = FileHandle(forReadingAtPath: folder + "/" + name)
    else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 4)) == Data("TZif".utf8)
  }
}

extension String {
  /// What stands behind the last `/`.
  fileprivate var city: String { split(separator: "/").last.map(String.init) ?? self }
}
