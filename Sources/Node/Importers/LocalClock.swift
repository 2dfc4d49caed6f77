import Foundation
import Inventory

/// Turns the times of a clock on the wall into instants that never go back.
struct LocalClock {
  private let timeZone: TimeZone
  private let latest: Instant
  /// Reports know no earlier time, nor that of the second before it, when the log began.
  private var previous = Instant.earliestReportable.advanced(bySeconds: 1)
  private var day: Int64 = .min
  /// The offsets from UTC surely before and surely after every moment of ``day``.
  private var offsets: (before: Int64, after: Int64) = (0, 0)

  /// Takes the time zone, and the second after which every time is false.
  init(_ timeZone: TimeZone, latest: Instant) {
    self.timeZone = timeZone
    self.latest = Instant(seconds: latest.seconds)
  }

  /// The instant of a time; `isBack` where it lies before the one before, which is then given again.
  mutating func instant(of time: TextTime) -> (instant: Instant, isBack: Bool) {
    switch time {
    case .local(let seconds): return instant(ofLocal: seconds)
    case .instant(let instant): return place([instant])
    }
  }

  /// The instant of a local time, given in seconds as if it were UTC; `isBack` where no reading of
  /// it lies at or after the instant before, which is then given again.
  mutating func instant(ofLocal local: Int64) -> (instant: Instant, isBack: Bool) {
    place(readings(of: local).map(Instant.init(seconds:)))
  }

  private mutating func place(_ readings: [Instant]) -> (instant: Instant, isBack: Bool) {
    guard let reading = readings.first(where: { $0 >= previous }) else { return (previous, true) }
    // A clock that was ahead for a while must not drag all later lines along.
    if reading <= latest { previous = reading }
    return (reading, false)
  }

  /// What a local time can mean, in ascending order: two instants in an hour that comes twice; the
  /// moment of the change in an hour that is left out.
  mutating func readings(of local: Int64) -> [Int64] {
    let today = local >= 0 ? local / 86400 : (local - 86399) / 86400
    if today != day {
      day = today
      // No clock is further than a day from UTC, so that these lie on both sides of the day.
      offsets = (offset(at: (today - 1) * 86400), offset(at: (today + 2) * 86400))
    }
    if offsets.before == offsets.after { return [local - offsets.before] }
    let candidates = Set([local - offsets.before, local - offsets.after])
    let valid = candidates.filter { local - $0 == offset(at: $0) }
    return valid.isEmpty ? [change()] : valid.sorted()
  }

  /// The moment in or near ``day`` at which the clock changes.
  private func change() -> Int64 {
    var low = (day - 1) * 86400
    var high = (day + 2) * 86400
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if offset(at: middle) == offsets.before { low = middle } else { high = middle }
    }
    return high
  }

  private func offset(at seconds: Int64) -> Int64 {
    Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
  }
}
