import Foundation
import Inventory
import Testing

@testable import Times

/// GNU `date` reads the same forms: where both read one, they mean the same.
@Suite struct DateReferenceTests {
  private static let zones = [
    "UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns",
    "America/Caracas",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Adelaide",
    "Pacific/Auckland", "Pacific/Chatham", "Africa/Cairo", "CET", "EST5EDT",
  ]

  /// What `date` makes of texts in a zone, in order; it reads no line that it does not know.
  private func reference(_ texts: [String], _ zone: String) throws -> [Int64] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/date")
    process.arguments = ["-f", "-", "+%s"]
    process.environment = ["TZ": zone, "LC_ALL": "C"]
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    // All of it fits the pipes.
    input.fileHandleForWriting.write(Data((texts.joined(separator: "\n") + "\n").utf8))
    try input.fileHandleForWriting.close()
    let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return lines.split(separator: "\n").compactMap { Int64($0) }
  }

  private struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October",
    "November", "December",
  ]

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  /// One time in a form that both read.
  private func text(_ random: inout Random) -> String {
    let (year, month) = (
      Int.random(in: 1975...2037, using: &random), Int.random(in: 1...12, using: &random)
    )
    let day = Int.random(in: 1...CivilTime.dayCount(year: year, month: month), using: &random)
    let (hour, minute) = (
      Int.random(in: 0...23, using: &random), Int.random(in: 0...59, using: &random)
    )
    let name = Self.months[month - 1]
    let date = "\(year)-\(two(month))-\(two(day))"
    let clock = "\(two(hour)):\(two(minute))"
    return [
      date, "\(date) \(clock)", "\(date)T\(clock):07", "\(date) \(clock):07Z",
      "\(date) \(clock) +05:30",
      "\(date)T\(clock):07-03:00", "\(day) \(name) \(year)",
      "\(day) \(name.prefix(3)) \(year) \(clock)",
      "\(name) \(day), \(year)", "\(name.prefix(3)) \(day) \(year) \(clock):59",
      "@\(Int.random(in: 0...2_000_000_000, using: &random))",
    ].randomElement(using: &random) ?? date
  }

  @Test(arguments: zones) func `dates, clocks, offsets and seconds`(zone: String) throws {
    var random = Random(
      state: UInt64(truncatingIfNeeded: zone.utf8.reduce(7) { $0 &* 31 &+ Int($1) }))
    let found = try #require(Zone(zone))
    let parser = TimeParser(zone: found, now: Instant(seconds: 1_772_535_600))
    var read: [(String, Int64)] = []
    for _ in 0..<600 {
      let text = text(&random)
      // What the clock skipped neither reads; what came twice each takes as it likes.
      guard let reading = try? parser.parse(text), reading.note == nil else { continue }
      let civil = found.civil(reading.instant)
      guard parser.instants(of: civil).count == 1,
        text.contains(":") || text.contains("@") || civil.hour == 0
      else { continue }
      read.append((text, reading.instant.seconds))
    }
    #expect(read.count > 500)
    let expected = try reference(read.map(\.0), zone)
    try #require(expected.count == read.count)
    for ((text, seconds), reference) in zip(read, expected) {
      #expect(seconds == reference, "\(text) in \(zone)")
    }
  }

  @Test(arguments: zones) func `months and years before a time`(zone: String) throws {
    var random = Random(
      state: UInt64(truncatingIfNeeded: zone.utf8.reduce(11) { $0 &* 31 &+ Int($1) }))
    let found = try #require(Zone(zone))
    var asked: [String] = []
    var read: [Int64] = []
    for _ in 0..<400 {
      let seconds = Int64.random(in: 500_000_000...2_000_000_000, using: &random)
      let now = found.civil(Instant(seconds: seconds))
      let parser = TimeParser(zone: found, now: Instant(seconds: seconds))
      let unit = ["month", "months", "year", "years"].randomElement(using: &random) ?? ""
      let span = "\(Int.random(in: 1...12, using: &random)) \(unit) ago"
      let instant = try parser.parse(span).instant
      // Of days that a month does not have date takes one of the month behind it.
      guard now.day <= 28, parser.instants(of: now).count == 1,
        parser.instants(of: found.civil(instant)).count == 1,
        found.civil(instant).hour == now.hour
      else { continue }
      asked.append(
        "\(now.year)-\(two(now.month))-\(two(now.day)) \(two(now.hour)):\(two(now.minute)):\(two(now.second)) "
          + span)
      read.append(instant.seconds)
    }
    #expect(asked.count > 300)
    #expect(try reference(asked, zone) == read)
  }

  @Test(arguments: zones) func `today's clock, weekdays and spans`(zone: String) throws {
    let texts = [
      "today", "yesterday", "03:00", "yesterday 09:00", "last monday", "last tuesday", "last wed",
      "last thursday", "last fri", "last saturday", "last sunday",
    ]
    // A midnight between the two would be another day.
    for _ in 0..<3 {
      let parser = TimeParser(zone: try #require(Zone(zone)), now: .now)
      // GNU's today is this time of it.
      let read = try texts.map {
        try parser.parse($0 == "today" ? "today 00:00" : $0).instant.seconds
      }
      let given = texts.map { ["today": "today 00:00", "yesterday": "yesterday 00:00"][$0] ?? $0 }
      if try reference(given, zone) == read { return }
    }
    Issue.record("date means another day in \(zone)")
  }

  @Test func `every zone of the system has the offset that date tells`() throws {
    for name in Zone.names where name != "Factory" {
      let zone = try #require(Zone(name))
      for time in ["2026-01-01 00:00:00Z", "2026-07-01 00:00:00Z"] {
        let instant = try TimeParser(zone: .utc, now: .now).parse(time).instant
        let wall = zone.civil(instant)
        let text =
          "\(wall.year)-\(two(wall.month))-\(two(wall.day)) \(two(wall.hour)):\(two(wall.minute))"
        #expect(try reference([text], name) == [instant.seconds], "\(name) at \(time)")
      }
    }
  }
}
