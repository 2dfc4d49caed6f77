import Inventory
import PlainText

// Times in words: weekdays and months by their names, and spans before now.

extension TimeParser {
  private static let weekdays = [
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
  ]
  private static let months = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
  ]

  /// The place of a name, or of its first letters, in a list.
  private static func place(_ word: Substring, in names: [String]) -> Int? {
    names.firstIndex { word.count >= 3 && $0.hasPrefix(word) }
  }

  /// Sunday is 0; nil for what is no weekday.
  static func weekday(_ word: String) -> Int? { place(word[...], in: weekdays) }

  /// The day of now in the zone, or one so many days before.
  func today(back days: Int = 0) -> CivilTime {
    let today = zone.civil(now)
    let noon = CivilTime(year: today.year, month: today.month, day: today.day, hour: 12)
    return CivilTime(noon.instant.advanced(bySeconds: -86400 * Int64(days)))
  }

  /// The latest such weekday up to today, or before it.
  func latest(_ weekday: Int, before today: Bool) -> CivilTime {
    // 1970-01-01 was a Thursday.
    let number = Int((self.today().instant.seconds / 86400 + 4) % 7)
    let back = (number - weekday + 7) % 7
    return self.today(back: today && back == 0 ? 7 : back)
  }

  // MARK: Months by name

  /// A day that names its month, with the words that follow it.
  struct NamedDay {
    var day: CivilTime
    var rest: ArraySlice<String>
    /// Whether the year is the last in which there was such a day.
    var isYearGuessed = false
  }

  /// Reads `3 march 2026`, `mar 3, 2026`, `mar 2026` and `3 mar`; nil for any other text.
  func named(_ words: [String]) -> NamedDay? {
    guard words.count >= 2 else { return nil }
    let isMonthFirst = Self.place(Self.bare(words[0]), in: Self.months) != nil
    let monthWord = Self.bare(words[isMonthFirst ? 0 : 1])
    guard let place = Self.place(monthWord, in: Self.months) else { return nil }
    let (month, number) = (place + 1, Self.bare(words[isMonthFirst ? 1 : 0]))
    if isMonthFirst, let year = Self.year(number) {
      return NamedDay(
        day: CivilTime(year: year, month: month, day: 1), rest: words.dropFirst(2))
    }
    guard (1...2).contains(number.utf8.count), let day = Self.digits(number) else { return nil }
    if words.count > 2, let year = Self.year(Self.bare(words[2])) {
      return NamedDay(
        day: CivilTime(year: year, month: month, day: day), rest: words.dropFirst(3))
    }
    var found = CivilTime(year: today().year, month: month, day: day)
    // Of 29 February the last one can be eight years back.
    let latest = (0...8).lazy.map { CivilTime(year: found.year - $0, month: month, day: day) }
      .first { $0.isValid && $0.instant <= self.today().instant }
    found = latest ?? found
    return NamedDay(day: found, rest: words.dropFirst(2), isYearGuessed: true)
  }

  /// A word without the comma or point that ends it.
  private static func bare(_ word: String) -> Substring {
    word.last == "," || word.last == "." ? word.dropLast() : word[...]
  }

  private static func year(_ word: Substring) -> Int? {
    word.utf8.count == 4 ? digits(word) : nil
  }

  // MARK: Spans

  private static let unitSeconds: [String: Int64] = table([
    ("s sec secs second seconds", Int64(1)), ("m min mins minute minutes", 60),
    ("h hr hrs hour hours", 3600), ("d day days", 86400), ("w week weeks", 604_800),
  ])

  private static let unitMonths: [String: Int64] = table([
    ("mo month months", 1), ("y yr yrs year years", 12),
  ])

  private static func table(_ rows: [(names: String, value: Int64)]) -> [String: Int64] {
    var table: [String: Int64] = [:]
    for row in rows {
      for name in row.names.split(separator: " ") { table[String(name)] = row.value }
    }
    return table
  }

  /// How far back: so many seconds, or so many months of the calendar.
  enum Span {
    case seconds(Int64)
    case months(Int64)
  }

  /// Reads `90m`, `3days`, `1year`; nil for any other text.
  static func span(_ text: String) -> Span? {
    let number = text.prefix { ("0"..."9").contains($0) }
    guard number.utf8.count <= 9, let count = digits(number) else { return nil }
    let unit = String(text[number.endIndex...])
    if let months = unitMonths[unit] { return .months(Int64(count) * months) }
    guard let seconds = unitSeconds[unit] else { return nil }
    let (product, overflow) = Int64(count).multipliedReportingOverflow(by: seconds)
    return overflow ? nil : .seconds(product)
  }

  /// Reads `90m`, `90 m`, `3 days` as seconds; nil for any other text.
  package static func durationSeconds(_ text: String) -> Int64? {
    guard case .seconds(let seconds) = span(text.filter { !$0.isWhitespace }.lowercased()) else {
      return nil
    }
    return seconds
  }

  /// That long before now.
  ///
  /// A day is 24 hours; a month is one of the calendar in the zone, and where it has no such day its last.
  func ago(_ text: String, _ whole: String) throws(Failure) -> Instant {
    let instant: Instant
    switch Self.span(text) {
    case .seconds(let seconds): instant = now.advanced(bySeconds: -seconds)
    case .months(let months): instant = monthsAgo(months)
    case nil: throw unreadable(whole)
    }
    guard instant >= Instant(seconds: 0) else {
      throw failure("\"\(whole.onOneLine)\" lies before 1970")
    }
    return instant
  }

  private func monthsAgo(_ count: Int64) -> Instant {
    var civil = zone.civil(now)
    let months = Int64(civil.year) * 12 + Int64(civil.month) - 1 - count
    guard months >= 1969 * 12 else { return .distantPast }
    (civil.year, civil.month) = (Int(months / 12), Int(months % 12) + 1)
    civil.day = min(civil.day, CivilTime.dayCount(year: civil.year, month: civil.month))
    // Where the clock skipped that time, as long after midnight as on other days.
    let skipped = civil.instant.advanced(bySeconds: -86400)
    let instant =
      instants(of: civil).first
      ?? civil.instant.advanced(bySeconds: -Int64(zone.offset(at: skipped)))
    return Instant(milliseconds: instant.milliseconds + now.milliseconds % 1000)
  }
}
