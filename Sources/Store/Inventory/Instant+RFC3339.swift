import Glibc

extension Instant {
  /// The clock of the system, in milliseconds.
  public static var now: Instant {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// The time by RFC 3339 in UTC: `2026-03-03T09:00:00Z`, with milliseconds only where there are some.
  public var rfc3339: String { description }

  /// Reads a time by RFC 3339: `2026-03-03T09:00:00Z`, `2026-03-03T10:00:00.250+01:00`.
  ///
  /// Digits of the fraction beyond milliseconds are dropped. Nil for any other text: a time without its
  /// zone, a day that does not exist, a leap second.
  public init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, Array("Tt ".utf8).contains(bytes[10]),
      let local = Instant(captureTime: Self.wholeSeconds(bytes[..<19]))
    else { return nil }
    var rest = bytes[19...]
    var milliseconds: Int64 = 0
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { (48...57).contains($0) }
      guard !digits.isEmpty else { return nil }
      rest = rest[digits.endIndex...]
      let padded = Array(digits.prefix(3)) + [UInt8](repeating: 48, count: max(0, 3 - digits.count))
      milliseconds = padded.reduce(0) { $0 * 10 + Int64($1 - 48) }
    }
    guard let offset = Self.offset(rest) else { return nil }
    self.init(milliseconds: local.milliseconds + milliseconds - offset * 1000)
  }

  /// Day and time in the form of a `CaptureTime`.
  private static func wholeSeconds(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes[..<10] + [UInt8(ascii: "T")] + bytes[11...], as: UTF8.self) + "Z"
  }

  /// Seconds ahead of UTC: `Z`, `+01:00`.
  private static func offset(_ bytes: ArraySlice<UInt8>) -> Int64? {
    if bytes.elementsEqual([UInt8(ascii: "Z")]) || bytes.elementsEqual([UInt8(ascii: "z")]) {
      return 0
    }
    let text = Array(bytes)
    guard text.count == 6, text[3] == UInt8(ascii: ":"), text[0] == 43 || text[0] == 45 else {
      return nil
    }
    let digits = [text[1], text[2], text[4], text[5]].map { Int64($0) - 48 }
    guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    guard hours < 24, minutes < 60 else { return nil }
    return (text[0] == 45 ? -1 : 1) * (hours * 3600 + minutes * 60)
  }
}
