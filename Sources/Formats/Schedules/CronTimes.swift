package import Inventory

/// The times of a cron expression in the form of AWS, in UTC.
///
/// Fields: minutes, hours, day of month, month, day of week (1 to 7 from Sunday, or SUN to SAT), year.
/// Source: the service's guide, "Cron and rate expressions".
struct CronTimes {
  private let minutes: Set<Int>
  private let hours: Set<Int>
  private let days: CronDays
  private let months: Set<Int>
  private let years: Set<Int>

  private static let months =
    "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(separator: " ").map(String.init)

  /// Nil where a field is none of the known forms.
  ///
  /// Of seven fields the first is seconds, which must be some and do not count.
  init?(_ fields: [String]) {
    var fields = fields[...]
    if fields.count == 7 {
      guard let first = fields.popFirst(), CronField(0...59).values(first) != nil else {
        return nil
      }
    }
    guard fields.count == 6 else { return nil }
    let texts = Array(fields)
    guard let minutes = CronField(0...59).values(texts[0]),
      let hours = CronField(0...23).values(texts[1]),
      let days = CronDays(ofMonth: texts[2], ofWeek: texts[4]),
      let months = CronField(1...12, Self.months).values(texts[3]),
      let years = CronField(1970...2199).values(texts[5])
    else { return nil }
    (self.minutes, self.hours, self.days) = (minutes, hours, days)
    (self.months, self.years) = (months, years)
  }

  /// The first time after another, to the minute; nil where there is none before the year 2200.
  ///
  /// Days are looked at one by one in the months that fit: of a day that never comes some 84,000.
  func next(after time: Instant) -> Instant? {
    let first = max(0, time.seconds / 60 + 1)
    let begin = CivilTime(Instant(seconds: first * 60))
    for year in begin.year...max(begin.year, 2199) where years.contains(year) {
      let january = year == begin.year ? begin.month : 1
      for month in january...12 where months.contains(month) {
        let start = CivilTime(year: year, month: month, day: 1).instant.seconds / 86400
        let end =
          CivilTime(
            year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1
          ).instant.seconds / 86400
        // The first of January 1970 was a Thursday, which is 5.
        let shape = CronDays.Month(length: Int(end - start), firstWeekday: Int((start + 4) % 7) + 1)
        for day in 1...shape.length where days.contains(day, of: shape) {
          if let minute = minute(after: first, on: start + Int64(day) - 1) {
            return Instant(seconds: minute * 60)
          }
        }
      }
    }
    return nil
  }

  /// The first minute of a day that fits and is none before another.
  private func minute(after first: Int64, on day: Int64) -> Int64? {
    (max(first, day * 1440)..<max(first, (day + 1) * 1440)).first { minute in
      hours.contains(Int(minute % 1440 / 60)) && minutes.contains(Int(minute % 60))
    }
  }
}

/// A field of values, ranges, lists and steps.
struct CronField {
  private let range: ClosedRange<Int>
  private let words: [String]

  /// Takes the values there are, and the words for the first of them.
  init(_ range: ClosedRange<Int>, _ words: [String] = []) {
    self.range = range
    self.words = words
  }

  /// All values that the text names; nil where it is no such field.
  func values(_ text: String) -> Set<Int>? {
    var values: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let some = self.values(ofPart: part) else { return nil }
      values.formUnion(some)
    }
    return values
  }

  /// The values of one part of a list.
  func values(ofPart part: Substring) -> Set<Int>? {
    let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    // A value with a step goes on to the end.
    guard let span = span(halves[0], isOpen: halves.count == 2) else { return nil }
    guard halves.count == 2 else { return Set(span) }
    guard let step = Self.number(halves[1]), (1...range.upperBound).contains(step) else {
      return nil
    }
    return Set(stride(from: 0, to: span.count, by: step).map { span[$0] })
  }

  /// One value: a number or a word.
  func value(_ text: Substring) -> Int? {
    if let word = words.firstIndex(of: text.uppercased()) { return range.lowerBound + word }
    return Self.number(text).flatMap { range.contains($0) ? $0 : nil }
  }

  /// The values of a range, one after the other; one like `FRI-MON` goes on from the beginning.
  private func span(_ text: Substring, isOpen: Bool) -> [Int]? {
    if text == "*" { return Array(range) }
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = value(ends[0]) else { return nil }
    guard ends.count == 2 else { return Array(first...(isOpen ? range.upperBound : first)) }
    guard let last = value(ends[1]) else { return nil }
    if first <= last { return Array(first...last) }
    // Years do not begin anew.
    guard range.upperBound < 1970 else { return nil }
    return Array(first...range.upperBound) + Array(range.lowerBound...last)
  }

  private static func number(_ text: Substring) -> Int? {
    guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }
}

extension Schedule {
  /// When the next run is due after one; nil where there is none any more.
  package func next(after time: Instant) -> Instant? {
    switch self {
    case .rate(let seconds): time.advanced(bySeconds: seconds)
    case .cron(let fields): CronTimes(fields)?.next(after: time)
    }
  }
}
