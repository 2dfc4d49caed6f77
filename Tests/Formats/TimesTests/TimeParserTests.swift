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
    "12345678901234567890s ago", "2023-02-29", "24:00", "9:60", "2026-13", "2026-1", "1969", "202",
    "20260303", "@", "@-1", "@1.", "@123456789012", "1772528400000", "last", "last week",
    "last 3 days",
    "lastmonday", "mo", "monday tuesday", "monday 25:00", "3 days", "3 months", "3 x ago",
    "1 2 days ago",
    "3fortnights", "d3", "march", "31 feb 2026", "32 march", "mar 2026 09:00 10:00", "3 3 2026",
    "march march 2026", "3 march 26", "2026 march 3", "9999999 months ago", "60 years ago", "ago",
  ])
  func `what is no time is refused by name, with the forms`(text: String) throws {
    let parser = TimeParser(zone: .utc, now: Instant(seconds: 1_772_535_600))
    let error = #expect(throws: TimeParser.Failure.self) { try parser.parse(text) }
    #expect(error?.description.contains(TimeParser.forms) == true, "\(text)")
    #expect(
      error?.description.contains("empty") == true || error?.description.contains(text) == true)
  }

  @Test func `every form that refusals name is read`() throws {
    for form in TimeParser.forms.split(separator: ", ") { _ = try parse(String(form)) }
  }

  /// Now is Tuesday 2026-03-03, 12:00 in Berlin.
  @Test(arguments: [
    ("tuesday", "2026-03-02T23:00:00Z"), ("last tuesday", "2026-02-23T23:00:00Z"),
    ("monday", "2026-03-01T23:00:00Z"), ("last monday", "2026-03-01T23:00:00Z"),
    ("Wed", "2026-02-24T23:00:00Z"), ("last WEDNESDAY 09:00", "2026-02-25T08:00:00Z"),
    ("sunday 18:30", "2026-03-01T17:30:00Z"), ("tues 23:00", "2026-03-03T22:00:00Z"),
    ("1 month ago", "2026-02-03T11:00:00Z"), ("2 months ago", "2026-01-03T11:00:00Z"),
    ("1 year ago", "2025-03-03T11:00:00Z"), ("8mo ago", "2025-07-03T10:00:00Z"),
    ("3d", "2026-02-28T11:00:00Z"), ("90m", "2026-03-03T09:30:00Z"), ("2W", "2026-02-17T11:00:00Z"),
    ("1y", "2025-03-03T11:00:00Z"), ("6mo", "2025-09-03T10:00:00Z"),
    ("12hours", "2026-03-02T23:00:00Z"),
    ("03:00", "2026-03-03T02:00:00Z"), ("9:00:30.5", "2026-03-03T08:00:30.500Z"),
    ("23:00", "2026-03-03T22:00:00Z"),
    ("2026-11", "2026-10-31T23:00:00Z"), ("2025-07", "2025-06-30T22:00:00Z"),
    ("2026", "2025-12-31T23:00:00Z"), ("1970", "1969-12-31T23:00:00Z"),
    ("@1772528400", "2026-03-03T09:00:00Z"), ("1772528400", "2026-03-03T09:00:00Z"),
    ("@0", "1970-01-01T00:00:00Z"), ("@1772528400.25", "2026-03-03T09:00:00.250Z"),
    ("3 March 2026", "2026-03-02T23:00:00Z"), ("3 mar 2026 09:00", "2026-03-03T08:00:00Z"),
    ("March 3, 2026", "2026-03-02T23:00:00Z"),
    ("Mar 3 2026 09:00:00 +05:00", "2026-03-03T04:00:00Z"),
    ("Sept. 3 2025", "2025-09-02T22:00:00Z"), ("March 2026", "2026-02-28T23:00:00Z"),
    ("dec 2025", "2025-11-30T23:00:00Z"), ("3 march", "2026-03-02T23:00:00Z"),
    ("mar 3 09:00", "2026-03-03T08:00:00Z"), ("mar 4", "2025-03-03T23:00:00Z"),
    ("24 December", "2025-12-23T23:00:00Z"), ("29 feb", "2024-02-28T23:00:00Z"),
  ])
  func `a time in the forms that people type`(text: String, expected: String) throws {
    #expect(try parse(text) == expected)
  }

  @Test func `months are those of the calendar, and end where they end`() throws {
    #expect(
      try parse("1 month ago", in: "UTC", now: "2026-03-31T10:00:00Z") == "2026-02-28T10:00:00Z")
    #expect(
      try parse("1 month ago", in: "UTC", now: "2024-03-31T10:00:00Z") == "2024-02-29T10:00:00Z")
    #expect(
      try parse("1 year ago", in: "UTC", now: "2024-02-29T10:00:00Z") == "2023-02-28T10:00:00Z")
    #expect(
      try parse("13 months ago", in: "UTC", now: "2026-01-15T10:00:00Z") == "2024-12-15T10:00:00Z")
    // The clock on the wall shows the same, though the offset is another.
    #expect(try parse("6 months ago", now: "2026-10-03T10:00:00Z") == "2026-04-03T10:00:00Z")
    #expect(try parse("7 months ago", now: "2026-10-03T10:00:00Z") == "2026-03-03T11:00:00Z")
    // 02:30 of 29 March was skipped.
    #expect(
      try parse("1 month ago", now: "2026-04-29T00:30:00Z") == "2026-03-29T01:30:00Z")
  }

  @Test func `a weekday is one of the zone, and of the last seven`() throws {
    // In Tokyo it is Wednesday already.
    let now = "2026-03-03T23:30:00Z"
    #expect(try parse("wednesday", in: "Asia/Tokyo", now: now) == "2026-03-03T15:00:00Z")
    #expect(try parse("last wednesday", in: "Asia/Tokyo", now: now) == "2026-02-24T15:00:00Z")
    #expect(try parse("wednesday", in: "UTC", now: now) == "2026-02-25T00:00:00Z")
  }

  @Test func `a day without a year is the last there was, and says of which year`() throws {
    let parser = TimeParser(zone: .utc, now: Instant(seconds: 1_772_535_600))
    #expect(try parser.parse("dec 24").note?.contains("2025") == true)
    #expect(try parser.parse("mar 3").note == nil)
    #expect(try parser.parse("dec 24 2025").note == nil)
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

  @Test(arguments: [
    "", "Berlin", "Europe/Nowhere", "+", "+25:00", "+1:30", "+02:0", "2", "+02:60", "cet",
    "europe/berlin", "IST-5:30", "../zoneinfo/CET", "/usr/share/zoneinfo/CET", "Europe", "zone.tab",
    "tzdata.zi", "right", "CET\u{0}",
  ])
  func `anything else is refused`(text: String) {
    #expect(Zone(text) == nil)
  }

  @Test(arguments: [
    "CET", "EST5EDT", "EST", "Cuba", "posix/Europe/Berlin", "America/Argentina/Salta",
  ])
  func `any name that the system has is a zone`(name: String) throws {
    let zone = try #require(Zone(name))
    #expect(zone.name == name)
    let summer = try #require(Instant(captureTime: "2026-07-01T00:00:00Z"))
    let hours = ["CET": 2, "EST5EDT": -4, "EST": -5, "Cuba": -4, "posix/Europe/Berlin": 2]
    #expect(zone.offset(at: summer) == 3600 * (hours[name] ?? -3))
  }

  @Test func `the names are those of the database, without its tables and copies`() {
    let names = Zone.names
    #expect(names.count > 300 && names == names.sorted())
    for name in ["CET", "Europe/Berlin", "UTC", "America/Argentina/Salta"] {
      #expect(names.contains(name))
    }
    #expect(!names.contains { $0.hasPrefix("posix") || $0.hasPrefix("right") || $0.contains(".") })
    #expect(names.allSatisfy { Zone($0) != nil })
  }

  @Test(arguments: [
    ("Europe/Berln", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"),
    ("Berlin", "Europe/Berlin"),
    ("New_York", "America/New_York"), ("new-york", "America/New_York"), ("cet", "CET"),
    ("Asia/Calcuta", "Asia/Calcutta"),
  ])
  func `a mistyped zone is met with the one that was meant`(text: String, meant: String) {
    #expect(Zone.refusal(of: text).contains("did you mean \(meant)?"), "\(Zone.refusal(of: text))")
    #expect(Zone.refusal(of: text).contains("\"\(text)\""))
  }

  @Test func `what is like no zone is told the forms`() {
    #expect(
      Zone.refusal(of: "qqqqqqqqqq\u{1b}")
        == "\"qqqqqqqqqq\u{fffd}\" is no time zone; write UTC, an offset "
        + "such as +02:00, or a name such as Europe/Berlin")
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
