import Collectors
import Inventory
import JSONTape

/// One line of osquery's log of results.
struct OsqueryRecord {
  /// What the line says.
  enum Content {
    case snapshot([[String: String]])
    case changes(added: [[String: String]], removed: [[String: String]])
  }

  let query: String
  let host: String
  let instant: Instant
  let epoch: Int64
  /// 0 where the query ran for the first time; nil where osquery is too old to count.
  let counter: Int64?
  let content: Content

  /// Throws where the value is no result.
  init(_ value: JSONValue) throws {
    guard let query = value["name"]?.string, !query.isEmpty, let time = value["unixTime"]?.whole
    else { throw CollectorError("it is no result of osquery") }
    self.query = query
    host = value["hostIdentifier"]?.string ?? ""
    instant = Instant(seconds: max(0, min(time, 1 << 40)))
    guard instant.isReportable else {
      throw CollectorError("\(instant) is not in the years 2000 to 2099")
    }
    epoch = value["epoch"]?.whole ?? 0
    counter = value["counter"]?.whole
    content = try Self.content(value)
  }

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
  static func time(_ line: ArraySlice<UInt8>) -> Int64? {
    let name = Array("\"unixTime\":".utf8)
    var rest = line
    while let quote = rest.firstIndex(of: 0x22) {
      rest = rest[quote...]
      if rest.starts(with: name) {
        let digits = rest.dropFirst(name.count).drop { $0 == 0x20 || $0 == 0x22 }.prefix {
          (0x30...0x39).contains($0)
        }
        return Int64(String(decoding: digits, as: UTF8.self))
      }
      rest = rest.dropFirst()
    }
    return nil
  }
}
