import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Importers

/// Clocks that were wrong.
struct LogClockTests {
  private let now = utc("2026-11-29 00:00:00")

  /// What becomes of times of a clock: `*` is behind those of which only the latest is known.
  private func moments(_ times: [String], zone: String = "UTC") throws -> [String] {
    var clock = LogClock(try #require(TimeZone(identifier: zone)), now: now)
    for time in times {
      let bytes = Array(time.utf8)
      clock.add(try #require(TextTime.read(bytes[...])).time)
    }
    return clock.moments().moments.map { moment in
      guard let moment else { return "-" }
      return moment.instant.description.dropLast().replacing("T", with: " ")
        + (moment.isSure ? "" : "*")
    }
  }

  @Test func `a clock that was ahead for a line moves no other`() throws {
    #expect(
      try moments([
        "2023-11-14 10:00:00", "2025-01-14 10:00:00", "2025-01-14 10:00:05", "2023-11-15 10:00:00",
        "2023-11-16 10:00:00",
      ]) == [
        "2023-11-14 10:00:00", "2023-11-15 10:00:00*", "2023-11-15 10:00:00*",
        "2023-11-15 10:00:00", "2023-11-16 10:00:00",
      ])
  }

  @Test func `a single run of many lines does not outweigh the others`() throws {
    let run = (10..<60).map { "2025-01-14 10:00:\($0)" }
    let result = try moments(["2023-11-14 10:00:00"] + run + ["2023-11-15 10:00:00"])
    #expect(result.first == "2023-11-14 10:00:00" && result.last == "2023-11-15 10:00:00")
    #expect(result.dropFirst().dropLast().allSatisfy { $0 == "2023-11-15 10:00:00*" })
  }

  @Test func `a clock that was behind for a line moves no other`() throws {
    #expect(
      try moments([
        "2023-11-14 10:00:00", "2023-11-15 10:00:00", "2015-06-01 00:00:00", "2023-11-16 10:00:00",
      ]) == [
        "2023-11-14 10:00:00", "2023-11-15 10:00:00", "2023-11-16 10:00:00*", "2023-11-16 10:00:00",
      ])
  }

  @Test(arguments: [
    "1970-01-01 00:00:12", "1999-12-31 23:59:59", "2026-11-30 00:00:01", "2099-01-01 00:00:00",
  ])
  func `a time that cannot be is not replaced by one that nobody wrote`(time: String) throws {
    #expect(
      try moments(["2023-11-14 10:00:00", time, "2023-11-16 10:00:00"])
        == ["2023-11-14 10:00:00", "2023-11-16 10:00:00*", "2023-11-16 10:00:00"])
    #expect(try moments(["2023-11-14 10:00:00", time]) == ["2023-11-14 10:00:00", "-"])
    #expect(try moments([time, time]) == ["-", "-"])
  }

  @Test func `a clock that is set back by a little leaves the later lines their times`() throws {
    #expect(
      try moments([
        "2023-11-14 10:00:00", "2023-11-14 10:00:50", "2023-11-14 10:00:40", "2023-11-14 10:00:55",
      ]) == [
        "2023-11-14 10:00:00", "2023-11-14 10:00:40*", "2023-11-14 10:00:40", "2023-11-14 10:00:55",
      ])
  }

  @Test func `the installer writes in UTC until it knows the zone`() throws {
    #expect(
      try moments(
        [
          "2021-02-27 12:43:50", "2021-02-27 12:43:56", "2021-02-27 09:44:00",
          "2021-02-27 10:04:18",
        ], zone: "America/Argentina/Buenos_Aires") == [
          "2021-02-27 12:43:50", "2021-02-27 12:43:56", "2021-02-27 12:44:00",
          "2021-02-27 13:04:18",
        ])
    // Back by another distance than the zone's: nobody knows which of both was right.
    #expect(
      try moments(
        [
          "2021-02-27 12:43:50", "2021-02-27 12:43:56", "2021-02-27 11:44:00",
          "2021-02-28 10:04:18",
        ],
        zone: "America/Argentina/Buenos_Aires") == [
          "2021-02-27 14:44:00*", "2021-02-27 14:44:00*", "2021-02-27 14:44:00",
          "2021-02-28 13:04:18",
        ])
  }

  @Test func `instants never go back, whatever the times are`() throws {
    var random = SplitMix64(seed: 3)
    for _ in 0..<200 {
      var clock = LogClock(try #require(TimeZone(identifier: "Europe/Berlin")), now: now)
      var time = utc("2024-10-20 00:00:00").seconds
      let count = Int.random(in: 0...40, using: &random)
      for _ in 0..<count {
        let step = [1, 60, 4_000, 90_000, -30, -3_600, -900_000_000][
          Int.random(in: 0..<7, using: &random)]
        time += Int64(step)
        clock.add(Bool.random(using: &random) ? .local(time) : .instant(Instant(seconds: time)))
        if step < -5_000 { time -= Int64(step) }
      }
      let moments = clock.moments().moments
      #expect(moments.count == count)
      let known = moments.compactMap { $0?.instant }
      #expect(zip(known, known.dropFirst()).allSatisfy { $0 <= $1 })
      // What has no time has none that fits behind it.
      if let end = moments.firstIndex(of: nil) { #expect(moments[end...].allSatisfy { $0 == nil }) }
    }
  }
}
