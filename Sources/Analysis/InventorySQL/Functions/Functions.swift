import Inventory
package import JSONTape
import Packages
package import SQLite
import Times

/// The functions beside SQLite's own: times, versions, and those by which Athena's dialect names what SQLite has
/// under other names or not at all.
enum Functions {
  /// Functions of one row.
  static func scalar(now: Instant) -> [SQLFunction] {
    let parser = TimeParser(zone: .utc, now: now)
    return times(parser) + versions + texts
  }

  // MARK: Times

  private static func times(_ parser: TimeParser) -> [SQLFunction] {
    let instant: @Sendable (SQLValue) throws(SQLError) -> Instant? = { value throws(SQLError) in
      switch value {
      case .null: return nil
      case .integer(let seconds): return Instant(seconds: seconds)
      default:
        guard let text = value.asText else { return nil }
        if let instant = Instant(rfc3339: text) { return instant }
        do throws(TimeParser.Failure) { return try parser.parse(text).instant } catch {
          throw SQLError(.invalidArgument, error.description)
        }
      }
    }
    return [
      // `now()` is as fixed for a query as the query's own now.
      SQLFunction("now", 0) { _ throws(SQLError) in SQLValue(parser.now) },
      SQLFunction("instant", 1) { values throws(SQLError) in SQLValue(try instant(values[0])) },
      SQLFunction("from_iso8601_timestamp", 1) { values throws(SQLError) in
        SQLValue(try instant(values[0]))
      },
      SQLFunction("from_unixtime", 1) { values throws(SQLError) in
        SQLValue(values[0].asInteger.map { Instant(seconds: $0) })
      },
      SQLFunction("to_unixtime", 1) { values throws(SQLError) in
        try instant(values[0]).map { .integer($0.seconds) } ?? .null
      },
      SQLFunction("date_add", 3) { values throws(SQLError) in
        guard let time = try instant(values[2]), let count = values[1].asInteger else {
          return .null
        }
        return SQLValue(try added(count, try unit(values[0]), to: time))
      },
      SQLFunction("date_diff", 3) { values throws(SQLError) in
        guard let a = try instant(values[1]), let b = try instant(values[2]) else { return .null }
        return .integer(try difference(try unit(values[0]), a, b))
      },
      SQLFunction("date_trunc", 2) { values throws(SQLError) in
        guard let time = try instant(values[1]) else { return .null }
        return SQLValue(try truncated(time, to: try unit(values[0])))
      },
    ]
  }

  private enum Unit: String, CaseIterable {
    case second, minute, hour, day, week, month, year

    var seconds: Int64? {
      switch self {
      case .second: 1
      case .minute: 60
      case .hour: 3600
      case .day: 86400
      case .week: 604_800
      case .month, .year: nil
      }
    }
  }

  private static func unit(_ value: SQLValue) throws(SQLError) -> Unit {
    guard let unit = value.asText.flatMap({ Unit(rawValue: $0.lowercased()) }) else {
      throw SQLError(
        .invalidArgument,
        "a unit of time is one of \(Unit.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", "))"
      )
    }
    return unit
  }

  /// Months that are too short for the day end on their last.
  private static func added(
    _ count: Int64, _ unit: Unit, to time: Instant
  ) throws(SQLError) -> Instant {
    guard abs(count) < 1_000_000_000 else {
      throw SQLError(.invalidArgument, "date_add: \(count) is too many")
    }
    if let seconds = unit.seconds { return time.advanced(bySeconds: seconds * count) }
    var civil = CivilTime(time)
    let months = Int(count) * (unit == .year ? 12 : 1) + civil.year * 12 + civil.month - 1
    guard (0..<120_000).contains(months) else {
      throw SQLError(.invalidArgument, "date_add: that is beyond the years 0 to 9999")
    }
    civil.year = months / 12
    civil.month = months % 12 + 1
    civil.day = min(civil.day, CivilTime.dayCount(year: civil.year, month: civil.month))
    return civil.instant
  }

  /// Whole units from one time to another.
  private static func difference(
    _ unit: Unit, _ a: Instant, _ b: Instant
  ) throws(SQLError) -> Int64 {
    if let seconds = unit.seconds { return (b.seconds - a.seconds) / seconds }
    let (x, y) = (CivilTime(a), CivilTime(b))
    var months = Int64((y.year - x.year) * 12 + y.month - x.month)
    if months > 0, try added(months, .month, to: a) > b { months -= 1 }
    if months < 0, try added(months, .month, to: a) < b { months += 1 }
    return unit == .year ? months / 12 : months
  }

  private static func truncated(_ time: Instant, to unit: Unit) throws(SQLError) -> Instant {
    switch unit {
    // Weeks begin on Monday: 1970-01-01 was a Thursday.
    case .week: return Instant(seconds: floor(time.seconds + 3 * 86400, 604_800) - 3 * 86400)
    case .month, .year:
      let civil = CivilTime(time)
      return CivilTime(year: civil.year, month: unit == .year ? 1 : civil.month, day: 1).instant
    default: return Instant(seconds: floor(time.seconds, unit.seconds ?? 1))
    }
  }

  private static func floor(_ seconds: Int64, _ step: Int64) -> Int64 {
    seconds - ((seconds % step) + step) % step
  }

  // MARK: Versions

  private static let versions = [
    // Negative, zero or positive: the first comes before, is, or comes behind the second.
    SQLFunction("version_compare", nil) { values throws(SQLError) in
      guard (2...3).contains(values.count) else {
        throw SQLError(.invalidArgument, "version_compare takes two versions, and 'dpkg' or 'rpm'")
      }
      guard let a = values[0].asText, let b = values[1].asText else { return .null }
      let system = values.count == 3 ? values[2].asText ?? "dpkg" : "dpkg"
      switch system {
      case "dpkg", "debian", "deb", "ubuntu":
        return .integer(order(DebianVersion(a), DebianVersion(b)))
      case "rpm": return .integer(order(rpm(a), rpm(b)))
      default:
        throw SQLError(
          .invalidArgument, "version_compare: 'dpkg' and 'rpm' are known, not '\(system)'")
      }
    }
  ]

  private static func order<V: Comparable>(_ a: V, _ b: V) -> Int64 {
    a < b ? -1 : b < a ? 1 : 0
  }

  /// Reads `epoch:version-release`.
  private static func rpm(_ text: String) -> RPMVersion {
    let colon = text.firstIndex(of: ":")
    let rest = colon.map { text[text.index(after: $0)...] } ?? text[...]
    let dash = rest.lastIndex(of: "-")
    return RPMVersion(
      epoch: colon.map { String(text[..<$0]) }, version: String(rest[..<(dash ?? rest.endIndex)]),
      release: dash.map { String(rest[rest.index(after: $0)...]) } ?? "")
  }

  // MARK: Texts

  private static let texts = [
    SQLFunction("strpos", 2) { values throws(SQLError) in
      guard let text = values[0].asText, let part = values[1].asText else { return .null }
      guard !part.isEmpty else { return .integer(1) }
      let (all, wanted) = (Array(text.unicodeScalars), Array(part.unicodeScalars))
      guard all.count >= wanted.count else { return .integer(0) }
      for start in 0...(all.count - wanted.count)
      where all[start..<(start + wanted.count)].elementsEqual(wanted) {
        return .integer(Int64(start + 1))
      }
      return .integer(0)
    },
    SQLFunction("split_part", 3) { values throws(SQLError) in
      guard let text = values[0].asText, let mark = values[1].asText,
        let index = values[2].asInteger
      else { return .null }
      guard !mark.isEmpty, index > 0 else {
        throw SQLError(
          .invalidArgument, "split_part takes a text, a separator, and a number from 1 on")
      }
      let parts = text.split(separator: mark, omittingEmptySubsequences: false)
      return index <= parts.count ? .text(String(parts[Int(index) - 1])) : .null
    },
    SQLFunction("starts_with", 2) { values throws(SQLError) in
      guard let text = values[0].asText, let start = values[1].asText else { return .null }
      return .integer(text.utf8.starts(with: start.utf8) ? 1 : 0)
    },
  ]

  // MARK: Aggregates

  static let aggregates = [
    SQLAggregate("count_if", 1) { CountIf() },
    SQLAggregate("approx_distinct", 1) { Distinct() },
    SQLAggregate("arbitrary", 1) { Arbitrary() },
    SQLAggregate("any_value", 1) { Arbitrary() },
    SQLAggregate("array_agg", 1) { List() },
    SQLAggregate("max_by", 2) { Extreme(isMax: true) },
    SQLAggregate("min_by", 2) { Extreme(isMax: false) },
  ]

  private final class CountIf: SQLFold {
    private var count: Int64 = 0
    func take(_ arguments: [SQLValue]) { if arguments[0].isTrue { count += 1 } }
    var value: SQLValue { .integer(count) }
  }

  private final class Arbitrary: SQLFold {
    private(set) var value = SQLValue.null
    func take(_ arguments: [SQLValue]) { if value == .null { value = arguments[0] } }
  }

  /// Exact; bounded as what it remembers is.
  private final class Distinct: SQLFold {
    private var seen: Set<SQLValue> = []
    func take(_ arguments: [SQLValue]) throws(SQLError) {
      guard arguments[0] != .null, seen.insert(arguments[0]).inserted else { return }
      guard seen.count <= rememberedMax else { throw tooMany("approx_distinct") }
    }
    var value: SQLValue { .integer(Int64(seen.count)) }
  }

  private final class List: SQLFold {
    private var values: [JSONValue] = []
    func take(_ arguments: [SQLValue]) throws(SQLError) {
      guard values.count < rememberedMax else { throw tooMany("array_agg") }
      values.append(arguments[0].json)
    }
    var value: SQLValue { .text(JSONValue.array(values).compact) }
  }

  private final class Extreme: SQLFold {
    private let isMax: Bool
    private var best: SQLValue?
    private(set) var value = SQLValue.null

    init(isMax: Bool) { self.isMax = isMax }

    func take(_ arguments: [SQLValue]) {
      guard arguments[1] != .null else { return }
      if let best, isMax ? !best.isBelow(arguments[1]) : !arguments[1].isBelow(best) { return }
      best = arguments[1]
      value = arguments[0]
    }
  }

  /// Values that one aggregate remembers.
  private static let rememberedMax = 1_000_000

  private static func tooMany(_ name: String) -> SQLError {
    SQLError(.tooLarge, "\(name) has more than \(rememberedMax) values")
  }
}

extension SQLValue {
  /// Whether a condition of this value holds.
  fileprivate var isTrue: Bool {
    switch self {
    case .integer(let number): number != 0
    case .real(let number): number != 0
    default: false
    }
  }

  /// Orders as SQLite does: numbers before texts.
  fileprivate func isBelow(_ other: SQLValue) -> Bool {
    switch (self, other) {
    case (.text(let a), .text(let b)): a < b
    case (.text, _): false
    case (_, .text): true
    default: number < other.number
    }
  }

  private var number: Double {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number): number
    default: 0
    }
  }

  /// The value in JSON: bytes as their hexadecimal digits.
  package var json: JSONValue {
    switch self {
    case .null: .null
    case .integer(let number): .integer(number)
    case .real(let number): number.isFinite ? .number(number) : .null
    case .text(let text): .string(text)
    case .blob(let bytes):
      .string(bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined())
    }
  }
}
