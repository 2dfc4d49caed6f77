package import Inventory
package import JSONTape

/// A time as the SDKs send it: seconds since 1970 as a number, or a date as text.
package struct Timestamp {
  package var instant: Instant

  /// Seconds that a number may hold: the years 1 to 9999.
  private static let secondsRange = -62_135_596_800.0...253_402_300_799.0

  /// Nil for anything else.
  package init?(_ value: JSONValue) {
    switch value {
    case .integer(let seconds):
      guard Self.secondsRange.contains(Double(seconds)) else { return nil }
      instant = Instant(seconds: seconds)
    case .number(let seconds):
      guard Self.secondsRange.contains(seconds) else { return nil }
      instant = Instant(milliseconds: Int64((seconds * 1000).rounded()))
    case .string(let text):
      guard let instant = Instant(captureTime: text) else { return nil }
      self.instant = instant
    default: return nil
    }
  }
}

extension JSONValue {
  /// A time as the SDKs read it; null for none.
  package static func timestamp(_ time: Instant?) -> JSONValue {
    guard let time else { return .null }
    if time.milliseconds % 1000 == 0 { return .integer(time.seconds) }
    return .number(Double(time.milliseconds) / 1000)
  }
}
