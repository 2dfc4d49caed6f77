import Foundation
import Inventory
import Testing

@Suite struct InstantTests {
  private let calendar: Calendar = {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? .current
    return calendar
  }()

  @Test func `every day from 2000 to 2099 is the one that Foundation names`() throws {
    let first = Instant(seconds: 946_684_800)
    for day in 0..<36_525 {
      let instant = first.advanced(bySeconds: Int64(day) * 86_400 + Int64(day * 7919 % 86_400))
      let civil = CivilTime(instant)
      #expect(civil.isValid)
      #expect(civil.instant == instant)
      #expect(Instant(captureTime: instant.description) == instant)
      guard day % 29 == 0 || (civil.month == 2 && civil.day >= 28) else { continue }
      let parts = calendar.dateComponents(
        [.year, .month, .day, .hour, .minute, .second],
        from: Date(timeIntervalSince1970: Double(instant.seconds)))
      let expected = CivilTime(
        year: try #require(parts.year), month: try #require(parts.month),
        day: try #require(parts.day), hour: try #require(parts.hour),
        minute: try #require(parts.minute), second: try #require(parts.second))
      #expect(civil == expected)
    }
    #expect(first.advanced(bySeconds: 36_525 * 86_400).description == "2100-01-01T00:00:00Z")
  }

  @Test func `a month has as many days as it has`() {
    for year in [1900, 2000, 2023, 2024, 2100] {
      for month in 1...12 {
        let count = CivilTime.dayCount(year: year, month: month)
        #expect(CivilTime(year: year, month: month, day: count).isValid)
        #expect(!CivilTime(year: year, month: month, day: count + 1).isValid)
        #expect(!CivilTime(year: year, month: month, day: 0).isValid)
      }
    }
  }

  @Test func `milliseconds and seconds round downwards on both sides of 1970`() {
    for milliseconds: Int64 in [-2001, -2000, -1999, -1001, -1000, -1, 0, 1, 999, 1000, 1001] {
      let instant = Instant(milliseconds: milliseconds)
      let expected = Int64((Double(milliseconds) / 1000).rounded(.down))
      #expect(instant.seconds == expected)
      #expect(CivilTime(instant).instant.seconds == expected)
    }
    #expect(Instant(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    #expect(Instant(milliseconds: 1_772_528_400_007).description == "2026-03-03T09:00:00.007Z")
  }

  @Test func `numbers that are no time of this world become the most distant times`() {
    for seconds: Int64 in [.max, .max / 1000 + 1, 1 << 53, 1 << 43] {
      #expect(Instant(seconds: seconds) == .distantFuture)
      #expect(Instant(seconds: -seconds) == .distantPast)
      #expect(Instant(seconds: 5).advanced(bySeconds: seconds) >= .distantFuture)
      #expect(Instant(seconds: 5).advanced(bySeconds: -seconds).seconds < 0)
    }
    #expect(Instant(seconds: .min) == .distantPast)
    #expect(Instant(milliseconds: .max).advanced(bySeconds: .max) == .distantFuture)
    #expect(!Instant.distantFuture.description.isEmpty && !Instant.distantPast.description.isEmpty)
    // Every second there can be in a report is itself.
    for seconds: Int64 in [-1, 0, 946_684_800, 4_102_444_799, 1 << 40] {
      #expect(Instant(seconds: seconds).seconds == seconds)
    }
  }
}
