import Collectors
import Foundation
import Inventory

/// The log of yum 3, `Mar 16 15:02:48 Installed: bash-4.1.2-48.el6.x86_64`, whose times have no year.
struct YumLog {
  /// What stands in place of a level where a line has got its year.
  static let level = "YUM"
  /// A clock that was set back by less does not make a line one of the year before.
  private static let toleranceSeconds: Int64 = 86400
  /// Lines that are looked at to say whether a file is such a log.
  private static let kindLines = 1000
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  let timeZone: TimeZone
  /// When the log ends; nil for when its file was last written.
  let time: Instant?
  /// A file that was written later was not.
  let now: Instant

  /// The lines of a log of yum with their years, worked out backwards from the end; other bytes as they
  /// are.
  func withYears(_ bytes: [UInt8], _ path: String) throws(CollectorError) -> [UInt8] {
    let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
    guard Self.areLines(lines) else { return bytes }
    let end = try end(of: path)
    guard end.isReportable,
      end <= now.advanced(bySeconds: ReportLimits.default.captureTimeAheadSecondsMax)
    else {
      throw CollectorError(
        "\(path): the lines have no year, and \(end), when the file ends, cannot be; name the time"
          + " with --at TIME")
    }
    let offset = timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(end.seconds)))
    var latest = end.seconds + Int64(offset)
    var result: [ArraySlice<UInt8>] = []
    for text in lines.reversed() {
      guard let line = Line(text), let seconds = line.latest(latest + Self.toleranceSeconds) else {
        result.append(text)
        continue
      }
      latest = seconds
      let time = TextTime.local(seconds).text
      result.append(Array("\(time) \(Self.level) ".utf8)[...] + line.rest)
    }
    return Array(result.reversed().joined(separator: [0x0a]))
  }

  /// Whether a file, plain or packed, is such a log.
  static func isLog(_ path: String) -> Bool {
    areLines(CompressedFile.contents(ofFileAt: path).bytes.split(separator: 0x0a))
  }

  private static func areLines(_ lines: [ArraySlice<UInt8>]) -> Bool {
    lines.prefix(kindLines).contains { Line($0) != nil }
  }

  /// When a log ends at the latest: at the time given, when its file was last written, or at the end of the
  /// day at which it was rotated, if that is in its name.
  private func end(of path: String) throws(CollectorError) -> Instant {
    if let time { return time }
    let written = try FileTime.modified(path)
    let date = -RotatedName(path).age
    guard (20_000_101...20_991_231).contains(date) else { return written }
    let civil = CivilTime(year: date / 10_000, month: date / 100 % 100, day: date % 100)
    return civil.isValid ? min(written, civil.instant.advanced(bySeconds: 86399)) : written
  }

  /// One line: a time without its year, and what it says.
  private struct Line {
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int
    let rest: ArraySlice<UInt8>

    init?(_ line: ArraySlice<UInt8>) {
      let words = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: true)
      guard words.count == 4, words[3].contains(0x3a) else { return nil }
      let text = words.prefix(3).map { String(decoding: $0, as: UTF8.self) }
      let clock = text[2].split(separator: ":").map { Int($0) }
      guard let month = YumLog.months.firstIndex(of: text[0]), let day = Int(text[1]),
        text[2].utf8.count == 8, clock.count == 3, let hour = clock[0], let minute = clock[1],
        let second = clock[2]
      else { return nil }
      self.month = month + 1
      self.day = day
      self.hour = hour
      self.minute = minute
      self.second = min(second, 59)
      rest = words[3]
    }

    /// The latest time, as seconds of the clock, that is not after another; nil where there is none since
    /// 2000.
    func latest(_ other: Int64) -> Int64? {
      // The 29th of February can be eight years back.
      let year = CivilTime(Instant(seconds: other)).year
      for year in (max(2000, year - 8)...max(2000, year)).reversed() {
        let civil = CivilTime(
          year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        if civil.isValid, civil.instant.seconds <= other { return civil.instant.seconds }
      }
      return nil
    }
  }
}
