import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// Files of a log, and the clocks that wrote them.
struct DpkgLogFilesTests {
  private let late = utc("2027-01-01 00:00:00")

  private func versions(_ paths: [String], zone: String = "UTC", now: String) throws -> [String] {
    let importer = DpkgLogImporter(timeZone: try #require(TimeZone(identifier: zone)))
    let history = try importer.history(
      paths: paths, current: [present("a", now)], capturedAt: late)
    return history.observations.map { observation in
      "\(observation.validTime) " + observation.items.map { $0["Version"] ?? "" }.joined()
    } + history.warnings.filter { $0.contains("does not fit") }
  }

  private func step(_ time: String, _ old: String, _ new: String) -> String {
    "\(time) upgrade a:amd64 \(old) \(new)\n\(time) status installed a:amd64 \(new)\n"
  }

  @Test func `rotated and packed files are read in the order of their lines`() throws {
    let tree = try TemporaryTree()
    let oldest = try tree.write("dpkg.log.2", step("2026-01-01 01:00:00", "1", "2"))
    let middle = try tree.write("dpkg.log.1", step("2026-02-01 01:00:00", "2", "3"))
    let newest = try tree.write("dpkg.log", step("2026-03-01 01:00:00", "3", "4"))
    let empty = try tree.write("dpkg.log.empty", "")
    guard output(of: "gzip", "-9", oldest) != nil else { return }
    let expected = [
      "2026-01-01T00:59:59Z 1", "2026-01-01T01:00:00Z 2", "2026-02-01T01:00:00Z 3",
      "2026-03-01T01:00:00Z 4",
    ]
    #expect(try versions([newest, oldest + ".gz", empty, middle], now: "4") == expected)
    #expect(try versions([middle, newest, oldest + ".gz"], now: "4") == expected)
  }

  @Test func `a gzip file that is cut is an error that names it, wherever it is cut`() throws {
    let tree = try TemporaryTree()
    var text = ""
    for number in 0..<2000 { text += step("2026-01-01 01:00:00", "\(number)", "\(number + 1)") }
    let path = try tree.write("dpkg.log.2", text)
    guard output(of: "gzip", path) != nil else { return }
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
    for count in [0, 1, 2, 5, 10, 18, 100, bytes.count / 2, bytes.count - 9, bytes.count - 1] {
      let cut = try tree.write("cut.gz", bytes[..<count])
      let error = #expect(throws: CollectorError.self, "\(count) of \(bytes.count) bytes") {
        try versions([cut], now: "1")
      }
      #expect(error?.message.contains(cut) == true)
    }
    var broken = bytes
    broken[bytes.count / 2] ^= 0x55
    let path2 = try tree.write("broken.gz", broken)
    #expect(throws: CollectorError.self) { try versions([path2], now: "1") }
  }

  @Test func `a file that is missing or no file is an error that names it`() throws {
    let tree = try TemporaryTree()
    for path in [tree.path("none.log"), tree.path] {
      let error = #expect(throws: CollectorError.self) { try versions([path], now: "1") }
      #expect(error?.message.contains(path) == true)
    }
  }

  @Test func `local times are those of the zone`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "dpkg.log",
      step("2026-01-15 12:00:00", "1", "2") + step("2026-07-15 12:00:00", "2", "3"))
    #expect(
      try versions([path], zone: "Europe/Berlin", now: "3") == [
        "2026-01-15T10:59:59Z 1", "2026-01-15T11:00:00Z 2", "2026-07-15T10:00:00Z 3",
      ])
    #expect(
      try versions([path], zone: "America/New_York", now: "3") == [
        "2026-01-15T16:59:59Z 1", "2026-01-15T17:00:00Z 2", "2026-07-15T16:00:00Z 3",
      ])
  }

  @Test func `the hour that comes twice in October is read so that time goes on`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "dpkg.log",
      step("2026-10-25 01:59:59", "1", "2") + step("2026-10-25 02:10:00", "2", "3")
        + step("2026-10-25 02:50:00", "3", "4") + step("2026-10-25 02:10:00", "4", "5")
        + step("2026-10-25 02:50:00", "5", "6") + step("2026-10-25 03:00:00", "6", "7"))
    #expect(
      try versions([path], zone: "Europe/Berlin", now: "7") == [
        "2026-10-24T23:59:58Z 1", "2026-10-24T23:59:59Z 2", "2026-10-25T00:10:00Z 3",
        "2026-10-25T00:50:00Z 4", "2026-10-25T01:10:00Z 5", "2026-10-25T01:50:00Z 6",
        "2026-10-25T02:00:00Z 7",
      ])
  }

  @Test func `the hour that is left out in March is the moment of the change`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "dpkg.log",
      step("2026-03-29 01:59:59", "1", "2") + step("2026-03-29 02:30:00", "2", "3")
        + step("2026-03-29 03:00:00", "3", "4") + step("2026-03-29 03:00:01", "4", "5"))
    #expect(
      try versions([path], zone: "Europe/Berlin", now: "5") == [
        "2026-03-29T00:59:58Z 1", "2026-03-29T00:59:59Z 2", "2026-03-29T01:00:00Z 4",
        "2026-03-29T01:00:01Z 5",
      ])
  }

  @Test func `a clock that was set back does not take time with it`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "dpkg.log", step("2026-05-01 12:00:00", "1", "2") + step("2026-05-01 11:00:00", "2", "3"))
    #expect(
      try versions([path], zone: "Europe/Berlin", now: "3") == [
        "2026-05-01T08:59:59Z 1", "2026-05-01T09:00:00Z 3",
        "lines whose time does not fit those around them; what they say counts from the next line"
          + " on whose time does: 2: \(path) line 1 (2026-05-01 12:00:00),"
          + " \(path) line 2 (2026-05-01 12:00:00)",
      ])
  }

  @Test func `every local time of a year reads back to itself`() throws {
    for name in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"] {
      let zone = try #require(TimeZone(identifier: name))
      var clock = LocalClock(zone, latest: late)
      let start = utc("2025-01-01 00:00:00").seconds
      for seconds in stride(from: start, to: start + 366 * 86400, by: 600) {
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
        let (instant, isBack) = clock.instant(ofLocal: seconds + Int64(offset))
        #expect(instant.seconds == seconds && !isBack)
      }
    }
  }
}
