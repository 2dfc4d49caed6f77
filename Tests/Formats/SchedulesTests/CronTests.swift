import Foundation
import Inventory
import Testing

@testable import Schedules

/// Cron expressions beside an independent package, and beside every day of many years one by one.
@Suite("Cron expressions")
struct CronTests {
  /// `cron-reference.txt` beside the tests of clients: an expression and the times that follow.
  private func reference() throws -> [(expression: String, times: [String])] {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
        "Clients/cron-reference.txt")
    return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map { line in
      let halves = line.split(separator: "\t", omittingEmptySubsequences: false)
      return (String(halves[0]), halves[1].split(separator: " ").map(String.init))
    }
  }

  @Test("the times that follow are those of an independent package")
  func independent() throws {
    let rows = try reference()
    #expect(rows.count > 50)
    for (expression, times) in rows {
      let schedule = try #require(Schedule("cron(\(expression))"), "\(expression)")
      var time = try #require(Instant(captureTime: "2026-11-24T14:25:33Z"))
      var told: [String] = []
      while told.count < 12, let next = schedule.next(after: time) {
        told.append(next.description)
        time = next
      }
      #expect(told == times, "\(expression)")
    }
  }

  /// A day, as a calendar that is not ours tells it.
  private struct Day {
    var number: Int64
    var day: Int
    var month: Int
    var year: Int
    /// 1 for Sunday.
    var weekday: Int
    var length: Int
  }

  private func days(of years: ClosedRange<Int>) throws -> [Day] {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    var days: [Day] = []
    var date = try #require(
      calendar.date(from: DateComponents(year: years.lowerBound, month: 1, day: 1)))
    while true {
      let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: date)
      let (year, month) = (try #require(parts.year), try #require(parts.month))
      guard year <= years.upperBound else { return days }
      let length = try #require(calendar.range(of: .day, in: .month, for: date)).count
      days.append(
        Day(
          number: Int64(date.timeIntervalSince1970) / 86400, day: try #require(parts.day),
          month: month, year: year, weekday: try #require(parts.weekday), length: length))
      date = try #require(calendar.date(byAdding: .day, value: 1, to: date))
    }
  }

  /// Whether a day is meant by a field, told in plain words.
  private static let meanings: [(fields: String, isMeant: @Sendable (Day, [Day]) -> Bool)] = [
    ("L * ?", { day, _ in day.day == day.length }),
    (
      "LW * ?",
      { day, month in
        month.last { (2...6).contains($0.weekday) }?.day == day.day
      }
    ),
    (
      "1W * ?",
      { day, month in
        // The nearest workday to the first is the first there is.
        month.first { (2...6).contains($0.weekday) }?.day == day.day
      }
    ),
    ("10W * ?", { day, month in nearest(10, month) == day.day }),
    ("31W * ?", { day, month in month.count == 31 && nearest(31, month) == day.day }),
    (
      "29W 2 ?",
      { day, month in day.month == 2 && month.count == 29 && nearest(29, month) == day.day }
    ),
    (
      "1,LW,15W,L * ?",
      { day, month in
        day.day == 1 || day.day == day.length || nearest(15, month) == day.day
          || month.last { (2...6).contains($0.weekday) }?.day == day.day
      }
    ),
    ("? * L", { day, _ in day.weekday == 7 }),
    ("? * 6L", { day, _ in day.weekday == 6 && day.day > day.length - 7 }),
    (
      "? * monL,WED",
      { day, _ in day.weekday == 4 || day.weekday == 2 && day.day > day.length - 7 }
    ),
    ("? * 3#1", { day, _ in day.weekday == 3 && day.day <= 7 }),
    ("? 2 SUN#5", { day, _ in day.month == 2 && day.weekday == 1 && day.day == 29 }),
    ("? * SAT#5", { day, _ in day.weekday == 7 && day.day > 28 }),
    (
      "? jan/6 fri-mon",
      { day, _ in [1, 7].contains(day.month) && [6, 7, 1, 2].contains(day.weekday) }
    ),
  ]

  /// The nearest workday by trying one after the other, the earlier of two first.
  private static func nearest(_ day: Int, _ month: [Day]) -> Int? {
    for distance in 0...2 {
      for other in [day - distance, day + distance] where (1...month.count).contains(other) {
        if (2...6).contains(month[other - 1].weekday) { return other }
      }
    }
    return nil
  }

  @Test("L, LW, W, # and names mean the days that a calendar finds, over 28 years")
  func bruteForce() throws {
    let days = try days(of: 2026...2053)
    var months: [[Day]] = []
    for day in days {
      if day.day == 1 { months.append([]) }
      months[months.count - 1].append(day)
    }
    for (fields, isMeant) in Self.meanings {
      let words = fields.split(separator: " ")
      let schedule = try #require(
        Schedule("cron(30 4 \(words[0]) \(words[1]) \(words[2]) 2026-2053)"), "\(fields)")
      var time = Instant(seconds: days[0].number * 86400)
      var told: [Int64] = []
      while let next = schedule.next(after: time) {
        told.append(next.seconds)
        time = next
      }
      var expected: [Int64] = []
      let second: Int64 = 4 * 3600 + 30 * 60
      for month in months {
        for day in month where isMeant(day, month) { expected.append(day.number * 86400 + second) }
      }
      #expect(told == expected, "\(fields)")
      #expect(!expected.isEmpty)
    }
  }

  @Test("every minute of a week fits or does not")
  func minutes() throws {
    let schedule = try #require(Schedule("cron(3/17,0 1-22/7,9 ? * tue-thu *)"))
    // A Sunday.
    let begin = try #require(Instant(captureTime: "2026-11-29T00:00:00Z")).seconds
    let hours: Set<Int64> = [1, 8, 15, 22, 9]
    let parts: Set<Int64> = [0, 3, 20, 37, 54]
    var expected: [Int64] = []
    for minute in 0..<Int64(7 * 1440) {
      let isDay = (2...4).contains(minute / 1440)
      if isDay, hours.contains(minute % 1440 / 60), parts.contains(minute % 60) {
        expected.append(minute)
      }
    }
    var told: [Int64] = []
    var time = Instant(seconds: begin - 1)
    while let next = schedule.next(after: time), next.seconds < begin + 7 * 86400 {
      told.append((next.seconds - begin) / 60)
      time = next
    }
    #expect(told == expected)
  }

  @Test(
    "what is no cron expression of Systems Manager",
    arguments: [
      "", "0 2", "0 2 * * *", "0 2 * * * *", "0 2 ? * ? *", "0 2 1 * MON *", "60 2 * * ? *",
      "0 24 * * ? *", "0 2 0 * ? *", "0 2 32 * ? *", "0 2 * 13 ? *", "0 2 * 0 ? *", "0 2 ? * 0 *",
      "0 2 ? * 8 *", "0 2 * * ? 1969", "0 2 * * ? 2200", "-1 2 * * ? *", "+1 2 * * ? *",
      "0, 2 * * ? *", ",0 2 * * ? *", "0/0 2 * * ? *", "0/ 2 * * ? *", "/5 2 * * ? *",
      "0/60 2 * * ? *", "1- 2 * * ? *", "1-2-3 2 * * ? *", "0 2 W * ? *", "0 2 0W * ? *",
      "0 2 32W * ? *", "0 2 1-5W * ? *", "0 2 WL * ? *", "0 2 5L * ? *", "0 2 ? * 5W *",
      "0 2 ? * #1 *", "0 2 ? * 1# *", "0 2 ? * 1#0 *", "0 2 ? * 1#6 *", "0 2 ? * 1#1,2#2 *",
      "0 2 ? * 8L *", "0 2 ? * FOO *", "0 2 * JANUARY ? *", "0 2 * * ? 2027-2026", "? 2 * * ? *",
      "0 ? * * ? *", "0 2 * ? MON *", "0 2 * * ? ?", "L 2 * * ? *", "x 0 2 * * ? *",
      "0 0 2 * * ? * *", "99999999999999999999 2 * * ? *", "0 2 * * ? *\n",
    ])
  func refused(_ fields: String) {
    #expect(Schedule("cron(\(fields))") == nil)
  }

  @Test("seconds in front do not count, and must be some")
  func seconds() throws {
    let time = try #require(Instant(captureTime: "2026-11-24T14:25:33Z"))
    #expect(
      Schedule("cron(0 15 10 ? * FRI *)")?.next(after: time)?.description == "2026-11-27T10:15:00Z")
    #expect(Schedule("cron(60 15 10 ? * FRI *)") == nil)
  }

  @Test("a day that never comes costs no time")
  func never() throws {
    let schedule = try #require(Schedule("cron(0 0 31 2,4,6,9,11 ? *)"))
    let begin = ContinuousClock.now
    #expect(schedule.next(after: Instant(seconds: 0)) == nil)
    #expect(ContinuousClock.now - begin < .seconds(2))
  }
}
