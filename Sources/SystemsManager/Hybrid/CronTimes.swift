package import Inventory

/// The times of a cron expression in the form of AWS, in UTC.
///
/// Fields: minutes, hours, day of month, month, day of week (1 to 7 from Sunday, or SUN to SAT), year.
/// Values, ranges, lists and steps are known; `L`, `W` and `#` are not.
/// Source: the service's guide, "Cron and rate expressions".
struct CronTimes {
  private let fields: [Set<Int>]

  /// The range of each field, and its words.
  private static let forms: [(range: ClosedRange<Int>, words: [String])] = [
    (0...59, []), (0...23, []), (1...31, []),
    (
      1...12,
      "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(separator: " ").map(String.init)
    ),
    (1...7, "SUN MON TUE WED THU FRI SAT".split(separator: " ").map(String.init)),
    (1970...2199, []),
  ]

  /// Nil where a field is none of the known forms.
  ///
  /// Of seven fields the first is seconds, which do not count.
  init?(_ fields: [String]) {
    let fields = fields.count == 7 ? Array(fields.dropFirst()) : fields
    guard fields.count == Self.forms.count else { return nil }
    var read: [Set<Int>] = []
    for (text, form) in zip(fields, Self.forms) {
      guard let values = Self.values(text, form.range, form.words), !values.isEmpty else {
        return nil
      }
      read.append(values)
    }
    self.fields = read
  }

  private static func values(
    _ text: String, _ range: ClosedRange<Int>, _ words: [String]
  ) -> Set<Int>? {
    var values: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
      guard let span = span(halves[0], range, words, isOpen: halves.count == 2) else { return nil }
      guard halves.count == 2 else {
        values.formUnion(span)
        continue
      }
      guard let step = Int(halves[1]), step > 0 else { return nil }
      values.formUnion(stride(from: span.lowerBound, through: span.upperBound, by: step))
    }
    return values
  }

  /// `*`, a value or a range; a value with a step goes on to the end.
  private static func span(
    _ text: Substring, _ range: ClosedRange<Int>, _ words: [String], isOpen: Bool
  ) -> ClosedRange<Int>? {
    if text == "*" || text == "?" { return range }
    func value(_ text: Substring) -> Int? {
      if let word = words.firstIndex(of: text.uppercased()) { return word + 1 }
      return Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = value(ends[0]) else { return nil }
    guard ends.count == 2 else { return first...(isOpen ? range.upperBound : first) }
    guard let last = value(ends[1]), first <= last else { return nil }
    return first...last
  }

  /// The first time after another, to the minute; nil where there is none within the next 8 years.
  ///
  /// Days are looked at one by one, and the minutes of those that fit: some 3,000 steps at most.
  func next(after time: Instant) -> Instant? {
    let first = time.seconds / 60 + 1
    for day in (first / 1440)...(first / 1440 + 8 * 366) {
      let date = CivilTime(Instant(seconds: day * 86400))
      // The first of January 1970 was a Thursday, which is 5.
      let weekday = Int((day + 4) % 7) + 1
      guard fields[2].contains(date.day), fields[3].contains(date.month),
        fields[4].contains(weekday), fields[5].contains(date.year)
      else { continue }
      for minute in max(first, day * 1440)..<((day + 1) * 1440)
      where fields[0].contains(Int(minute % 60)) && fields[1].contains(Int(minute % 1440 / 60)) {
        return Instant(seconds: minute * 60)
      }
    }
    return nil
  }
}

extension Schedule {
  /// When the next run is due after one; nil where the schedule has forms that are not known here.
  package func next(after time: Instant) -> Instant? {
    switch self {
    case .rate(let seconds): time.advanced(bySeconds: seconds)
    case .cron(let fields): CronTimes(fields)?.next(after: time)
    }
  }
}
