import Foundation
import Inventory

/// When something in a log happened.
struct LogMoment: Hashable, Sendable {
  var instant: Instant
  /// Whether it is the time of the source; else it happened then at the latest.
  var isSure: Bool

  /// The time as far as the source tells it.
  var told: Instant? { isSure ? instant : nil }
}

/// Turns the times of a log, in the order of its lines, into instants that never go back.
///
/// The order of a log is that of the lines; the clock that wrote the times can have been wrong. A time
/// that does not fit those around it moves none of them: what it dates is known to be so when the next
/// time comes that fits, and no earlier time is made up for it.
struct LogClock {
  /// What became of the times.
  struct Moments {
    /// One for each time; nil where no time that fits comes behind it.
    var moments: [LogMoment?]
    /// Which times do not fit those around them.
    var unfitting: [Int] = []
    /// Which times no report can have.
    var impossible: [Int] = []
    /// How many of the first lines are of a machine that was still being installed, in UTC.
    var installerCount = 0
  }

  /// Lines further from each other are not of one run of a program.
  private static let runSeconds: Int64 = 3600
  /// The longest that the Debian installer is thought to take until it sets the time zone.
  private static let installerSeconds: Int64 = 86400

  private let timeZone: TimeZone
  private let latest: Int64
  private var clock: LocalClock
  private var seconds: [Int64] = []
  /// Where the time has no zone of its own: what it would be in UTC.
  private var universal: [Int64?] = []
  private var isPossible: [Bool] = []
  private var last: Int64 = .min

  /// Takes the time zone of the clock, and the time of reading: a day later is impossible.
  init(_ timeZone: TimeZone, now: Instant) {
    self.timeZone = timeZone
    latest = now.seconds + ReportLimits.default.captureTimeAheadSecondsMax
    clock = LocalClock(timeZone, latest: now)
  }

  /// Takes the next time.
  mutating func add(_ time: TextTime) {
    let readings: [Int64]
    switch time {
    case .instant(let instant):
      readings = [instant.seconds]
      universal.append(nil)
    case .local(let local):
      readings = clock.readings(of: local)
      universal.append(local)
    }
    // In an hour that comes twice, time goes on.
    let reading = readings.first { $0 >= last } ?? readings[0]
    let isPossible = Instant(seconds: reading).isReportable && reading <= latest
    if isPossible { last = reading }
    seconds.append(reading)
    self.isPossible.append(isPossible)
  }

  /// What the times mean, together.
  func moments() -> Moments {
    var seconds = seconds
    var result = Moments(moments: [])
    result.installerCount = installerCount
    for index in 0..<result.installerCount { seconds[index] = universal[index] ?? seconds[index] }
    let fits = LogOrder.fitting(
      zip(seconds, isPossible).map { $1 ? $0 : nil }, runSeconds: Self.runSeconds)
    result.moments = Array(repeating: nil, count: seconds.count)
    // The earliest of all that fit from here on.
    var next: Int64?
    for index in seconds.indices.reversed() {
      let isSure = fits[index] && seconds[index] <= next ?? .max
      if isSure { next = seconds[index] }
      result.moments[index] = next.map {
        LogMoment(instant: Instant(seconds: $0), isSure: isSure)
      }
      if !isPossible[index] {
        result.impossible.append(index)
      } else if !isSure {
        result.unfitting.append(index)
      }
    }
    result.unfitting.reverse()
    result.impossible.reverse()
    return result
  }

  /// How many of the first lines were written in UTC, before the installer of Debian knew the zone.
  ///
  /// West of Greenwich the clock then goes back by the zone's distance, less the time that passed.
  private var installerCount: Int {
    guard let first = seconds.first,
      let index = seconds.indices.dropFirst().first(where: { seconds[$0] < seconds[$0 - 1] }),
      isPossible[...index].allSatisfy({ $0 }), let before = universal[index - 1],
      universal[..<index].allSatisfy({ $0 != nil }),
      seconds[index - 1] - first <= Self.installerSeconds
    else { return 0 }
    let distance = Int64(
      -timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds[index]))))
    let pause = seconds[index] - before
    return distance > 0 && pause >= 0 && pause <= min(Self.runSeconds, distance / 2) ? index : 0
  }
}

/// Which times of a log fit together, its lines being in the order in which they were written.
enum LogOrder {
  /// Whether each time fits: those of the most runs that follow each other.
  ///
  /// A run goes on while times do not go back and are no further apart than `runSeconds`. Runs and not
  /// lines are counted, so that a single run of many lines under a wrong clock does not outweigh the
  /// others; of equal counts that one fits whose times are earliest. Nil is a time that cannot be. O(n log n).
  static func fitting(_ times: [Int64?], runSeconds: Int64) -> [Bool] {
    let known = times.indices.filter { times[$0] != nil }
    let seconds = known.map { times[$0] ?? 0 }
    var fits = times.map { $0 != nil }
    guard zip(seconds, seconds.dropFirst()).contains(where: { $0 > $1 }) else { return fits }
    var starts: [Int] = [0]
    for index in seconds.indices.dropFirst()
    where seconds[index] < seconds[index - 1] || seconds[index] - seconds[index - 1] > runSeconds {
      starts.append(index)
    }
    let chosen = longestOrder(starts.map { seconds[$0] })
    for (run, start) in starts.enumerated() where !chosen[run] {
      let end = run + 1 < starts.count ? starts[run + 1] : seconds.count
      for index in start..<end { fits[known[index]] = false }
    }
    return fits
  }

  /// A longest subsequence that does not go down, of those the one that ends earliest.
  private static func longestOrder(_ values: [Int64]) -> [Bool] {
    // The index of the smallest value at which a subsequence of that length can end.
    var ends: [Int] = []
    var before = [Int?](repeating: nil, count: values.count)
    for (index, value) in values.enumerated() {
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        if values[ends[middle]] <= value { low = middle + 1 } else { high = middle }
      }
      before[index] = low > 0 ? ends[low - 1] : nil
      if low == ends.count { ends.append(index) } else { ends[low] = index }
    }
    var chosen = [Bool](repeating: false, count: values.count)
    var index = ends.last
    while let place = index {
      chosen[place] = true
      index = before[place]
    }
    return chosen
  }
}
