import Inventory

/// A time as a text has it: an instant, or what a clock on the wall showed.
enum TextTime: Hashable, Sendable {
  case instant(Instant)
  /// Seconds since 1970, read as if the clock showed UTC.
  case local(Int64)

  /// A number to sort by: right among times of one form, and within a day across forms.
  var approximateSeconds: Int64 {
    switch self {
    case .instant(let instant): instant.seconds
    case .local(let seconds): seconds
    }
  }

  /// The time as people write it, without a zone where it has none.
  var text: String {
    switch self {
    case .instant(let instant): instant.description
    case .local(let seconds):
      String(Instant(seconds: seconds).description.dropLast()).replacing("T", with: " ")
    }
  }

  /// Reads the time at the beginning of a text, and how many bytes of it there are.
  ///
  /// `YYYY-MM-DD`, then `T` or one or two blanks, `HH:MM`, and as far as they are there `:SS`, a
  /// fraction, which is cut off, and `Z`, `+HH`, `+HHMM`, `+HH:MM` or `+HH:MM:SS`.
  static func read(_ text: ArraySlice<UInt8>) -> (time: TextTime, byteCount: Int)? {
    var scanner = Scanner(rest: text)
    guard let year = scanner.number(4), scanner.skip(0x2d), let month = scanner.number(2),
      scanner.skip(0x2d), let day = scanner.number(2),
      scanner.skip(0x54) || (scanner.skip(0x20) && (scanner.skip(0x20) || true)),
      let hour = scanner.number(2), scanner.skip(0x3a), let minute = scanner.number(2)
    else { return nil }
    var second = 0
    if scanner.skip(0x3a) {
      guard let value = scanner.number(2), value <= 60 else { return nil }
      // A leap second is the last second of its minute to everyone but the clock that shows it.
      second = min(value, 59)
      if scanner.skip(0x2e) { scanner.skipDigits() }
    }
    let civil = CivilTime(
      year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    guard civil.isValid, year >= 1970 else { return nil }
    let time: TextTime
    if scanner.skip(0x5a) {
      time = .instant(civil.instant)
    } else if let offset = scanner.offset() {
      time = .instant(civil.instant.advanced(bySeconds: -offset))
    } else {
      time = .local(civil.instant.seconds)
    }
    return (time, text.count - scanner.rest.count)
  }

  /// The instant of a text that is a time with its offset from UTC and nothing else.
  static func instant(_ text: String) -> Instant? {
    let bytes = Array(text.utf8)
    guard let (time, count) = read(bytes[...]), count == bytes.count,
      case .instant(let instant) = time
    else { return nil }
    return instant
  }

  /// The seconds ahead of UTC that a text like `+0200` or `-03:30` says, and nothing else.
  static func offset(_ text: String) -> Int64? {
    var scanner = Scanner(rest: Array(text.utf8)[...])
    guard let seconds = scanner.offset(), scanner.rest.isEmpty else { return nil }
    return seconds
  }

  private struct Scanner {
    var rest: ArraySlice<UInt8>

    mutating func skip(_ byte: UInt8) -> Bool {
      guard rest.first == byte else { return false }
      rest.removeFirst()
      return true
    }

    mutating func skipDigits() { rest = rest.drop { (0x30...0x39).contains($0) } }

    mutating func number(_ digits: Int) -> Int? {
      guard rest.count >= digits else { return nil }
      var value = 0
      for byte in rest.prefix(digits) {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      rest = rest.dropFirst(digits)
      return value
    }

    /// Seconds ahead of UTC; nil where there is no offset.
    mutating func offset() -> Int64? {
      let isWest = rest.first == 0x2d
      guard isWest || rest.first == 0x2b else { return nil }
      var after = Scanner(rest: rest.dropFirst())
      guard let hours = after.number(2), hours <= 23 else { return nil }
      _ = after.skip(0x3a)
      let minutes = after.number(2) ?? 0
      guard minutes <= 59 else { return nil }
      // GLPI's form of an offset has seconds too.
      let seconds = after.skip(0x3a) ? after.number(2) : 0
      guard let seconds, seconds <= 59 else { return nil }
      rest = after.rest
      return Int64((isWest ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds))
    }
  }
}

extension Instant {
  /// What a report can have as its valid time: the years 2000 to 2099.
  static let earliestReportable = CivilTime(year: 2000, month: 1, day: 1).instant
  /// The last second that a report can have.
  static let latestReportable = CivilTime(year: 2100, month: 1, day: 1).instant.advanced(
    bySeconds: -1)

  /// Whether a report can have this valid time.
  var isReportable: Bool { self >= .earliestReportable && self <= .latestReportable }
}
