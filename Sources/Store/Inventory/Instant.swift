import PackedBytes

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Valid times are whole seconds, because `CaptureTime` is; recorded times use the milliseconds.
public struct Instant: Hashable, Comparable, Sendable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public var milliseconds: Int64

  /// Takes milliseconds since 1970-01-01T00:00:00Z.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Takes whole seconds since 1970-01-01T00:00:00Z.
  ///
  /// Whatever lies beyond ``distantPast`` or ``distantFuture`` becomes these: numbers that other programs
  /// wrote can be any, and no report carries such a time.
  public init(seconds: Int64) {
    milliseconds = max(-Self.secondsMax, min(seconds, Self.secondsMax)) * 1000
  }

  private static let secondsMax: Int64 = (1 << 52) / 1000

  /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
  public var seconds: Int64 {
    milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000
  }

  /// Earlier than every time a report can carry, by whole seconds.
  public static let distantPast = Instant(seconds: -secondsMax)

  /// Later than every time a report can carry, by whole seconds.
  public static let distantFuture = Instant(seconds: secondsMax)

  /// Orders by time.
  public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

  /// The instant `seconds` later; ``distantPast`` or ``distantFuture`` where that lies beyond them.
  public func advanced(bySeconds seconds: Int64) -> Instant {
    let (sum, overflow) = milliseconds.addingReportingOverflow(
      Instant(seconds: seconds).milliseconds)
    return overflow ? Instant(seconds: seconds) : Instant(milliseconds: sum)
  }
}

/// A day of the proleptic Gregorian calendar with a time of day, in UTC.
public struct CivilTime: Hashable, Sendable {
  /// The year, 1970 to 9999 in everything we read.
  public var year: Int
  /// 1 to 12.
  public var month: Int
  /// 1 to 31.
  public var day: Int
  /// 0 to 23.
  public var hour: Int
  /// 0 to 59.
  public var minute: Int
  /// 0 to 59.
  public var second: Int

  /// Takes the parts as they are; see ``isValid``.
  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// The parts of an instant in UTC.
  public init(_ instant: Instant) {
    let seconds = instant.seconds
    var days = seconds / 86400
    var rest = seconds % 86400
    if rest < 0 {
      rest += 86400
      days -= 1
    }
    // The well-known conversion by eras of 400 years that begin on 1 March.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
    year = Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0))
    hour = Int(rest / 3600)
    minute = Int(rest % 3600 / 60)
    second = Int(rest % 60)
  }

  /// Whether such a day and time exist.
  public var isValid: Bool {
    guard (1...12).contains(month), day >= 1, (0...23).contains(hour), (0...59).contains(minute),
      (0...59).contains(second)
    else { return false }
    return day <= Self.dayCount(year: year, month: month)
  }

  /// How many days a month has.
  public static func dayCount(year: Int, month: Int) -> Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// The instant that this names in UTC; call it for valid times only.
  public var instant: Instant {
    let y = Int64(month <= 2 ? year - 1 : year)
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let monthFromMarch = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let days = era * 146_097 + dayOfEra - 719_468
    return Instant(seconds: days * 86400 + Int64(hour * 3600 + minute * 60 + second))
  }
}

extension Instant: CustomStringConvertible {
  /// RFC 3339 in UTC: `2026-03-03T09:00:00Z`, with milliseconds only where there are some.
  public var description: String {
    var bytes = [UInt8]()
    appendText(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends the 20 (or 24) bytes of ``description``.
  public func appendText(to bytes: inout [UInt8]) {
    let civil = CivilTime(self)
    appendDigits(civil.year, 4, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendDigits(civil.month, 2, to: &bytes)
    bytes.append(UInt8(ascii: "-"))
    appendDigits(civil.day, 2, to: &bytes)
    bytes.append(UInt8(ascii: "T"))
    appendDigits(civil.hour, 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendDigits(civil.minute, 2, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    appendDigits(civil.second, 2, to: &bytes)
    let fraction = Int(milliseconds - seconds * 1000)
    if fraction != 0 {
      bytes.append(UInt8(ascii: "."))
      appendDigits(fraction, 3, to: &bytes)
    }
    bytes.append(UInt8(ascii: "Z"))
  }

  /// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`, the form of `CaptureTime`; nil for any other text and
  /// for days that do not exist.
  public init?(captureTime bytes: RawSpan) {
    guard bytes.byteCount == 20 else { return nil }
    // Digits accumulate; whatever is no digit leaves its mark in `bad`.
    var bad: UInt8 = 0
    func byte(_ i: Int) -> UInt8 {
      unsafe bytes.unsafeLoad(fromUncheckedByteOffset: i, as: UInt8.self)
    }
    func digit(_ i: Int) -> Int {
      let value = byte(i) &- 48
      if value > 9 { bad = 1 }
      return Int(value)
    }
    func pair(_ i: Int) -> Int { digit(i) * 10 + digit(i + 1) }
    let year = pair(0) * 100 + pair(2)
    let (month, day) = (pair(5), pair(8))
    let (hour, minute, second) = (pair(11), pair(14), pair(17))
    guard bad == 0, byte(4) == 0x2d, byte(7) == 0x2d, byte(10) == 0x54, byte(13) == 0x3a,
      byte(16) == 0x3a, byte(19) == 0x5a
    else { return nil }
    let civil = CivilTime(
      year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    guard civil.isValid else { return nil }
    self = civil.instant
  }

  /// Reads exactly `YYYY-MM-DDTHH:MM:SSZ`; nil for any other text.
  public init?(captureTime text: String) {
    self.init(captureTime: [UInt8](text.utf8).rawSpan)
  }
}

private func appendDigits(_ value: Int, _ width: Int, to bytes: inout [UInt8]) {
  var scale = 1
  for _ in 1..<width { scale *= 10 }
  while scale > 0 {
    bytes.append(UInt8(truncatingIfNeeded: 48 + value / scale % 10))
    scale /= 10
  }
}
