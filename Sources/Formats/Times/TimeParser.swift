package import Inventory
import PlainText

/// Reads the times that people write on a command line.
package struct TimeParser: Sendable {
  /// The zone of times that name none.
  package var zone: Zone
  /// What `now` is.
  package var now: Instant

  /// Reads times in a zone, at a moment.
  package init(zone: Zone, now: Instant) {
    self.zone = zone
    self.now = now
  }

  /// A time, and what the reader should be told about it.
  package struct Reading: Equatable, Sendable {
    /// The time.
    package var instant: Instant
    /// One sentence, where the text could mean two times.
    package var note: String?
  }

  /// Why a text is no time.
  package struct Failure: Error, CustomStringConvertible {
    /// One sentence.
    package var description: String
  }

  /// The forms, for help and for errors.
  package static let forms = """
    2026-03-03, 2026-03-03 09:00, 2026-03-03T09:00:00Z, now, today 09:00, yesterday, \
    yesterday 09:00, 3 days ago, 90m ago
    """

  /// Reads a text; throws a sentence that names it.
  package func parse(_ text: String) throws(Failure) -> Reading {
    let words = text.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
    guard let first = words.first else { throw Failure(description: "an empty text is no time") }
    switch first {
    case "now" where words.count == 1: return Reading(instant: now)
    case "today", "yesterday":
      let today = zone.civil(now)
      let noon = CivilTime(year: today.year, month: today.month, day: today.day, hour: 12)
      let day = CivilTime(noon.instant.advanced(bySeconds: first == "today" ? 0 : -86400))
      guard words.count <= 2 else { throw unreadable(text) }
      return try local(day, clock: words.count == 2 ? words[1] : nil, text)
    default:
      if words.last == "ago" { return Reading(instant: try ago(words.dropLast(), text)) }
      return try dated(words, text)
    }
  }

  private func unreadable(_ text: String) -> Failure {
    Failure(description: "\"\(text.onOneLine)\" is no time; write one of \(Self.forms)")
  }

  // MARK: Dates

  private func dated(_ words: [String], _ text: String) throws(Failure) -> Reading {
    var parts = words
    if parts.count == 1, let t = parts[0].firstIndex(of: "t") {
      parts = [String(parts[0][..<t]), String(parts[0][parts[0].index(after: t)...])]
    }
    guard parts.count <= 3, let day = Self.day(parts[0]) else { throw unreadable(text) }
    guard day.isValid, (1970...9999).contains(day.year) else {
      throw Failure(description: "\"\(text.onOneLine)\": there is no such day")
    }
    guard parts.count > 1 else { return try local(day, clock: nil, text) }
    // What follows the clock is an offset: after a blank, or at once.
    var clock = parts[1]
    var offsetText = parts.count == 3 ? parts[2] : ""
    if parts.count == 2, let i = clock.firstIndex(where: { "z+-".contains($0) }) {
      offsetText = String(clock[i...])
      clock = String(clock[..<i])
    }
    guard !offsetText.isEmpty else { return try local(day, clock: clock, text) }
    guard let time = Self.clock(clock) else { throw unreadable(text) }
    let offset = offsetText == "z" || offsetText == "utc" ? 0 : Zone.offset(offsetText)
    guard let offset, time.isLeapSecond == false else { throw unreadable(text) }
    var civil = day
    (civil.hour, civil.minute, civil.second) = (time.hour, time.minute, time.second)
    let instant = civil.instant.advanced(bySeconds: -Int64(offset))
    return Reading(instant: Instant(milliseconds: instant.milliseconds + time.milliseconds))
  }

  private static func day(_ text: String) -> CivilTime? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
      let year = digits(parts[0]), let month = digits(parts[1]), let day = digits(parts[2])
    else { return nil }
    return CivilTime(year: year, month: month, day: day)
  }

  private static func digits(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.count <= 9, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  private struct Clock {
    var hour: Int
    var minute: Int
    var second = 0
    var milliseconds: Int64 = 0
    var isLeapSecond = false
  }

  /// `9:00`, `09:00`, `09:00:30`, `09:00:30.25`; finer than milliseconds is cut.
  private static func clock(_ text: String) -> Clock? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, (1...2).contains(parts[0].count),
      parts[1].count == 2, let hour = digits(parts[0]), let minute = digits(parts[1])
    else { return nil }
    var clock = Clock(hour: hour, minute: minute)
    if parts.count == 3 {
      let second = parts[2].split(separator: ".", omittingEmptySubsequences: false)
      guard second.count <= 2, second[0].count == 2, let whole = digits(second[0]) else {
        return nil
      }
      clock.second = whole
      if second.count == 2 {
        guard let fraction = digits(second[1].prefix(9)),
          second[1].utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        var scaled = fraction
        for _ in 0..<(9 - second[1].prefix(9).count) { scaled *= 10 }
        clock.milliseconds = Int64(scaled / 1_000_000)
      }
    }
    clock.isLeapSecond = clock.second == 60
    guard hour <= 23, minute <= 59, clock.second <= 60 else { return nil }
    return clock
  }

  // MARK: Local times

  private func local(
    _ day: CivilTime, clock text: String?, _ whole: String
  ) throws(Failure) -> Reading {
    var civil = CivilTime(year: day.year, month: day.month, day: day.day)
    guard let text else { return Reading(instant: try startOfDay(civil, whole)) }
    guard let clock = Self.clock(text), !clock.isLeapSecond else { throw unreadable(whole) }
    (civil.hour, civil.minute, civil.second) = (clock.hour, clock.minute, clock.second)
    let found = instants(of: civil)
    guard let first = found.first else {
      throw Failure(
        description: """
          "\(whole.onOneLine)" does not exist in \(zone.name): the clock was put forward over it; \
          write a time before or after, or one with an offset
          """)
    }
    let instant = Instant(milliseconds: first.milliseconds + clock.milliseconds)
    guard found.count > 1 else { return Reading(instant: instant) }
    return Reading(
      instant: instant,
      note: """
        "\(whole.onOneLine)" happened twice in \(zone.name); taking the first, \
        \(zone.text(instant)), not \(zone.text(found[1]))
        """)
  }

  /// All instants at which the clock on the wall shows this, the earliest first.
  private func instants(of civil: CivilTime) -> [Instant] {
    let asUTC = civil.instant
    // No zone's clock is put twice within two days, so these are all the offsets there can be.
    let offsets = Set([-86400, 0, 86400].map { zone.offset(at: asUTC.advanced(bySeconds: $0)) })
    return offsets.map { (asUTC.advanced(bySeconds: -Int64($0)), $0) }
      .filter { zone.offset(at: $0.0) == $0.1 }.map(\.0).sorted()
  }

  /// The first instant of a day: midnight, or where the clock skips midnight, the end of the gap.
  private func startOfDay(_ day: CivilTime, _ text: String) throws(Failure) -> Instant {
    if let midnight = instants(of: day).first { return midnight }
    let asUTC = day.instant
    var low = asUTC.advanced(bySeconds: -86400).seconds
    var high = asUTC.advanced(bySeconds: 86400).seconds
    func isBefore(_ seconds: Int64) -> Bool {
      let civil = zone.civil(Instant(seconds: seconds))
      return (civil.year, civil.month, civil.day) < (day.year, day.month, day.day)
    }
    while low + 1 < high {
      let middle = (low + high) / 2
      if isBefore(middle) { low = middle } else { high = middle }
    }
    let civil = zone.civil(Instant(seconds: high))
    guard (civil.year, civil.month, civil.day) == (day.year, day.month, day.day) else {
      throw Failure(description: "\"\(text.onOneLine)\": \(zone.name) left that day out")
    }
    return Instant(seconds: high)
  }

  // MARK: Relative times

  private static let unitSeconds: [String: Int64] = {
    var table: [String: Int64] = [:]
    for (names, seconds) in [
      ("s sec secs second seconds", Int64(1)), ("m min mins minute minutes", 60),
      ("h hr hrs hour hours", 3600), ("d day days", 86400), ("w week weeks", 604_800),
    ] {
      for name in names.split(separator: " ") { table[String(name)] = seconds }
    }
    return table
  }()

  /// Reads `90m`, `90 m`, `3 days` as seconds; nil for any other text.
  package static func durationSeconds(_ text: String) -> Int64? {
    let joined = text.filter { !$0.isWhitespace }.lowercased()
    let number = joined.prefix { ("0"..."9").contains($0) }
    guard let count = digits(number), let unit = unitSeconds[String(joined[number.endIndex...])]
    else { return nil }
    let (product, overflow) = Int64(count).multipliedReportingOverflow(by: unit)
    return overflow ? nil : product
  }

  private func ago(_ words: ArraySlice<String>, _ text: String) throws(Failure) -> Instant {
    guard (1...2).contains(words.count),
      let seconds = Self.durationSeconds(words.joined(separator: " "))
    else { throw unreadable(text) }
    let instant = now.advanced(bySeconds: -seconds)
    guard instant >= Instant(seconds: 0) else {
      throw Failure(description: "\"\(text.onOneLine)\" lies before 1970")
    }
    return instant
  }
}
