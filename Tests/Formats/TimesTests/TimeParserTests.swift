@testable import Times
import Inventory
import Testing

/// 2026-03-03 is a Tuesday in winter; Berlin's clocks change on 2026-03-29 and 2026-10-25.
@Suite struct TimeParserTests {
  private func zone(_ name: String) throws -> Zone { try #require(Zone(name)) }

  private func parse(
    _ text: String, in zoneName: String = "Europe/Berlin", now: String = "2026-03-03T11:00:00Z"
  ) throws -> String {
    let now = try #require(Instant(captureTime: now))
    return try TimeParser(zone: zone(zoneName), now: now).parse(text).instant.description
  }

  @Test(arguments: [
    ("2026-03-03T09:00:00Z", "2026-03-03T09:00:00Z"),
    ("2026-03-03t09:00:00z", "2026-03-03T09:00:00Z"),
    ("2026-03-03T09:00:00+01:00", "2026-03-03T08:00:00Z"),
    ("2026-03-03T00:30:00+02:00", "2026-03-02T22:30:00Z"),
    ("2026-03-03T09:00:00-05:30", "2026-03-03T14:30:00Z"),
    ("2026-03-03T09:00:00.25Z", "2026-03-03T09:00:00.250Z"),
    ("2026-03-03T09:00:00.123456789+00:00", "2026-03-03T09:00:00.123Z"),
    ("2026-03-03 09:00:00Z", "2026-03-03T09:00:00Z"),
    ("2026-03-03 09:00 UTC", "2026-03-03T09:00:00Z"),
    ("2026-03-03 09:00:00 +01:00", "2026-03-03T08:00:00Z"),
    ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
  ])
  func `a time with an offset needs no zone`(text: String, expected: String) throws {
    #expect(try parse(text) == expected)
    #expect(try parse(text, in: "Asia/Tokyo") == expected)
  }

  @Test(arguments: [
    ("2026-03-03", "2026-03-02T23:00:00Z"),
    ("2026-07-01", "2026-06-30T22:00:00Z"),
    ("2026-03-03 09:00", "2026-03-03T08:00:00Z"),
    ("2026-03-03 9:00", "2026-03-03T08:00:00Z"),
    ("2026-03-03T09:00", "2026-03-03T08:00:00Z"),
    ("2026-03-03 09:00:30", "2026-03-03T08:00:30Z"),
    ("2026-07-01 09:00:30.5", "2026-07-01T07:00:30.500Z"),
    ("2026-03-29", "2026-03-28T23:00:00Z"),
    ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
    ("2026-03-29 03:00", "2026-03-29T01:00:00Z"),
    ("2026-10-25", "2026-10-24T22:00:00Z"),
    ("2026-10-25 03:00", "2026-10-25T02:00:00Z"),
    ("now", "2026-03-03T11:00:00Z"),
    ("  NOW ", "2026-03-03T11:00:00Z"),
    ("today", "2026-03-02T23:00:00Z"),
    ("today 09:00", "2026-03-03T08:00:00Z"),
    ("yesterday", "2026-03-01T23:00:00Z"),
    ("yesterday 09:00", "2026-03-02T08:00:00Z"),
    ("Yesterday 09:00:15", "2026-03-02T08:00:15Z"),
    ("3 days ago", "2026-02-28T11:00:00Z"),
    ("1 day ago", "2026-03-02T11:00:00Z"),
    ("2 hours ago", "2026-03-03T09:00:00Z"),
    ("90m ago", "2026-03-03T09:30:00Z"),
    ("90 m ago", "2026-03-03T09:30:00Z"),
    ("2w ago", "2026-02-17T11:00:00Z"),
    ("30s ago", "2026-03-03T10:59:30Z"),
  ])
  func `a time of the zone`(text: String, expected: String) throws {
    #expect(try parse(text) == expected)
  }

  @Test func `yesterday is a day of the zone, not of UTC`() throws {
    let now = "2026-03-03T23:30:00Z"
    #expect(try parse("yesterday", in: "UTC", now: now) == "2026-03-02T00:00:00Z")
    #expect(try parse("yesterday", now: now) == "2026-03-02T23:00:00Z")
    #expect(try parse("yesterday", in: "-08:00", now: now) == "2026-03-02T08:00:00Z")
    // The day before 1 March, and the day on which the clock changed.
    #expect(try parse("yesterday", now: "2026-03-01T11:00:00Z") == "2026-02-27T23:00:00Z")
    #expect(try parse("yesterday 12:00", now: "2026-03-30T11:00:00Z") == "2026-03-29T10:00:00Z")
  }

  @Test(arguments: ["2026-03-29 02:30", "2026-03-29 02:00", "2026-03-29T02:59:59"])
  func `a local time that the clock skipped is named`(text: String) throws {
    let parser = TimeParser(zone: try zone("Europe/Berlin"), now: Instant(seconds: 1_772_496_000))
    let error = #expect(throws: TimeParser.Failure.self) { try parser.parse(text) }
    #expect(error?.description.contains(text) == true)
    #expect(error?.description.contains("does not exist in Europe/Berlin") == true)
  }

  @Test func `a local time that came twice is the first, and says so`() throws {
    let parser = TimeParser(zone: try zone("Europe/Berlin"), now: Instant(seconds: 1_772_496_000))
    let reading = try parser.parse("2026-10-25 02:30")
    #expect(reading.instant.description == "2026-10-25T00:30:00Z")
    #expect(reading.note?.contains("happened twice in Europe/Berlin") == true)
    #expect(reading.note?.contains("+02:00") == true)
    #expect(try parser.parse("2026-10-25 03:00").note == nil)
    #expect(try parser.parse("2026-10-25 02:30 +01:00").note == nil)
  }

  @Test func `a day whose midnight the clock skipped begins after the gap`() throws {
    // Cairo puts its clock forward at midnight, and Apia left a whole day out.
    #expect(try parse("2024-04-26", in: "Africa/Cairo") == "2024-04-25T22:00:00Z")
    let apia = TimeParser(zone: try zone("Pacific/Apia"), now: Instant(seconds: 1_772_496_000))
    #expect(throws: TimeParser.Failure.self) { try apia.parse("2011-12-30") }
    #expect(try apia.parse("2011-12-31").instant.description == "2011-12-30T10:00:00Z")
  }

  @Test(arguments: [
    "", "   ", "tomorrow", "2026-02-30", "2026-13-01", "2026-00-10", "2026-3-3", "26-03-03",
    "2026-03-03 24:00", "2026-03-03 09:60", "2026-03-03 09", "2026-03-03T09:00:00+99:00",
    "2026-03-03T09:00:60Z", "days ago", "-3 days ago", "3 fortnights ago",
    "999999999 weeks ago", "yesterday today", "now now", "2026-03-03 09:00 10:00",
    "2026-03-03T09:00:00Z junk", "1969-12-31", "٢٠٢٦-٠٣-٠٣", "2026-03-03T09:00:00.Z",
    "12345678901234567890s ago", "2023-02-29", "9:00",
  ])
  func `what is no time is refused by name`(text: String) throws {
    let parser = TimeParser(zone: .utc, now: Instant(seconds: 1_772_535_600))
    #expect(throws: TimeParser.Failure.self) { try parser.parse(text) }
  }

  @Test func `an error shows no control characters`() throws {
    let parser = TimeParser(zone: .utc, now: Instant(seconds: 1_772_496_000))
    let error = #expect(throws: TimeParser.Failure.self) { try parser.parse("\u{1b}[2J") }
    #expect(error?.description.contains("\u{1b}") == false)
  }
}

@Suite struct ZoneTests {
  @Test(arguments: [
    ("UTC", "UTC"), ("utc", "UTC"), ("Z", "UTC"), ("+02:00", "+02:00"), ("-0530", "-05:30"),
    ("+2", "+02:00"), ("Europe/Berlin", "Europe/Berlin"),
  ])
  func `names and offsets`(text: String, name: String) {
    #expect(Zone(text)?.name == name)
  }

  @Test(arguments: ["", "Berlin", "Europe/Nowhere", "+", "+25:00", "+1:30", "+02:0", "2", "+02:60"])
  func `anything else is refused`(text: String) {
    #expect(Zone(text) == nil)
  }

  @Test func `times are shown with their offset`() throws {
    let winter = try #require(Instant(captureTime: "2026-03-03T09:00:00Z"))
    let summer = try #require(Instant(captureTime: "2026-07-03T09:00:00Z"))
    let berlin = try #require(Zone("Europe/Berlin"))
    #expect(berlin.text(winter) == "2026-03-03 10:00:00 +01:00")
    #expect(berlin.text(summer) == "2026-07-03 11:00:00 +02:00")
    #expect(berlin.label(at: summer) == "Europe/Berlin (+02:00)")
    #expect(Zone.utc.text(winter) == "2026-03-03 09:00:00 UTC")
    let fine = Instant(milliseconds: winter.milliseconds + 7)
    #expect(Zone("-03:30")?.text(fine) == "2026-03-03 05:30:00.007 -03:30")
  }

  @Test func `what is shown can be read again`() throws {
    for zone in [Zone.utc, Zone("+05:45"), Zone("America/New_York")].compactMap({ $0 }) {
      let instant = Instant(milliseconds: 1_772_535_600_123)
      let reading = try TimeParser(zone: .utc, now: Instant(seconds: 1_772_496_000)).parse(
        zone.text(instant))
      #expect(reading.instant == instant)
    }
  }
}
