/// The days of a cron expression: those of its field of days of the month, or of days of the week.
///
/// One of the two fields says which days, and the other is `?`.
struct CronDays {
  /// What a month is like.
  struct Month {
    /// Its days.
    var length: Int
    /// The weekday of its first day, 1 for Sunday.
    var firstWeekday: Int

    func weekday(_ day: Int) -> Int { (firstWeekday + day - 2) % 7 + 1 }

    /// The day from Monday to Friday that is nearest to one, in this month; nil where it has no such day.
    func workday(nearest day: Int) -> Int? {
      guard day <= length else { return nil }
      switch weekday(day) {
      case 7: return day > 1 ? day - 1 : day + 2
      case 1: return day < length ? day + 1 : day - 2
      default: return day
      }
    }
  }

  /// Days of the month by their numbers.
  private var days: Set<Int> = []
  /// Days whose nearest workdays are meant (`15W`).
  private var nearest: Set<Int> = []
  /// Whether the last day is meant (`L`), and the last workday (`LW`).
  private var isLast = false
  private var isLastWorkday = false
  /// Weekdays in each week, and in the last week they are in (`6L`).
  private var weekdays: Set<Int> = []
  private var lastWeekdays: Set<Int> = []
  /// A weekday and which of the month it is (`6#3`).
  private var ordinal: (weekday: Int, number: Int)?

  private static let ofMonth = CronField(1...31)
  private static let ofWeek = CronField(
    1...7, "SUN MON TUE WED THU FRI SAT".split(separator: " ").map(String.init))

  /// Nil where a field is none, or where not just one of them is `?`.
  init?(ofMonth month: String, ofWeek week: String) {
    guard (month == "?") != (week == "?") else { return nil }
    let isMonth = week == "?"
    let parts = (isMonth ? month : week).split(separator: ",", omittingEmptySubsequences: false)
    for part in parts {
      guard isMonth ? takeOfMonth(part) : takeOfWeek(part, isAlone: parts.count == 1) else {
        return nil
      }
    }
  }

  private mutating func takeOfMonth(_ part: Substring) -> Bool {
    switch part.uppercased() {
    case "L": isLast = true
    case "LW": isLastWorkday = true
    case let text where text.hasSuffix("W"):
      guard let day = Self.ofMonth.value(part.dropLast()) else { return false }
      nearest.insert(day)
    default:
      guard let some = Self.ofMonth.values(ofPart: part) else { return false }
      days.formUnion(some)
    }
    return true
  }

  private mutating func takeOfWeek(_ part: Substring, isAlone: Bool) -> Bool {
    let text = part.uppercased()
    if text == "L" {
      // The last day of the week.
      weekdays.insert(7)
    } else if let mark = part.firstIndex(of: "#") {
      guard isAlone, let weekday = Self.ofWeek.value(part[..<mark]),
        let number = Int(part[part.index(after: mark)...]), (1...5).contains(number)
      else { return false }
      ordinal = (weekday, number)
    } else if text.hasSuffix("L") {
      guard let weekday = Self.ofWeek.value(part.dropLast()) else { return false }
      lastWeekdays.insert(weekday)
    } else {
      guard let some = Self.ofWeek.values(ofPart: part) else { return false }
      weekdays.formUnion(some)
    }
    return true
  }

  /// Whether a day of a month is one of them.
  func contains(_ day: Int, of month: Month) -> Bool {
    if days.contains(day) || isLast && day == month.length { return true }
    if isLastWorkday && day == month.workday(nearest: month.length) { return true }
    if nearest.contains(where: { month.workday(nearest: $0) == day }) { return true }
    let weekday = month.weekday(day)
    if weekdays.contains(weekday) { return true }
    if lastWeekdays.contains(weekday), day + 7 > month.length { return true }
    return ordinal.map { $0.weekday == weekday && $0.number == (day + 6) / 7 } ?? false
  }
}
