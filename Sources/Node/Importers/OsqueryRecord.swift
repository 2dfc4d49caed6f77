import Collectors
import Glibc
import Inventory
import JSONTape

/// One line of osquery's log of results.
struct OsqueryRecord {
  /// What the line says.
  enum Content {
    case snapshot([[String: String]])
    case changes(added: [[String: String]], removed: [[String: String]])
  }

  /// Why a whole line is no result; it says nothing of any query.
  struct Other: Error, CustomStringConvertible {
    var description: String { "it is no result of osquery" }
  }

  let query: String
  let host: String
  let instant: Instant
  let epoch: Int64
  /// 0 where the query ran for the first time; nil where osquery is too old to count.
  let counter: Int64?
  /// Whether the line has all of a run.
  let isBatch: Bool
  let content: Content

  /// Throws an ``Other`` where the value is no result, and another error where it is one that cannot
  /// be used.
  init(_ value: JSONValue) throws {
    guard value.members != nil else { throw CollectorError("it is no JSON object") }
    guard let query = value["name"]?.string, !query.isEmpty else { throw Other() }
    guard let time = value["unixTime"]?.whole else {
      throw CollectorError("it has no unixTime that is a whole number")
    }
    self.query = query
    host = value["hostIdentifier"]?.string ?? ""
    instant = Instant(seconds: max(0, min(time, 1 << 40)))
    guard instant.isReportable else {
      throw CollectorError("its time \(instant) is not in the years 2000 to 2099")
    }
    guard instant.seconds <= Int64(Glibc.time(nil)) + Self.secondsAheadMax else {
      throw CollectorError("its time \(instant) lies more than a day ahead of this machine's clock")
    }
    isBatch = value["diffResults"] != nil
    epoch = value["epoch"]?.whole ?? 0
    counter = value["counter"]?.whole
    content = try Self.content(value)
  }

  /// How far a clock may be ahead, as in reports.
  private static let secondsAheadMax = ReportLimits.default.captureTimeAheadSecondsMax

  private static func content(_ value: JSONValue) throws -> Content {
    if let results = value["diffResults"] {
      // An empty list is written as an empty string.
      return .changes(
        added: try (results["added"]?.elements ?? []).map(row),
        removed: try (results["removed"]?.elements ?? []).map(row))
    }
    switch value["action"]?.string {
    case "snapshot":
      guard let rows = value["snapshot"]?.elements else { break }
      return .snapshot(try rows.map(row))
    case "added":
      guard let columns = value["columns"] else { break }
      return .changes(added: [try row(columns)], removed: [])
    case "removed":
      guard let columns = value["columns"] else { break }
      return .changes(added: [], removed: [try row(columns)])
    default: break
    }
    throw CollectorError("it has neither rows nor an action of osquery")
  }

  private static func row(_ value: JSONValue) throws -> [String: String] {
    guard let members = value.members else { throw CollectorError("a row is no JSON object") }
    var row: [String: String] = [:]
    for member in members { row[member.name] = member.value.plainText }
    return row
  }

  /// The time of a line, found without parsing it.
  static func time(_ line: ArraySlice<UInt8>) -> Int64? { OsqueryFragment(line).time }
}

/// What can be read of a line of which the rest is damaged or missing.
struct OsqueryFragment {
  /// The query, where the line begins with it; further behind it may be a row's column.
  let name: String?
  let host: String?
  /// Seconds since 1970.
  let time: Int64?

  init(_ line: ArraySlice<UInt8>) {
    let start = line.drop { Self.isBlank($0) }
    let member = start.dropFirst().drop { Self.isBlank($0) }
    name =
      start.first == 0x7b && member.starts(with: Array("\"name\"".utf8))
      ? Self.value(of: "name", in: member) : nil
    host = Self.value(of: "hostIdentifier", in: line)
    time = Self.value(of: "unixTime", in: line).flatMap { Int64($0) }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// The text or number of the first member of a name; nil where it has no end.
  private static func value(of name: String, in line: ArraySlice<UInt8>) -> String? {
    let quoted = Array("\"\(name)\"".utf8)
    var rest = line
    while let quote = rest.firstIndex(of: 0x22) {
      rest = rest[quote...]
      guard rest.starts(with: quoted) else {
        rest = rest.dropFirst()
        continue
      }
      var value = rest.dropFirst(quoted.count).drop { isBlank($0) }
      guard value.first == 0x3a else { return nil }
      value = value.dropFirst().drop { isBlank($0) }
      let isText = value.first == 0x22
      if isText { value = value.dropFirst() }
      let text = value.prefix { isText ? $0 != 0x22 : (0x30...0x39).contains($0) }
      guard text.count < value.count, !text.contains(0x5c) else { return nil }
      return String(decoding: text, as: UTF8.self)
    }
    return nil
  }
}
