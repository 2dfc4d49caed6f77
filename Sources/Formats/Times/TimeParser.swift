package import Inventory
import PlainText

/// Reads the times that people write on a command line.
///
/// Days, weekdays, months and years begin at their first moment in the zone, whatever end of a range they are:
/// ranges exclude their end, so from `2026-10` to `2026-11` is October.
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
    2026-03-03, 2026-03-03 09:00, 2026-03-03T09:00:00Z, 2026-03, 2026, 3 March 2026, Mar 3, 09:00, \
    now, today 09:00, yesterday, monday, last monday, 3 days ago, 1 month ago, 90m ago, 3d, \
    @1772528400
    """

  /// Reads a text; throws a sentence that names it, and the forms.
  package func parse(_ text: String) throws(Failure) -> Reading {
    let words = text.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
    guard let first = words.first else { throw failure("an empty text is no time") }
    let tail = words.dropFirst()
    switch first {
    case "now" where tail.isEmpty: return Reading(instant: now)
    case "today": return try local(today(), clock: tail, text)
    case "yesterday": return try local(today(back: 1), clock: tail, text)
    case "last":
      guard let name = tail.first, let weekday = Self.weekday(name) else { throw unreadable(text) }
      return try local(latest(weekday, before: true), clock: tail.dropFirst(), text)
    default:
      if let weekday = Self.weekday(first) {
        return try local(latest(weekday, before: false), clock: tail, text)
      }
      if words.last == "ago", (2...3).contains(words.count) {
        return Reading(instant: try ago(words.dropLast().joined(), text))
      }
      if tail.isEmpty, let reading = try single(first, text) { return reading }
      return try dated(words, text)
    }
  }

  /// What is one word, and no day.
  private func single(_ word: String, _ text: String) throws(Failure) -> Reading? {
    if word.first == "@" || word.utf8.count == 10 && Self.digits(word[...]) != nil {
      return Reading(instant: try epoch(word.first == "@" ? word.dropFirst() : word[...], text))
    }
    if word.utf8.count == 4, let year = Self.digits(word[...]) {
      return try local(CivilTime(year: year, month: 1, day: 1), clock: [], text)
    }
    let parts = word.split(separator: "-", omittingEmptySubsequences: false)
    if parts.count == 2, parts[0].count == 4, parts[1].count == 2, let year = Self.digits(parts[0]),
      let month = Self.digits(parts[1])
    {
      return try local(CivilTime(year: year, month: month, day: 1), clock: [], text)
    }
    if Self.clock(word) != nil { return try local(today(), clock: [word], text) }
    let isSpan = word.first?.isNumber == true && word.last?.isLetter == true
    return isSpan && Self.span(word) != nil ? Reading(instant: try ago(word, text)) : nil
  }

  /// Seconds since 1970, as programs write them.
  private func epoch(_ digits: Substring, _ text: String) throws(Failure) -> Instant {
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, (1...11).contains(parts[0].utf8.count),
      let seconds = Self.digits(parts[0]),
      let fraction = parts.count == 2 ? Self.milliseconds(parts[1]) : 0
    else { throw unreadable(text) }
    return Instant(milliseconds: Int64(seconds) * 1000 + fraction)
  }

  func unreadable(_ text: String) -> Failure { failure("\"\(text.onOneLine)\" is no time") }

  func failure(_ sentence: String) -> Failure {
    Failure(description: "\(sentence); write one of \(Self.forms)")
  }

  // MARK: Days

  private func dated(_ words: [String], _ text: String) throws(Failure) -> Reading {
    var parts = words
    if parts.count == 1, let t = parts[0].firstIndex(of: "t") {
      parts = [String(parts[0][..<t]), String(parts[0][parts[0].index(after: t)...])]
    }
    if let day = Self.day(parts[0]) { return try timed(day, parts.dropFirst(), text) }
    guard let named = named(words) else { throw unreadable(text) }
    var reading = try timed(named.day, named.rest, text)
    if named.isYearGuessed, named.day.year != today().year {
      reading.note =
        "\"\(text.onOneLine)\" is taken for the last one there was, of \(named.day.year)"
    }
    return reading
  }

  /// A day with what follows it: a clock, and perhaps an offset, after a blank or at once.
  private func timed(
    _ day: CivilTime, _ words: ArraySlice<String>, _ text: String
  ) throws(Failure) -> Reading {
    guard words.count <= 2 else { throw unreadable(text) }
    guard var clock = words.first else { return try local(day, clock: [], text) }
    var offsetText = words.dropFirst().first ?? ""
    if words.count == 1, let i = clock.firstIndex(where: { "z+-".contains($0) }) {
      offsetText = String(clock[i...])
      clock = String(clock[..<i])
    }
    guard !offsetText.isEmpty else { return try local(day, clock: [clock], text) }
    guard let time = Self.clock(clock) else { throw unreadable(text) }
    let offset = offsetText == "z" || offsetText == "utc" ? 0 : Zone.offset(offsetText)
    guard let offset, time.isLeapSecond == false else { throw unreadable(text) }
    var civil = try existing(day, text)
    (civil.hour, civil.minute, civil.second) = (time.hour, time.minute, time.second)
    let instant = civil.instant.advanced(bySeconds: -Int64(offset))
    return Reading(instant: Instant(milliseconds: instant.milliseconds + time.milliseconds))
  }

  private func existing(_ day: CivilTime, _ text: String) throws(Failure) -> CivilTime {
    guard day.isValid, (1970...9999).contains(day.year) else {
      throw failure("\"\(text.onOneLine)\": there is no such day")
    }
    return day
  }

  private static func day(_ text: String) -> CivilTime? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
      let year = digits(parts[0]), let month = digits(parts[1]), let day = digits(parts[2])
    else { return nil }
    return CivilTime(year: year, month: month, day: day)
  }

  static func digits(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.count <= 11, text.utf8.allSatisfy({ (48...57).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  // MARK: Clocks

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
        guard let fraction = milliseconds(second[1]) else { return nil }
        clock.milliseconds = fraction
      }
    }
    clock.isLeapSecond = clock.second == 60
    guard hour <= 23, minute <= 59, clock.second <= 60 else { return nil }
    return clock
  }

  /// What stands behind the point of seconds.
  private static func milliseconds(_ text: Substring) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int64(text.prefix(3) + String(repeating: "0", count: 3 - text.prefix(3).count))
  }

  // MARK: Local times

  /// A day of the zone, or a time of it.
  private func local(
    _ day: CivilTime, clock words: ArraySlice<String>, _ whole: String
  ) throws(Failure) -> Reading {
    var civil = try existing(
      CivilTime(year: day.year, month: day.month, day: day.day), whole)
    guard words.count <= 1 else { throw unreadable(whole) }
    guard let text = words.first else { return Reading(instant: try startOfDay(civil, whole)) }
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
  func instants(of civil: CivilTime) -> [Instant] {
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
}
